"""Who works with an assistant, since when, and what share of everybody that is."""

from __future__ import annotations

from steelyard.metrics.measures import (
    CountDistinct,
    Days,
    FirstSeen,
    Headcount,
    Is,
    Lapsed,
    Matched,
    Not,
    Ratio,
)
from steelyard.metrics.metric import Metric

NAMED = Not("person", "")
ACTIVE = CountDistinct("person_days", ("person",), (NAMED,))
ACTIVE_DAYS = CountDistinct("person_days", ("person", "day"), (NAMED,))
DAILY = Ratio(ACTIVE_DAYS, Days())
_FINER = frozenset({"session", "session_size", "session_duration", "witness"})
_WORK = "work is a prompt, a model call or a tool call, by any witness"
_HERE = "Someone who changes team within the period counts in both teams, and once in the total."

METRICS = (
    Metric(
        "active_people",
        "Distinct people with work in the period; by day, week or month DAU, WAU and MAU.",
        "people",
        "up",
        ACTIVE,
        _WORK,
        ("Installations that no person is known for count as a person each.", _HERE),
    ),
    Metric(
        "adoption_rate",
        "Active people divided by the headcount in scope on the period's last day.",
        "share",
        "up",
        Ratio(ACTIVE, Headcount()),
        "the ledger and the imported people table",
        (
            "Unknown until people are imported.",
            "Active people who are not in the people table are in the numerator only.",
        ),
        not_by=frozenset({"session", "session_size", "session_duration"}),
    ),
    Metric(
        "headcount",
        "People employed in scope on the period's (or bucket's) last day.",
        "people",
        "neutral",
        Headcount(),
        "the imported people table",
        ("Only as complete as the import.",),
        "high",
    ),
    Metric(
        "new_people",
        "People whose first work ever, with any assistant, falls in the period.",
        "people",
        "up",
        CountDistinct("person_days", ("person",), (NAMED, FirstSeen(new=True))),
        _WORK,
        ("Everybody is new in the first recorded period.", _HERE),
        not_by=_FINER,
    ),
    Metric(
        "returning_people",
        "People with work in the period whose first work lies before it.",
        "people",
        "up",
        CountDistinct("person_days", ("person",), (NAMED, FirstSeen(new=False))),
        _WORK,
        (_HERE,),
        not_by=_FINER,
    ),
    Metric(
        "lapsed_people",
        "People who worked in the previous period of equal length and not in this one.",
        "people",
        "down",
        Lapsed(),
        _WORK,
        (
            "By week or month: in the previous week or month. Holidays look like lapses.",
            "Counted where they were in the previous period.",
        ),
        not_by=_FINER,
    ),
    Metric(
        "active_days",
        "Person-days with work.",
        "days",
        "up",
        ACTIVE_DAYS,
        _WORK,
        ("Days are UTC days.",),
    ),
    Metric(
        "daily_active_people",
        "Mean number of people with work on a day of the period, weekends included.",
        "people",
        "up",
        DAILY,
        _WORK,
        ("Days are UTC days; over a working week it is about five sevenths of a workday's.",),
    ),
    Metric(
        "stickiness",
        "Mean daily active people divided by the period's: DAU ÷ MAU where it is four weeks.",
        "share",
        "up",
        Ratio(DAILY, ACTIVE),
        _WORK,
        (
            "The longer the period, the lower: compare periods of equal length.",
            "Weekends count as days, so who works every workday has 5/7, or 71%.",
        ),
    ),
    Metric(
        "people_matched_share",
        "Share of active people who are in the people table.",
        "share",
        "up",
        Ratio(CountDistinct("person_days", ("person",), (NAMED, Matched())), ACTIVE),
        "identities seen in telemetry against the imported people table",
        ("0 while no people are imported.",),
        "high",
    ),
    Metric(
        "telemetry_coverage",
        "Share of the person-days another witness saw that telemetry saw too.",
        "share",
        "up",
        Ratio(
            CountDistinct(
                "person_days",
                ("person", "day"),
                (NAMED, Is("by_other", True), Is("by_telemetry", True)),
            ),
            CountDistinct("person_days", ("person", "day"), (NAMED, Is("by_other", True))),
        ),
        "transcripts and vendors' counts against telemetry",
        ("Unknown without another witness than telemetry.",),
        not_by=frozenset({"witness"}),
    ),
)
