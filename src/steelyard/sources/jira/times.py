"""Jira's times: in JQL they are minutes in the zone of whoever asks, in answers ISO with an offset.

Every clause here begins earlier rather than later: reading twice does no harm, missing does.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo

from steelyard.errors import ConfigError, SourceChanged

# How far a pass begins before the last one: minutes are cut off, the index lags behind, and a
# clock that is off by less than five minutes goes unnoticed.
OVERLAP = dt.timedelta(minutes=30)
_HOUR = dt.timedelta(hours=1)


def zone_of(said: str, option: str) -> zoneinfo.ZoneInfo:
    """The zone JQL is read in: the API user's, or the one the source was told.

    Raises ConfigError for an unknown option and SourceChanged where Jira does not say.
    """
    try:
        return zoneinfo.ZoneInfo(option or said)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        if option:
            raise ConfigError(
                f"There is no time zone called {option}.", "Write it like Europe/Berlin."
            ) from None
        raise SourceChanged(
            f"Jira says {said!r} is its user's time zone, and that is none.",
            "Set it with time_zone=Europe/Berlin, as in the user's Jira profile.",
        ) from None


def clause_time(moment: dt.datetime, zone: zoneinfo.ZoneInfo) -> str:
    """The minute in which the moment lies, as JQL writes it; earlier where a clock was put back.

    An hour that happens twice is read as the later one by some, so the hour before it is named.
    """
    local = moment.astimezone(zone)
    while _is_ambiguous(local):
        moment -= _HOUR
        local = moment.astimezone(zone)
    return local.strftime("%Y/%m/%d %H:%M")


def _is_ambiguous(local: dt.datetime) -> bool:
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def moment_of(text: str | int | float | None) -> dt.datetime | None:
    """A time of an answer in UTC: ISO text, or seconds or milliseconds since 1970 as a number."""
    if text is None or text == "":
        return None
    try:
        if isinstance(text, str):
            found = dt.datetime.fromisoformat(text)
            return (found if found.tzinfo else found.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
        return dt.datetime.fromtimestamp(text / 1000 if text > 1e11 else text, dt.UTC)
    except (ValueError, OverflowError, OSError):
        raise SourceChanged(
            f"Jira sent a time that cannot be read: {str(text)[:40]!r}.",
            "An upgrade of Steelyard may help.",
        ) from None


def moment_needed(text: str | int | float, what: str) -> dt.datetime:
    """Like `moment_of` for a time that a record cannot be without."""
    found = moment_of(text)
    if found is None:
        raise SourceChanged(f"Jira's {what} is empty.", "An upgrade of Steelyard may help.")
    return found
