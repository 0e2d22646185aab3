"""Periods as short readable names in an address: 28d, 12w, month, last-month, year, or two dates.

Both days are included. Steps back and forth keep the length.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from steelyard.errors import BadValue
from steelyard.web.formats import day, span

DEFAULT = "28d"
NAMED = {
    "7d": "Last 7 days",
    "28d": "Last 28 days",
    "12w": "Last 12 weeks",
    "month": "This month",
    "last-month": "Last month",
    "year": "This year",
    "365d": "Last 365 days",
}
_ROLLING = re.compile(r"([1-9]\d{0,3})([dw])")
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """Days from `start` to `end`; `name` is empty when the dates were given as such."""

    start: dt.date
    end: dt.date
    name: str = ""

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1

    @property
    def label(self) -> str:
        """As the picker shows it."""
        if self.name in NAMED:
            return NAMED[self.name]
        return f"Last {self.days} days" if self.name else span(self.start, self.end)

    @property
    def phrase(self) -> str:
        """As a sentence uses it: "in the last 28 days"."""
        rolling = bool(_ROLLING.fullmatch(self.name))
        if rolling:
            return f"in the {self.label[0].lower()}{self.label[1:]}"
        if self.name in ("month", "last-month", "year"):
            return self.label.lower() if self.name != "last-month" else "last month"
        last = day(self.end, year=True)
        if self.days == 1:
            return f"on {last}"
        return f"from {day(self.start, year=self.start.year != self.end.year)} to {last}"

    def grain(self) -> str:
        """The bucket a chart of the period is drawn in."""
        return "day" if self.days <= 100 else "week" if self.days <= 600 else "month"

    def parameters(self) -> dict[str, str]:
        """What names this period in an address; nothing for the default."""
        if self.name:
            return {} if self.name == DEFAULT else {"period": self.name}
        return {"from": self.start.isoformat(), "to": self.end.isoformat()}

    def earlier(self) -> Period:
        return Period(self.start - self.days * _DAY, self.start - _DAY)

    def later(self, today: dt.date) -> Period | None:
        """None when the period already reaches today."""
        if self.end >= today:
            return None
        length = self.days
        end = min(self.end + length * _DAY, today)
        name = f"{length}d" if end == today and f"{length}d" in NAMED else ""
        return Period(end - (length - 1) * _DAY, end, name)


def read(name: str, start: str, end: str, today: dt.date) -> Period:
    """From an address's period=, from= and to=. Raises BadValue saying what can be read."""
    if start or end:
        return _dates(start, end, today)
    return named(name or DEFAULT, today)


def named(name: str, today: dt.date) -> Period:
    """Raises BadValue for a name that is none."""
    if found := _ROLLING.fullmatch(name):
        days = int(found[1]) * (7 if found[2] == "w" else 1)
        return Period(max(today - (days - 1) * _DAY, dt.date(2000, 1, 1)), today, name)
    if name == "month":
        return Period(today.replace(day=1), today, name)
    if name == "last-month":
        last = today.replace(day=1) - _DAY
        return Period(last.replace(day=1), last, name)
    if name == "year":
        return Period(today.replace(month=1, day=1), today, name)
    raise BadValue(
        f"There is no period called {name!r}.",
        "Use 7d, 28d, 12w, month, last-month, year, or from=2026-10-01&to=2026-10-31.",
    )


def _dates(start: str, end: str, today: dt.date) -> Period:
    try:
        last = dt.date.fromisoformat(end) if end else today
        first = dt.date.fromisoformat(start) if start else last - 27 * _DAY
    except ValueError as error:
        raise BadValue(f"A date cannot be read: {error}.", "Write dates as 2026-10-31.") from error
    if first > last:
        raise BadValue(f"The period ends on {last} before it begins on {first}.", "Swap the dates.")
    return Period(first, last)
