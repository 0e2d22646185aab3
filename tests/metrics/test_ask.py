"""What an answer says when little is known: null or 0, floors, coverage, warnings, comparison."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from steelyard.metrics import Answer, Question, ask

from .engines import DuckStore

DAY = dt.date(2026, 10, 5)
NOW = dt.datetime(2026, 10, 20, 12, tzinfo=dt.UTC)
COMMON: dict[str, Any] = {"day": DAY, "person": "ann", "assistant": "claude-code", "session": "s1"}


def put(store: DuckStore, table: str, **values: Any) -> None:
    """A row; what is not given is '' or 0, or null where the column may be null."""
    row = []
    for name, kind, nullable in store.tables()[table]:
        blank: Any = None if nullable else "" if kind == "VARCHAR" else 0
        row.append((COMMON | values).get(name, blank))
    marks = ", ".join("?" * len(row))
    store.query(f"INSERT INTO {table} VALUES ({marks})", row)
    store.version += 1


def usage(store: DuckStore, tokens: int, nanos: int | None, **values: Any) -> None:
    said = {"token_type": "input", "unpriced_tokens": tokens if nanos is None else 0}
    put(store, "usage", tokens=tokens, list_nanos=nanos, input_nanos=nanos, **said | values)


def worked(store: DuckStore, **values: Any) -> None:
    put(store, "session_days", worked=True, by_telemetry=True, **values)
    put(store, "person_days", by_telemetry=True, **values)


def person(store: DuckStore, name: str, team: str = "payments") -> None:
    valid = {"valid_from": dt.date(2020, 1, 1), "valid_to": dt.date(9999, 12, 31)}
    put(store, "people", person=name, team=team, **valid)


def asked(store: DuckStore, *metrics: str, **more: Any) -> Answer:
    return ask(store, Question(metrics, **more), NOW)


def codes(answer: Answer) -> list[str]:
    return [note.code for note in answer.warnings]


def test_an_empty_house_knows_nothing(empty: DuckStore) -> None:
    answer = asked(empty, "spend_usd", "sessions", "api_requests", "active_people")
    assert answer.rows == ((None, None, None, None),)
    assert codes(answer) == ["no_data", "partial_day"]
    assert asked(empty, "spend_usd", by=("team",)).rows == ()


def test_zero_needs_evidence(empty: DuckStore) -> None:
    worked(empty)
    assert asked(empty, "commits_by_assistant").value("commits_by_assistant") is None
    put(empty, "counters", counter="session_starts", type="fresh", amount=1)
    assert asked(empty, "commits_by_assistant").value("commits_by_assistant") == 0
    by_person = asked(empty, "session_starts", "commits_by_assistant", by=("person",))
    assert by_person.rows == (("ann", 1, 0),)


def test_start_events_alone_are_no_session(empty: DuckStore) -> None:
    put(empty, "session_days", worked=False, by_telemetry=True)
    answer = asked(empty, "sessions", "active_people")
    assert answer.rows == ((0, 0),)
    assert answer.coverage.sessions == 0


def test_unknown_price_is_a_floor_and_says_so(empty: DuckStore) -> None:
    usage(empty, 1000, 5_000_001, model="claude-opus-5-5")
    usage(empty, 77, None, model="house-model")
    answer = asked(empty, "spend_usd", "tokens")
    assert answer.rows == ((0.005000001, 1077),)
    note = answer.warnings[0]
    assert (note.code, note.affects) == ("unknown_price", ("spend_usd",))
    assert "house-model: 77 tokens" in note.message
    by_model = dict(asked(empty, "spend_usd", by=("model",)).rows)
    assert by_model == {"claude-opus-5-5": 0.005000001, "house-model": None}


def test_metrics_only_fleets_have_unknown_calls(empty: DuckStore) -> None:
    usage(empty, 1000, 5_000)
    worked(empty)
    answer = asked(empty, "api_requests", "api_error_share")
    assert answer.rows == ((None, None),)
    assert "floor_metrics_only" in codes(answer)


def test_a_ratio_over_nothing_is_undefined(empty: DuckStore) -> None:
    usage(empty, 1000, 5_000)
    put(empty, "counters", counter="session_starts", amount=1)
    answer = asked(empty, "commits_by_assistant", "cost_per_assistant_commit")
    assert answer.rows == ((0, None),)
    assert [n.affects for n in answer.warnings if n.code == "undefined_ratio"] == [
        ("cost_per_assistant_commit",)
    ]


def test_adoption_needs_people(empty: DuckStore) -> None:
    worked(empty)
    answer = asked(empty, "adoption_rate")
    assert answer.rows == ((None,),)
    assert "no_people" in codes(answer)
    assert answer.coverage.people_matched is None
    person(empty, "bob", "search")
    person(empty, "cleo", "search")
    answer = asked(empty, "adoption_rate", "headcount")
    assert answer.rows == ((0.5, 2),)
    assert answer.coverage.people_matched == 0
    assert answer.coverage.silent_people == 2
    assert "unmatched_people" in codes(answer)


def test_a_team_without_work_has_no_adoption_rather_than_none_known(empty: DuckStore) -> None:
    worked(empty)
    person(empty, "ann")
    person(empty, "bob", "search")
    answer = asked(empty, "adoption_rate", "active_people", by=("team",))
    assert answer.rows == (("payments", 1.0, 1), ("search", 0.0, 0))


def test_adoption_of_one_assistant_is_over_everybody(empty: DuckStore) -> None:
    worked(empty)
    person(empty, "ann")
    person(empty, "bob")
    assert asked(empty, "adoption_rate", by=("assistant",)).rows == (("claude-code", 0.5),)
    where = {"assistant": ("codex",)}
    assert asked(empty, "adoption_rate", where=where).rows == ((0.0,),)


def test_another_assistant_is_a_lapse_only_by_assistant(empty: DuckStore) -> None:
    worked(empty)
    worked(empty, day=DAY + dt.timedelta(days=7), assistant="codex", session="s2")
    days = {"start": DAY + dt.timedelta(days=7), "end": DAY + dt.timedelta(days=13)}
    assert asked(empty, "lapsed_people", **days).value("lapsed_people") == 0
    rows = asked(empty, "lapsed_people", by=("assistant",), **days).rows
    assert rows == (("claude-code", 1),)


def test_real_days_are_echoed_and_today_is_partial(empty: DuckStore) -> None:
    worked(empty)
    worked(empty, day=NOW.date(), session="s2")
    answer = asked(empty, "sessions")
    assert (answer.question.start, answer.question.end) == (DAY, NOW.date())
    assert "partial_day" in codes(answer)
    assert "partial_day" not in codes(asked(empty, "sessions", end=DAY))


def test_an_open_end_never_turns_the_period_around(empty: DuckStore) -> None:
    worked(empty)
    late, early = dt.date(2026, 12, 1), dt.date(2026, 1, 1)
    assert asked(empty, "sessions", start=late).question.end == late
    assert asked(empty, "sessions", end=early).question.start == early


def test_each_row_is_compared_with_the_bucket_before(empty: DuckStore) -> None:
    for offset, nanos in ((-7, 2_000_000_000), (0, 3_000_000_000), (1, 10**9)):
        usage(empty, 1, nanos, day=DAY + dt.timedelta(days=offset))
    end = DAY + dt.timedelta(days=6)
    answer = asked(empty, "spend_usd", start=DAY, end=end, by=("day",), compare="previous")
    assert [column.name for column in answer.columns] == [
        "day",
        "spend_usd",
        "spend_usd_previous",
        "spend_usd_change",
    ]
    assert answer.rows == ((DAY, 3.0, 2.0, 0.5), (DAY + dt.timedelta(days=1), 1.0, None, None))


@pytest.mark.parametrize(("late", "compared"), [(3, True), (4, False), (6, False)])
def test_only_a_whole_period_before_is_compared_with(
    empty: DuckStore, late: int, compared: bool
) -> None:
    """Spend is recorded from some days after the week before began; a weekend may be why."""
    week = dt.timedelta(days=7)
    first = DAY - week + dt.timedelta(days=late)
    person(empty, "ann")
    for day in (first, DAY):
        usage(empty, 1, 10**9, day=day)
    end = DAY + week - dt.timedelta(days=1)
    answer = asked(empty, "spend_usd", "headcount", start=DAY, end=end, compare="previous")
    assert answer.rows[0][:3] == ((1.0, 1.0, 0.0) if compared else (1.0, None, None))
    assert answer.rows[0][3:] == (1, 1, 0.0)  # people rest on no records of use
    notes = [note for note in answer.warnings if note.code == "not_compared"]
    said = f"Recorded since {first.day} {first:%b %Y}; no whole period before."
    wanted = [] if compared else [(said, ("spend_usd",))]
    assert [(note.message, note.affects) for note in notes] == wanted
    assert "not_compared" not in codes(asked(empty, "spend_usd", start=DAY, end=end))


def test_weeks_are_compared_from_the_first_whole_one(empty: DuckStore) -> None:
    for weeks, nanos in ((-1, 10**9), (-2, 5 * 10**9), (0, 2 * 10**9), (1, 4 * 10**9)):
        shift = 5 if weeks == -2 else 0  # the first week is recorded from its Saturday on
        usage(empty, 1, nanos, day=DAY + dt.timedelta(days=7 * weeks + shift))
    end = DAY + dt.timedelta(days=13)
    answer = asked(empty, "spend_usd", start=DAY, end=end, by=("week",), compare="previous")
    assert [row[1:] for row in answer.rows] == [(2.0, None, None), (4.0, 1.0, 3.0)]


def test_totals_are_asked_anew(empty: DuckStore) -> None:
    worked(empty)
    worked(empty, person="bob", session="s2")
    worked(empty, person="bob", session="s3", assistant="codex")
    question = Question(("sessions", "sessions_per_person"), by=("person",))
    answer = ask(empty, question, NOW, totals=True)
    assert answer.rows == (("bob", 2, 2.0), ("ann", 1, 1.0))
    assert answer.totals == (None, 3, 1.5)
    assert answer.to_json()["totals"] == {"sessions": 3, "sessions_per_person": 1.5}


def test_the_json_is_the_contract(empty: DuckStore) -> None:
    usage(empty, 1, 1_234_567_890_123)
    worked(empty)
    where = {"assistant": ("claude-code",)}
    answer = asked(empty, "spend_usd", start=DAY, end=DAY, by=("team", "day"), where=where)
    said = json.loads(json.dumps(answer.to_json()))
    assert list(said) == ["question", "rows", "as_of", "coverage", "warnings"]
    assert said["question"] == {
        "metrics": ["spend_usd"],
        "by": ["team", "day"],
        "from": "2026-10-05",
        "to": "2026-10-05",
        "where": {"assistant": ["claude-code"]},
    }
    assert said["rows"] == [{"team": None, "day": "2026-10-05", "spend_usd": 1234.567890123}]
    assert said["as_of"] == "2026-10-20T12:00:00Z"
    assert said["coverage"]["sessions"] == 1
    assert [w["code"] for w in said["warnings"]] == ["no_people"]
    assert set(said["warnings"][0]) == {"code", "message", "affects"}


def test_coverage_speaks_of_the_filtered_scope(empty: DuckStore) -> None:
    usage(empty, 1, 1, model="a")
    usage(empty, 1, 1, model="b", session="s2")
    worked(empty)
    worked(empty, session="s2")
    answer = asked(empty, "spend_usd", where={"model": ("b",)})
    assert answer.coverage.sessions == 1
    assert (answer.coverage.first_day, answer.coverage.last_day) == (DAY, DAY)


def test_the_same_question_is_remembered_until_facts_change(empty: DuckStore) -> None:
    usage(empty, 1, 10**9)
    first = asked(empty, "spend_usd")
    assert asked(empty, "spend_usd") is first
    usage(empty, 1, 10**9)
    assert asked(empty, "spend_usd").value("spend_usd") == 2.0


def test_telemetry_coverage_is_of_what_others_saw(empty: DuckStore) -> None:
    put(empty, "person_days", by_telemetry=True)
    assert asked(empty, "telemetry_coverage").rows == ((None,),)
    put(empty, "person_days", by_telemetry=True, by_transcript=True, by_other=True, person="bob")
    put(empty, "person_days", by_other=True, person="cleo")
    assert asked(empty, "telemetry_coverage").value("telemetry_coverage") == pytest.approx(0.5)
