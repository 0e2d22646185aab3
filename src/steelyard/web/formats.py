"""Numbers and times as text, one way everywhere. Unknown is said as such, never shown as 0."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from steelyard.currency import shown, signed

UNKNOWN = "unknown"
Number = int | float


def money(usd: Number) -> str:
    """To the cent; three digits that matter below ten cents: one call costs that little."""
    sign, size = signed(usd)
    if 0 < size < 0.0001:
        return f"<{sign}0.0001" if usd > 0 else f"{sign}<0.0001"
    if 0 < size < 0.0995:
        return f"{sign}{size:.3g}"
    return f"{sign}{size:,.2f}"


def short_money(usd: Number) -> str:
    """In at most four digits, for tiles and sentences: $12.39, $9,610, $115k, $1.2M."""
    sign, size = signed(usd)
    if size < 999.5:
        return money(usd)
    if size < 9_999.5:
        return f"{sign}{size:,.0f}"
    return f"{sign}{_scaled(size)}"


def count(number: Number) -> str:
    """A whole number with thousands separated; fractions keep one decimal."""
    whole = round(number)
    text = f"{whole:,}" if abs(number - whole) < 1e-9 else f"{number:,.1f}"
    return text.replace("-", "−")


def short_count(number: Number) -> str:
    """A count in at most four digits: 848, 15,475, 1.2M."""
    if abs(number) < 99_999.5:
        return count(number)
    return ("−" if number < 0 else "") + _scaled(abs(number))


def _scaled(size: float) -> str:
    for limit, unit in ((999.5e9, "T"), (999.5e6, "B"), (999.5e3, "M"), (0.0, "k")):
        if size >= limit:
            scaled = size / {"T": 1e12, "B": 1e9, "M": 1e6, "k": 1e3}[unit]
            return f"{scaled:.1f}{unit}" if scaled < 99.95 else f"{scaled:.0f}{unit}"
    return f"{size:.0f}"


def share(part: Number) -> str:
    """A share as per cent; 0 and 100 only when it is exactly that."""
    percent = part * 100
    if 0 < percent < 0.1:
        return "<0.1%"
    if 99.9 < percent < 100:
        return ">99.9%"
    return f"{percent:.0f}%" if percent in (0, 100) else f"{percent:.1f}%"


def change(now: Number | None, before: Number | None) -> str:
    """Relative change in words a reader can trust; empty when there is nothing to compare."""
    if now is None or before is None or (now == 0 and before == 0):
        return ""
    if before == 0:
        return "new"
    relative = now / before - 1
    if abs(relative) < 0.005:
        return "no change"
    arrow = "↑" if relative > 0 else "↓"
    return f"{arrow} {abs(relative) * 100:,.0f}%" if relative < 9.995 else f"↑ {now / before:,.0f}×"


def points(now: Number | None, before: Number | None) -> str:
    """Change of a share, in percentage points."""
    if now is None or before is None:
        return ""
    moved = (now - before) * 100
    if abs(moved) < 0.05:
        return "no change"
    return f"{'↑' if moved > 0 else '↓'} {abs(moved):.1f} pts"


def hours(number: Number) -> str:
    return f"{number:,.1f} h" if abs(number) < 99.95 else f"{number:,.0f} h"


def rate(number: Number) -> str:
    """How many each, or per day: two digits that matter below ten, never 0.0 for a little."""
    if number == 0 or abs(number) >= 9.95:
        return count(number)
    return f"{number:.2g}" if abs(number) < 0.995 else f"{number:.1f}"


def minutes(number: Number) -> str:
    return f"{number:,.0f} min" if abs(number) >= 10 else f"{number:,.1f} min"


def milliseconds(number: Number) -> str:
    return f"{number:,.0f} ms" if number < 10_000 else f"{number / 1000:,.1f} s"


_LONG: dict[str, Callable[[Number], str]] = {
    "USD": money,
    "share": share,
    "ms": milliseconds,
    "min": minutes,
    "h": hours,
    "per week": rate,
    "per day": rate,
    "rounds": rate,
    "interventions": rate,
}
_SHORT: dict[str, Callable[[Number], str]] = {**_LONG, "USD": short_money}


def value(number: Number | None, unit: str) -> str:
    """A metric's value in full, as tables print it."""
    return UNKNOWN if number is None else _LONG.get(unit, count)(number)


def short(number: Number | None, unit: str) -> str:
    """A metric's value for a tile or a sentence."""
    return UNKNOWN if number is None else _SHORT.get(unit, short_count)(number)


def day(date: dt.date, year: bool = False) -> str:
    """3 Nov, or 3 Nov 2026."""
    return f"{date.day} {date:%b %Y}" if year else f"{date.day} {date:%b}"


def span(start: dt.date, end: dt.date) -> str:
    """Both days included: 26 Oct – 22 Nov 2026."""
    if start == end:
        return day(end, year=True)
    return f"{day(start, year=start.year != end.year)} – {day(end, year=True)}"


def ago(then: dt.datetime | None, now: dt.datetime) -> str:
    """How long since, in the largest unit that fits."""
    if then is None:
        return "never"
    seconds = max(0, int((now - then).total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


def moment(time: dt.datetime) -> str:
    """22 Nov 2026, 09:14:03 UTC."""
    time = time.astimezone(dt.UTC)
    return f"{day(time.date(), year=True)}, {time:%H:%M:%S} UTC"


def in_shown(number: float | None, unit: str) -> float | None:
    """An amount in the currency shown, for charts; of any other unit as it is."""
    return number * shown().rate if number is not None and unit == "USD" else number
