"""Figures over two facts: the same scope and period on both sides, each aggregated by itself."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

import pytest

from steelyard.errors import UnknownName, UsageError
from steelyard.metrics import CATALOGUE, Answer, Question, ask, parse_query

from .engines import DuckStore

DAY = dt.date(2026, 10, 5)
NOW = dt.datetime(2026, 10, 20, 12, tzinfo=dt.UTC)
COMMON: dict[str, Any] = {"day": DAY, "assistant": "claude-code", "session": "s1"}
USD = 10**9


def put(store: DuckStore, table: str, times: int = 1, **values: Any) -> None:
    """Rows; what is not given is '' or 0, or null where the column may be null."""
    row = []
    for name, kind, nullable in store.tables()[table]:
        blank: Any = None if nullable else "" if kind == "VARCHAR" else 0
        row.append((COMMON | values).get(name, blank))
    marks = ", ".join("?" * len(row))
    for _ in range(times):
        store.query(f"INSERT INTO {table} VALUES ({marks})", row)
    store.version += 1


def person(store: DuckStore, name: str, team: str, **said: Any) -> None:
    valid = {"valid_from": dt.date(2020, 1, 1), "valid_to": dt.date(9999, 12, 31)}
    put(store, "people", person=name, team=team, **valid | said)


def spent(store: DuckStore, name: str, usd: int, **said: Any) -> None:
    put(store, "usage", person=name, token_type="input", tokens=1, list_nanos=usd * USD, **said)


def committed(store: DuckStore, name: str, times: int = 1, **said: Any) -> None:
    put(store, "work_commits", times, **{"person": name, "assistant": ""} | said)


def asked(store: DuckStore, *metrics: str, **more: Any) -> Answer:
    return ask(store, Question(metrics, **more), NOW)


def codes(answer: Answer) -> list[str]:
    return [note.code for note in answer.warnings]


@pytest.fixture
def two_teams(empty: DuckStore) -> DuckStore:
    """Payments: 90 USD and 9 commits. Search: 10 USD and 1 commit, and one who has no telemetry."""
    person(empty, "ann", "payments")
    person(empty, "bob", "search")
    person(empty, "cleo", "search")
    spent(empty, "ann", 90)
    spent(empty, "bob", 30)
    committed(empty, "ann", 9)
    committed(empty, "bob", 1)
    return empty


def test_the_total_is_not_the_average_of_teams(two_teams: DuckStore) -> None:
    question = Question(("cost_per_commit", "spend_usd", "commits"), by=("team",))
    answer = ask(two_teams, question, NOW, totals=True)
    assert {row[0]: row[1:] for row in answer.rows} == {
        "payments": (10.0, 90.0, 9),
        "search": (30.0, 30.0, 1),
    }
    assert answer.totals == (None, 12.0, 120.0, 10)  # not (10 + 30) / 2
    assert asked(two_teams, "cost_per_commit").value("cost_per_commit") == 12.0


def test_rows_of_one_side_do_not_multiply_the_other(two_teams: DuckStore) -> None:
    for _ in range(5):
        spent(two_teams, "bob", 0)
    assert asked(two_teams, "cost_per_commit", "spend_usd", "commits").rows == ((12.0, 120.0, 10),)


def test_people_without_telemetry_count_in_what_shipped(two_teams: DuckStore) -> None:
    committed(two_teams, "cleo", 2)
    where = {"team": ("search",)}
    assert asked(two_teams, "cost_per_commit", where=where).value("cost_per_commit") == 10.0


def test_strangers_count_in_the_total_and_in_no_team(two_teams: DuckStore) -> None:
    committed(two_teams, "stranger@elsewhere.example", 2)
    answer = ask(two_teams, Question(("commits",), by=("team",)), NOW, totals=True)
    assert dict(answer.rows) == {"payments": 9, None: 2, "search": 1}
    assert answer.totals == (None, 12)
    assert asked(two_teams, "commits_matched_share").rows == ((10 / 12,),)


def test_nothing_shipped_makes_a_cost_undefined(two_teams: DuckStore) -> None:
    where = {"person": ("cleo",)}
    answer = asked(two_teams, "cost_per_commit", "commits", where=where)
    assert answer.rows == ((None, 0),)
    assert "undefined_ratio" in codes(answer)


def test_what_was_never_told_is_unknown(two_teams: DuckStore) -> None:
    answer = asked(two_teams, "prs_merged", "cost_per_pr", "commits")
    assert answer.rows == ((None, None, 10),)
    said = [note for note in answer.warnings if note.code == "no_data"]
    assert [note.affects for note in said] == [("prs_merged", "cost_per_pr")]
    assert "No pull requests are recorded" in said[0].message


def test_between_first_and_last_day_no_row_means_none(empty: DuckStore) -> None:
    for offset in (0, 10):
        put(empty, "work_incidents", day=DAY + dt.timedelta(days=offset))

    def between(first: int, last: int) -> Any:
        days = {"start": DAY + dt.timedelta(days=first), "end": DAY + dt.timedelta(days=last)}
        return asked(empty, "incidents", **days).value("incidents")

    assert between(2, 8) == 0
    assert between(0, 10) == 2
    assert between(11, 14) is None
    assert between(-9, -1) is None


def test_developer_weeks_are_days_employed(empty: DuckStore) -> None:
    moved = dt.date(2026, 10, 8)
    person(empty, "ann", "payments", valid_to=moved - dt.timedelta(days=1))
    person(empty, "ann", "search", valid_from=moved)
    person(empty, "bob", "search", start_date=dt.date(2026, 10, 10))
    committed(empty, "ann", 3)
    week = {"start": DAY, "end": DAY + dt.timedelta(days=6)}
    rows = dict(asked(empty, "commits_per_dev_week", by=("team",), **week).rows)
    # Payments: Ann for three days. Search: Ann for four, Bob for two.
    assert rows == {"payments": pytest.approx(3 / (3 / 7)), "search": 0.0}
    assert asked(empty, "commits_per_dev_week", **week).rows == ((pytest.approx(3 / (9 / 7)),),)


def test_without_people_nobody_knows_how_many_developers(empty: DuckStore) -> None:
    committed(empty, "ann", 3)
    answer = asked(empty, "commits_per_dev_week", "commits")
    assert answer.rows == ((None, 3),)
    assert "no_people" in codes(answer)


class Listening:
    """A store that remembers what it was asked."""

    dialect = "duckdb"
    schema = "main"

    def __init__(self, store: DuckStore) -> None:
        self.store = store
        self.asked: list[str] = []

    def data_version(self) -> int:
        return self.store.version

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        self.asked.append(sql)
        return self.store.query(sql, parameters)


def test_both_sides_look_at_the_same_days(two_teams: DuckStore) -> None:
    """Thirty days of spend over seven days of commits cannot be asked for."""
    store = Listening(two_teams)
    joined = tuple(m.name for m in CATALOGUE.values() if len(m.facts) > 1 and not m.needs)
    assert {"cost_per_commit", "cost_per_pr", "ai_time_share"} <= set(joined)
    ask(store, Question(joined, DAY - dt.timedelta(days=2), DAY + dt.timedelta(days=4)), NOW)
    days = {
        found
        for sql in store.asked
        for found in re.findall(
            r"day BETWEEN CAST\('(\S+)' AS DATE\) AND CAST\('(\S+)' AS DATE\)", sql
        )
    }
    assert days == {("2026-10-03", "2026-10-09")}
    with pytest.raises(UnknownName):
        parse_query("metrics=cost_per_commit:7d&period=30d", NOW.date())
    with pytest.raises(UnknownName):
        parse_query("metrics=spend_usd,commits&commits.period=7d", NOW.date())


def test_an_open_period_does_not_reach_behind_telemetry(two_teams: DuckStore) -> None:
    committed(two_teams, "ann", 50, day=dt.date(2019, 1, 1))
    answer = asked(two_teams, "cost_per_commit")
    assert answer.question.start == DAY
    assert answer.value("cost_per_commit") == 12.0
    assert asked(two_teams, "commits").question.start == dt.date(2019, 1, 1)


def test_sides_that_begin_at_different_times_are_named(two_teams: DuckStore) -> None:
    committed(two_teams, "ann", 50, day=DAY - dt.timedelta(days=60))
    days = {"start": DAY - dt.timedelta(days=90), "end": DAY}
    answer = asked(two_teams, "cost_per_commit", "commits", **days)
    note = next(n for n in answer.warnings if n.code == "uneven_days")
    assert note.affects == ("cost_per_commit",)
    assert str(DAY) in note.message
    assert "uneven_days" not in codes(asked(two_teams, "cost_per_commit", start=DAY, end=DAY))


def test_spend_that_names_no_repository_is_told(two_teams: DuckStore) -> None:
    committed(two_teams, "ann", 2, repo="acme/app")
    spent(two_teams, "ann", 40, repo="acme/app")
    answer = asked(two_teams, "cost_per_commit", where={"repo": ("acme/app",)})
    assert answer.rows == ((20.0,),)
    note = next(n for n in answer.warnings if n.code == "unsaid_repository")
    assert note.message.startswith("75% of spend")


def test_what_only_one_side_carries_is_refused(two_teams: DuckStore) -> None:
    for name in ("model", "session", "project", "assisted"):
        with pytest.raises(UsageError, match="cannot be broken down"):
            Question(("cost_per_commit",), by=(name,))


def test_unassisted_work_is_in_the_denominator_of_shares(two_teams: DuckStore) -> None:
    committed(two_teams, "bob", 1, assistant="codex", assisted="yes")
    answer = asked(two_teams, "ai_commit_share")
    assert answer.rows == ((pytest.approx(1 / 11),),)
    with pytest.raises(UsageError):
        Question(("ai_commit_share",), by=("assistant",))


def test_time_is_compared_for_those_who_log_it(empty: DuckStore) -> None:
    for name, seconds in (("ann", 1800), ("bob", 9000)):
        put(empty, "counters", person=name, counter="active_seconds", type="user", amount=seconds)
    put(empty, "work_worklogs", person="ann", seconds=3600)
    put(empty, "work_worklogs", person="cleo", seconds=3600)
    put(empty, "work_worklogs", person="bob", seconds=60, day=DAY - dt.timedelta(days=30))
    week = {"start": DAY, "end": DAY + dt.timedelta(days=6)}
    answer = asked(empty, "ai_time_share", "hours_logged", **week)
    assert answer.rows == ((0.25, 2.0),)
    assert dict(asked(empty, "ai_time_share", by=("person",), **week).rows)["ann"] == 0.5


def test_bills_in_other_currencies_are_unknown_not_zero(empty: DuckStore) -> None:
    put(empty, "bills", amount_nanos=5 * USD, currency="EUR")
    assert asked(empty, "spend_billed_usd").rows == ((None,),)
    put(empty, "bills", amount_nanos=7 * USD, usd_nanos=7 * USD, currency="USD")
    assert asked(empty, "spend_billed_usd").rows == ((7.0,),)


def test_coverage_of_work_alone_speaks_of_work(two_teams: DuckStore) -> None:
    committed(two_teams, "stranger", 1, day=DAY + dt.timedelta(days=3))
    found = asked(two_teams, "commits").coverage
    assert (found.sessions, found.people_matched) == (None, pytest.approx(2 / 3))
    assert (found.first_day, found.last_day) == (DAY, DAY + dt.timedelta(days=3))


def test_scores_of_different_questions_are_not_mixed(empty: DuckStore) -> None:
    put(empty, "work_surveys", question="flow", score=4)
    with pytest.raises(UsageError, match="does not add up across question"):
        asked(empty, "survey_score_avg")
    with pytest.raises(UsageError, match="person"):
        asked(empty, "survey_score_avg", by=("question", "person"))
    assert asked(empty, "survey_score_avg", by=("question",)).rows == (("flow", 4.0),)
