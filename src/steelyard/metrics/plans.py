"""Monthly plans: dated prices and roughly published allowances, each with source and confidence.

Vendors state no allowance in dollars or tokens. What stands here is a range of prompts in five
hours; an organisation's own file of the same columns replaces the packaged one.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from importlib import resources
from pathlib import Path

from steelyard.errors import BadFile

API = "api"
COLUMNS = (
    *("plan", "title", "reported_as", "usd_per_month", "valid_from", "valid_to"),
    *("prompts_low", "prompts_high", "confidence", "source"),
)
_PER_USD = 10**9


@dataclass(frozen=True)
class Plan:
    """A plan from `valid_from` up to, not including, `valid_to`.

    `reported_as` is what telemetry calls it; several plans may share that. Prompts are of five
    hours; None is not published. `month_nanos` is None for billing by the token.
    """

    name: str
    title: str
    reported_as: str
    month_nanos: int | None
    valid_from: dt.date
    valid_to: dt.date
    prompts_low: int | None
    prompts_high: int | None
    confidence: str
    source: str


def packaged_plans() -> tuple[Plan, ...]:
    text = resources.files("steelyard.metrics").joinpath("plans.csv").read_text()
    return tuple(_read(text.splitlines(), "plans.csv"))


def own_plans(path: Path) -> tuple[Plan, ...]:
    """The plans of an organisation's own file. Raises BadFile for what cannot be a plan."""
    try:
        return tuple(_read(path.read_text(encoding="utf-8-sig").splitlines(), str(path)))
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(
            f"The file of plans {path} cannot be read: {getattr(error, 'strerror', error)}.",
            "Correct its name or its rights.",
        ) from error


def valid(plans: Iterable[Plan], day: dt.date) -> tuple[Plan, ...]:
    """The plans as they were on a day."""
    return tuple(plan for plan in plans if plan.valid_from <= day < plan.valid_to)


def _read(lines: Iterable[str], name: str) -> Iterator[Plan]:
    reader = csv.DictReader(lines)
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise BadFile(f"{name} does not have the columns of a table of plans.", ",".join(COLUMNS))
    for row in reader:
        try:
            yield _plan(row)
        except (ValueError, TypeError, InvalidOperation) as error:
            raise BadFile(
                f"{name}, line {reader.line_num}: {error}.", "Correct the line."
            ) from error


def _plan(row: dict[str, str]) -> Plan:
    low, high = (_count(row[name]) for name in ("prompts_low", "prompts_high"))
    start, end = (dt.date.fromisoformat(row[name]) for name in ("valid_from", "valid_to"))
    if end <= start:
        raise ValueError(f"valid_to {end} is not after valid_from {start}")
    if (low is None) != (high is None) or (low or 0) > (high or 0):
        raise ValueError("prompts_low and prompts_high are no range")
    return Plan(
        row["plan"],
        row["title"],
        row["reported_as"].lower(),
        _nanos(row),
        start,
        end,
        low,
        high,
        row["confidence"],
        row["source"],
    )


def _nanos(row: dict[str, str]) -> int | None:
    if row["plan"] == API:
        return None
    usd = Decimal(row["usd_per_month"])
    if not 0 <= usd < 1_000_000:
        raise ValueError(f"{usd} is no price of a month in US dollars")
    return int(usd * _PER_USD)


def _count(text: str) -> int | None:
    return int(text) if text else None
