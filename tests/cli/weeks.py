"""Files of a panel for the commands: written with the standard library alone."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.impact import panels

MONDAY = dt.date(2026, 1, 5)


def write_rows(file: Path, rows: Iterable[dict[str, Any]]) -> str:
    listed = list(rows)
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, list(listed[0]))
        writer.writeheader()
        writer.writerows(listed)
    return str(file)


def weeks(file: Path, log_effect: float = 0.4, dates: tuple[int, ...] = (16,)) -> str:
    """Twelve teams of six over 30 weeks; one part never starts."""
    panel = panels.teams(12, 6, 30, dates, log_effect, seed=3)
    rows = []
    for i, name in enumerate(panel.units):
        start = int(panel.start[i])
        adopted = (MONDAY + dt.timedelta(weeks=start)).isoformat() if start < 30 else ""
        for t in range(panel.length):
            rows.append(
                {
                    "dev": name,
                    "team": panel.clusters[panel.cluster[i]],
                    "week": (MONDAY + dt.timedelta(weeks=t)).isoformat(),
                    "prs_merged": int(panel.outcome[i, t]),
                    "adopted": adopted,
                    "ai": int(t >= start),
                    "level": f"L{i % 2}",
                }
            )
    return write_rows(file, rows)
