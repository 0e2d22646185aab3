"""A study, decided before its data: who, when, which metric, what may not get worse.

A plan is a value with one canonical text and a hash of it, so that a later change cannot be
passed off as what was meant all along. Nothing is read, kept or computed here.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from steelyard.errors import BadValue, UnknownName
from steelyard.impact.study import DESIGNS, KINDS, Design, Kind, Study

PlannedUnit = Literal["person", "team"]
LookRule = Literal["", "planned", "always_valid"]
WEEK = dt.timedelta(weeks=1)
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?")
_SORTED = ("treated", "control", "exclusions", "looks", "waves", "guardrails")
_UNITS = {"person": "developer", "team": "team"}


@dataclass(frozen=True, order=True)
class Measure:
    """A metric by its name in the catalogue, and what kind of outcome it is."""

    metric: str
    kind: Kind = "count"

    def to_json(self) -> dict[str, str]:
        return {"metric": self.metric, "kind": self.kind}


@dataclass(frozen=True, order=True)
class Wave:
    """A group (a team, or a person where people are assigned) and the day it starts."""

    starts: dt.date
    group: str


@dataclass(frozen=True)
class Plan:
    """What is going to be compared, of whom, over which weeks, and how it will be read.

    unit         one row a person or a team
    assigned_by  what treatment is given to; inference counts these
    starts       the one date of all treated, or None where `waves` have dates of their own
    treated      people or teams (what `assigned_by` says); with waves, the groups of the waves
    control      who is compared with; empty: everybody else who is not excluded
    treatment    in words, what the treated start with; empty: coding assistants
    rule         in words, how it was decided who is treated: lots and their seed, own wish …
    primary      the one metric that answers the question; guardrails must not get worse
    looks        days on which results are read, the last included; `look_rule` says how they are
                 paid for: planned (the error is shared out) or always_valid
    exclusions   people or teams left out, decided before the data
    matched_on   columns that must agree exactly between matched people (volunteers)
    """

    name: str
    primary: Measure
    title: str = ""
    unit: PlannedUnit = "person"
    assigned_by: PlannedUnit = "person"
    design: Design = "rct"
    starts: dt.date | None = None
    waves: tuple[Wave, ...] = ()
    treated: tuple[str, ...] = ()
    control: tuple[str, ...] = ()
    rule: str = ""
    guardrails: tuple[Measure, ...] = ()
    baseline_weeks: int = 12
    weeks_after: int = 12
    effect_pct: float = 10.0
    looks: tuple[dt.date, ...] = ()
    look_rule: LookRule = ""
    exclusions: tuple[str, ...] = ()
    matched_on: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    seed: int = 20261122
    treatment: str = ""

    def __post_init__(self) -> None:
        """Order says nothing, so it is taken out; raises BadValue or UnknownName."""
        for name in _SORTED:
            object.__setattr__(self, name, tuple(sorted(set(getattr(self, name)))))
        object.__setattr__(self, "effect_pct", float(self.effect_pct))
        if self.waves and not self.treated:
            groups = tuple(sorted({wave.group for wave in self.waves}))
            object.__setattr__(self, "treated", groups)
        _check_words(self)
        _check_sides(self)
        _check_weeks(self)

    @property
    def first_start(self) -> dt.date | None:
        """The day on which the first of the treated start."""
        return self.waves[0].starts if self.waves else self.starts

    @property
    def last_start(self) -> dt.date | None:
        return self.waves[-1].starts if self.waves else self.starts

    @property
    def answerable(self) -> dt.date | None:
        """The day after the last planned week."""
        return None if self.last_start is None else self.last_start + self.weeks_after * WEEK

    def takes_part(self, person: str, team: str = "") -> bool:
        """Whether somebody is compared at all."""
        names = {person, team} - {""}
        if names & set(self.exclusions):
            return False
        return not self.control or bool(names & {*self.treated, *self.control})

    def starts_on(self, person: str, team: str = "") -> dt.date | None:
        """The day somebody starts; None for controls. A person's own date goes before a team's."""
        dates = {wave.group: wave.starts for wave in self.waves}
        for name in (person, team):
            if name and name in self.treated:
                return dates.get(name, self.starts)
        return None

    def study(self, look: int | None = None) -> Study:
        """How its data are analysed; `look` is which of the planned looks this is, from 1."""
        looks = (len(self.looks), look) if look and self.look_rule == "planned" else None
        return Study(
            kind=self.primary.kind,
            design=self.design,
            matched_on=self.matched_on,
            looks=looks,
            always_valid=self.look_rule == "always_valid",
            outcome=self.primary.metric,
            unit=_UNITS[self.unit],
            cluster="team" if self.unit == "person" and self.assigned_by == "team" else "",
            seed=self.seed,
        )

    def to_json(self) -> dict[str, Any]:
        said = {field.name: _plain(getattr(self, field.name)) for field in fields(self)}
        if not self.treatment:  # so that plans from before there was this word keep their hash
            del said["treatment"]
        return said

    def canonical(self) -> str:
        """The plan as one line of JSON, the same whatever order things were said in."""
        return json.dumps(self.to_json(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))

    def digest(self) -> str:
        """SHA-256 of the canonical text."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Measure):
        return value.to_json()
    if isinstance(value, Wave):
        return {"group": value.group, "starts": value.starts.isoformat()}
    return value


def _check_words(plan: Plan) -> None:
    if not _NAME.fullmatch(plan.name):
        hint = "Lower-case letters, digits, - and _, such as payments-pilot."
        raise BadValue(f"{plan.name!r} is no name for a plan.", hint)
    choices: tuple[tuple[str, str, tuple[str, ...]], ...] = (
        ("unit", plan.unit, get_args(PlannedUnit)),
        ("level of assignment", plan.assigned_by, get_args(PlannedUnit)),
        ("design", plan.design, DESIGNS),
        ("rule for looks", plan.look_rule, get_args(LookRule)),
        *(("kind", each.kind, KINDS) for each in (plan.primary, *plan.guardrails)),
    )
    for kind, said, known in choices:
        if said not in known:
            raise UnknownName(kind, said, known, f"Known are {', '.join(filter(None, known))}.")
    if plan.unit == "team" and plan.assigned_by == "person":
        raise BadValue(
            "People are assigned, but a row is a whole team.", "Take the person as the unit."
        )


def _check_sides(plan: Plan) -> None:
    both = sorted(set(plan.treated) & set(plan.control))
    if both:
        raise BadValue(f"{both[0]} is treated and control.", "Everybody is on one side.")
    if plan.waves and plan.starts:
        raise BadValue("There are waves and one date for all.", "Give either.")
    groups = [wave.group for wave in plan.waves]
    twice = sorted({group for group in groups if groups.count(group) > 1})
    if twice:
        raise BadValue(f"{twice[0]} starts twice.", "One date a group: treatment stays on.")
    dateless = sorted(set(plan.treated) - set(groups)) if plan.waves else []
    if dateless:
        raise BadValue(f"{dateless[0]} is treated and has no wave.", "Give its date.")
    if plan.primary.metric in {each.metric for each in plan.guardrails}:
        raise BadValue(f"{plan.primary.metric} is primary and guardrail.", "It is one of them.")


def _check_weeks(plan: Plan) -> None:
    for what, weeks in (("before", plan.baseline_weeks), ("after", plan.weeks_after)):
        if not 1 <= weeks <= 520:
            raise BadValue(f"{weeks} weeks {what} the start are not possible.", "1 to 520.")
    if not -100 < plan.effect_pct < 100_000:
        raise BadValue(f"An effect of {plan.effect_pct:g} % is not possible.", "Such as 10.")


def read_plan(said: Mapping[str, Any]) -> Plan:
    """The plan a JSON object says. Raises BadValue, or UnknownName for a field there is not.

    `primary` may be a name, or {"metric", "kind"}; more than one is refused.
    """
    known = [field.name for field in fields(Plan)]
    for name in said:
        if name not in known:
            raise UnknownName("field of a plan", name, known)
    for name in ("name", "primary"):
        if not said.get(name):
            raise BadValue(f"The plan has no {name}.", "A name and one primary metric, at least.")
    try:
        return Plan(**{name: _read(name, value) for name, value in said.items()})
    except (TypeError, KeyError, ValueError) as error:
        raise BadValue(
            f"The plan cannot be read: {error}.", "`steelyard impact plan --help`."
        ) from None


def _read(name: str, value: Any) -> Any:
    if name == "primary":
        return _one_primary(value)
    if name == "starts":
        return None if value in (None, "") else _day(value)
    if name == "looks":
        return tuple(_day(each) for each in value)
    if name == "waves":
        pairs = value.items() if isinstance(value, Mapping) else _pairs(value)
        return tuple(Wave(_day(day), str(group)) for group, day in pairs)
    if name == "guardrails":
        return tuple(_measure(each) for each in value)
    if isinstance(value, list | tuple):
        return tuple(str(each) for each in value)
    return value


def _pairs(waves: Sequence[Mapping[str, Any]]) -> list[tuple[Any, Any]]:
    return [(wave["group"], wave["starts"]) for wave in waves]


def _one_primary(value: Any) -> Measure:
    several: list[Any] = value.split(",") if isinstance(value, str) else [value]
    if isinstance(value, list | tuple):
        several = list(value)
    if len(several) != 1:
        raise BadValue(
            f"{len(several)} primary metrics: the best of several is a lucky one.",
            "Choose one that answers the question; the others are guardrails.",
        )
    return _measure(several[0])


def _measure(value: Any) -> Measure:
    if isinstance(value, Measure):
        return value
    if isinstance(value, str):
        return Measure(value.strip())
    return Measure(str(value["metric"]), value.get("kind", "count"))


def _day(value: Any) -> dt.date:
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value))
