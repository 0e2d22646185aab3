"""The version of the answers, by which they are remembered."""

from __future__ import annotations

import datetime as dt
from typing import Any


def count_up(cursor: Any, refreshed_at: dt.datetime | None = None) -> None:
    """The answers have a new version, and where facts were built, a time they were."""
    cursor.execute(
        "update data_version set version = version + 1, refreshed_at = coalesce(?, refreshed_at)",
        [refreshed_at],
    )
