"""When people work: weekdays, public holidays, a thin summer and an empty end of the year."""

from __future__ import annotations

import datetime as dt

_EVERYWHERE = {(1, 1), (12, 24), (12, 25), (12, 26), (12, 31)}
_OF_COUNTRY = {
    "DE": {(5, 1), (10, 3)},
    "US": {(7, 4), (11, 11)},
    "PL": {(5, 1), (5, 3), (11, 11)},
    "IN": {(1, 26), (8, 15), (10, 2)},
}
_SUMMER = ((7, 20), (8, 31))
_YEARS_END = ((12, 20), (12, 31))


def presence(day: dt.date, country: str) -> float:
    """Of those who work there, the share at work on a day; 0 on days off."""
    date = (day.month, day.day)
    if day.weekday() >= 5 or date in _EVERYWHERE or date in _OF_COUNTRY.get(country, set()):
        return 0.0
    if _SUMMER[0] <= date <= _SUMMER[1]:
        return 0.72
    if _YEARS_END[0] <= date <= _YEARS_END[1]:
        return 0.4
    return 0.95
