"""Periods of whole UTC days: shorthand, shifting back by one period, and buckets within.

Today comes in as an argument; nothing here looks at a clock.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re

from steelyard.errors import BadValue

ONE_DAY = dt.timedelta(days=1)
SHORTHAND = "7d, 4w, month or last-month"


def parse_day(text: str) -> dt.date:
    """A date written as 2026-11-22; BadValue otherwise."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise BadValue(f"{text!r} is not a date.", "Write dates as 2026-11-22.") from None


def parse_period(text: str, today: dt.date) -> tuple[dt.date, dt.date]:
    """First and last day of a shorthand: N days or weeks that end today, or a calendar month."""
    if text == "month":
        return today.replace(day=1), today
    if text == "last-month":
        last = today.replace(day=1) - ONE_DAY
        return last.replace(day=1), last
    found = re.fullmatch(r"([1-9]\d{0,3})([dw])", text)
    if not found:
        raise BadValue(f"{text!r} is not a period.", f"Write {SHORTHAND}, or give both dates.")
    days = int(found[1]) * (7 if found[2] == "w" else 1)
    return today - (days - 1) * ONE_DAY, today


def previous(start: dt.date, end: dt.date) -> tuple[dt.date, dt.date]:
    """One period earlier: as many whole calendar months if it is whole months, else equal days."""
    if start.day == 1 and (end + ONE_DAY).day == 1:
        months = (end.year - start.year) * 12 + end.month - start.month + 1
        return shift_months(start, -months), start - ONE_DAY
    return start - (end - start) - ONE_DAY, start - ONE_DAY


def shift_months(day: dt.date, months: int) -> dt.date:
    """The same day some months later; clipped to the month's last day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def bucket_of(day: dt.date, unit: str) -> dt.date:
    """First day of the bucket a day lies in; weeks begin on Monday."""
    if unit == "week":
        return day - day.weekday() * ONE_DAY
    return day.replace(day=1) if unit == "month" else day


def next_bucket(bucket: dt.date, unit: str, steps: int = 1) -> dt.date:
    """First day of the bucket some steps later (or earlier, when negative)."""
    if unit == "month":
        return shift_months(bucket, steps)
    return bucket + steps * (7 if unit == "week" else 1) * ONE_DAY


def last_full_month(day: dt.date) -> tuple[dt.date, dt.date]:
    """First and last day of the last calendar month that is over when the day is."""
    following = day + ONE_DAY
    last = following.replace(day=1) - ONE_DAY
    return last.replace(day=1), last


def last_days(start: dt.date, end: dt.date, unit: str | None) -> tuple[dt.date, ...]:
    """The last day, within the period, of each of its buckets; without a unit just the end."""
    if unit is None:
        return (end,)
    days = []
    bucket = bucket_of(start, unit)
    while bucket <= end:
        following = next_bucket(bucket, unit)
        days.append(min(following - ONE_DAY, end))
        bucket = following
    return tuple(days)


def ordinal(bucket: dt.date, first: dt.date, unit: str) -> int:
    """How many buckets after the period's first bucket this one is."""
    origin = bucket_of(first, unit)
    if unit == "month":
        return (bucket.year - origin.year) * 12 + bucket.month - origin.month
    return (bucket - origin).days // (7 if unit == "week" else 1)


def finest(by: tuple[str, ...]) -> str | None:
    """The shortest time dimension among the dimensions, None when there is none."""
    return next((unit for unit in ("day", "week", "month") if unit in by), None)
