"""The demo company's truth as data frames with every dimension of the published dashboards.

Computed from what the generator did, with pandas alone: the pipeline has no part in it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd
from tests.demo.company import Loaded

from steelyard.demo.use import ERRORS

CLAUDE = "claude-code"
CHIEF = re.compile(r"(Chief|C[A-Z]O\b)")
MONTHS = ((3, "<3 mo"), (12, "3–12 mo"), (36, "1–3 y"))
LAST_EXPORT = 30  # seconds after the end at which a client sends its metrics once more
Where = Mapping[str, tuple[str, ...]]
SIZES = ((100_000, "<100k"), (500_000, "100k-500k"), (1_000_000, "500k-1M"))


class Frames:
    """One frame a kind of thing, of Claude Code alone: the published dashboards know no other."""

    def __init__(self, loaded: Loaded) -> None:
        self.company, self.truth = loaded.company, loaded.truth
        self.members = {member.email: member for member in loaded.company.staff.members}
        self.made = [made for made in self.company.sessions if made.assistant == CLAUDE]

    @cached_property
    def sessions(self) -> pd.DataFrame:
        found = self._whole(self._claude(self.truth.sessions))
        found["usd"] = found.list_nanos / 1e9
        found["minutes"] = [minutes_of(made) for made in self.made]
        return found

    @cached_property
    def tokens(self) -> pd.DataFrame:
        found = self._whole(self._claude(self.truth.tokens))
        found["usd"] = found.list_nanos / 1e9
        return found

    @cached_property
    def lines(self) -> pd.DataFrame:
        return self._melted({"added": "lines_added", "removed": "lines_removed"})

    @cached_property
    def active(self) -> pd.DataFrame:
        found = self._melted({"user": "active_user", "cli": "active_cli"})
        found["minutes"] = found.amount / 60
        return found

    @cached_property
    def prompts(self) -> pd.DataFrame:
        return self._whole(self._claude(self.truth.prompts))

    @cached_property
    def decisions(self) -> pd.DataFrame:
        return self._whole(self._claude(self.truth.decisions))

    @cached_property
    def asked(self) -> pd.DataFrame:
        """Decisions about any tool."""
        return self._whole(self._claude(self.truth.tools))

    @cached_property
    def calls(self) -> pd.DataFrame:
        return self.asked[self.asked.decision == "accept"]

    @cached_property
    def requests(self) -> pd.DataFrame:
        rows = [
            {**self._of(made), "model": call.model, "ms": float(call.ms)}
            for made in self.made
            for call in made.requests
        ]
        return self._whole(pd.DataFrame(rows))

    @cached_property
    def errors(self) -> pd.DataFrame:
        rows = [
            {**self._of(made), "model": made.model, "error": ERRORS[status]}
            for made in self.made
            for _, status, _ in made.errors
        ]
        return self._whole(pd.DataFrame(rows))

    def _claude(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame[frame.assistant == CLAUDE].copy()

    def _of(self, made: Any) -> dict[str, Any]:
        email, team = made.person.email, made.person.on(made.day).name
        return {"session": made.id, "day": made.day, "person": email, "team": team}

    def _manager(self, who: str, day: dt.date) -> str:
        member = self.members[who]
        return member.moved[2] if member.moved and day >= member.moved[0] else member.manager

    def _rollup(self, who: str, day: dt.date) -> str:
        """Whoever on the way up reports to a chief officer, the person first; '' above them."""
        while above := self._manager(who, day):
            if CHIEF.match(self.members[above].role):
                return who
            who = above
        return ""

    def _melted(self, columns: Mapping[str, str]) -> pd.DataFrame:
        parts = []
        for kind, column in columns.items():
            part = self.sessions.copy()
            part["type"], part["amount"] = kind, part[column]
            parts.append(part)
        return pd.concat(parts)

    def _whole(self, frame: pd.DataFrame) -> pd.DataFrame:
        """With the time, the person's attributes on the day, and the session's classes."""
        days = pd.to_datetime(frame["day"])
        frame["week"] = (days - pd.to_timedelta(days.dt.dayofweek, unit="D")).dt.date
        frame["month"] = days.dt.to_period("M").dt.start_time.dt.date
        frame["role"] = frame.person.map(lambda each: self.members[each].role)
        pairs = list(zip(frame.person, frame.day, strict=True))
        frame["manager"] = [self._manager(who, day) for who, day in pairs]
        frame["rollup"] = [self._rollup(who, day) for who, day in pairs]
        frame["department"] = [self.members[who].on(day).department for who, day in pairs]
        frame["tenure"] = [tenure(self.members[who].started, day) for who, day in pairs]
        classes = {made.id: (size(made), duration(made)) for made in self.made}
        frame["session_size"] = frame.session.map(lambda each: classes[each][0])
        frame["session_duration"] = frame.session.map(lambda each: classes[each][1])
        return frame


def tenure(started: dt.date, day: dt.date) -> str:
    for months, label in MONTHS:
        if day < (pd.Timestamp(started) + pd.DateOffset(months=months)).date():
            return label
    return ">3 y"


def size(made: Any) -> str:
    largest = max((call.context for call in made.requests), default=0)
    return next((label for limit, label in SIZES if largest < limit), ">1M")


def minutes_of(made: Any) -> float:
    """From the first sign of work (a call begins before its answer) to the client's last export."""
    begins = [0.0, *(call.at - call.ms / 1000 for call in made.requests)]
    begins += [use.at + 0.2 - use.ms / 1000 for use in made.tools if use.decision == "accept"]
    return float(made.seconds + LAST_EXPORT - min(begins)) / 60


def duration(made: Any) -> str:
    minutes = minutes_of(made)
    return "<5m" if minutes < 5 else "5-30m" if minutes <= 30 else ">30m"


@dataclass(frozen=True)
class Sum:
    """The sum of a column (a count of rows without one) where `only` holds."""

    frame: str
    column: str = ""
    only: Callable[[pd.DataFrame], Any] | None = None

    def by(self, frames: Frames, keys: list[str], where: Where) -> Any:
        found = cut(getattr(frames, self.frame), self.only, where)
        if not keys:
            return {(): found[self.column].sum() if self.column else len(found)}
        groups = found.groupby(keys)
        return told(groups[self.column].sum() if self.column else groups.size())


@dataclass(frozen=True)
class Distinct:
    frame: str
    columns: tuple[str, ...]

    def by(self, frames: Frames, keys: list[str], where: Where) -> Any:
        found = cut(getattr(frames, self.frame), None, where)
        wanted = list(dict.fromkeys((*keys, *self.columns)))
        rows = found[wanted].drop_duplicates()
        return told(rows.groupby(keys).size()) if keys else {(): len(rows)}


@dataclass(frozen=True)
class Middle:
    """A quantile of a column, as a number between two neighbours where it falls between."""

    frame: str
    column: str
    part: float = 0.5

    def by(self, frames: Frames, keys: list[str], where: Where) -> Any:
        found = cut(getattr(frames, self.frame), None, where)
        if not keys:
            return {(): found[self.column].quantile(self.part)}
        return told(found.groupby(keys)[self.column].quantile(self.part))


@dataclass(frozen=True)
class Ratio:
    top: Any
    bottom: Any
    times: float = 1.0

    def by(self, frames: Frames, keys: list[str], where: Where) -> Any:
        top, bottom = (part.by(frames, keys, where) for part in (self.top, self.bottom))
        return {key: self.times * top.get(key, 0) / n for key, n in bottom.items() if n}


def cut(frame: pd.DataFrame, only: Any, where: Where) -> pd.DataFrame:
    for name, value in where.items():
        if name in frame:
            frame = frame[frame[name].isin(value)]
    return frame[only(frame)] if only else frame


def told(series: Any) -> dict[tuple[Any, ...], float]:
    return {key if isinstance(key, tuple) else (key,): n for key, n in series.items()}
