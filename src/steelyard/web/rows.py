"""Rows of plain values as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any


def csv_of(rows: Sequence[Mapping[str, Any]], names: Sequence[str] = ()) -> str:
    """Under the given names, else those of the first row; unknown is empty."""
    out = io.StringIO()
    wanted = names or (list(rows[0]) if rows else [])
    writer = csv.DictWriter(out, wanted, lineterminator="\r\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
