"""Answers against the same figures computed from the generated rows in plain Python."""

from __future__ import annotations

import datetime as dt
import statistics
from collections import defaultdict
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from steelyard.metrics import Question, ask

from .engines import DuckStore
from .world import DAY, END, NOW, START, Row, World

FOUR = {"input", "output", "cacheRead", "cacheCreation"}


def total(rows: Any, column: str) -> int:
    return sum(row[column] for row in rows if row[column] is not None)


def usd(nanos: int) -> float:
    return float(Fraction(nanos, 10**9))


def people(world: World, start: dt.date = START, end: dt.date = END) -> set[str]:
    return {row["person"] for row in world.rows("person_days", start, end)}


def person_days(world: World) -> int:
    return len({(row["person"], row["day"]) for row in world.rows("person_days")})


def first_days(world: World) -> dict[str, dt.date]:
    return {row["person"]: row["first_day"] for row in world.tables["people_seen"]}


def counted(world: World, counter: str) -> list[Row]:
    return [row for row in world.rows("counters") if row["counter"] == counter]


def decisions(world: World, **wanted: Any) -> int:
    rows = world.rows("decisions")
    return sum(r["decisions"] for r in rows if all(r[k] == v for k, v in wanted.items()))


def sessions(world: World) -> int:
    return len({r["session"] for r in world.rows("session_days") if r["worked"]})


def spend(world: World) -> int:
    return total(world.rows("usage"), "list_nanos")


def tokens(world: World, *kinds: str) -> int:
    return total((r for r in world.rows("usage") if r["token_type"] in kinds), "tokens")


def seen_by(world: World, *witnesses: str) -> int:
    rows = world.rows("person_days")
    return len({(r["person"], r["day"]) for r in rows if all(r[w] for w in witnesses)})


def employed(world: World, day: dt.date) -> int:
    return len(
        {
            r["person"]
            for r in world.tables["people"]
            if r["valid_from"] <= day <= r["valid_to"]
            and (r["start_date"] is None or r["start_date"] <= day)
            and (r["end_date"] is None or r["end_date"] >= day)
        }
    )


def flagged(world: World, flag: str) -> float:
    said = [r[flag] for r in world.rows("sessions") if r[flag] is not None]
    return sum(said) / len(said)


def values(world: World, table: str, column: str, **wanted: Any) -> list[float]:
    rows = (r for r in world.rows(table) if all(r[k] == v for k, v in wanted.items()))
    return [r[column] for r in rows if r[column] is not None]


def quantile(found: list[float], hundredths: int) -> float:
    return statistics.quantiles(found, n=100, method="inclusive")[hundredths - 1]


def saved(world: World) -> float:
    rows = [r for r in world.rows("usage") if r["token_type"] in ("cacheRead", "cacheCreation")]
    known = [r for r in rows if r["list_nanos"] is not None]
    return usd(sum(r["input_nanos"] - r["list_nanos"] for r in known))


BEFORE = (START.replace(month=9), START - DAY)  # October is a whole month: compared with September
FIGURES: dict[str, Callable[[World], float]] = {
    "spend_usd": lambda w: usd(spend(w)),
    "spend_reported_usd": lambda w: usd(total(w.rows("costs"), "reported_nanos")),
    "tokens": lambda w: tokens(w, *FOUR),
    "cache_hit_share": lambda w: (
        tokens(w, "cacheRead") / tokens(w, "cacheRead", "cacheCreation", "input")
    ),
    "cache_savings_usd": saved,
    "unpriced_tokens": lambda w: total(w.rows("usage"), "unpriced_tokens"),
    "active_people": lambda w: len(people(w)),
    "headcount": lambda w: employed(w, END),
    "adoption_rate": lambda w: len(people(w)) / employed(w, END),
    "new_people": lambda w: len([p for p in people(w) if first_days(w)[p] >= START]),
    "returning_people": lambda w: len([p for p in people(w) if first_days(w)[p] < START]),
    "lapsed_people": lambda w: len(people(w, *BEFORE) - people(w)),
    "active_days": person_days,
    "daily_active_people": lambda w: person_days(w) / 31,
    "stickiness": lambda w: person_days(w) / 31 / len(people(w)),
    "people_matched_share": lambda w: (
        len(people(w) & {r["person"] for r in w.tables["people"]}) / len(people(w))
    ),
    "telemetry_coverage": lambda w: seen_by(w, "by_telemetry", "by_other") / seen_by(w, "by_other"),
    "sessions": sessions,
    "session_starts": lambda w: total(
        (r for r in counted(w, "session_starts") if r["type"] != "agents_view"), "amount"
    ),
    "session_cost_usd_p50": lambda w: quantile(values(w, "sessions", "list_nanos"), 50) / 1e9,
    "session_cost_usd_p95": lambda w: quantile(values(w, "sessions", "list_nanos"), 95) / 1e9,
    "session_minutes_p50": lambda w: statistics.median(values(w, "sessions", "minutes")),
    "session_context_tokens_max": lambda w: max(values(w, "sessions", "context_tokens_max")),
    "large_session_share": lambda w: flagged(w, "is_large"),
    "stuck_session_share": lambda w: flagged(w, "is_stuck"),
    "active_minutes": lambda w: total(counted(w, "active_seconds"), "amount") / 60,
    "prompts": lambda w: total(w.rows("prompts"), "prompts"),
    "prompt_chars_avg": lambda w: (
        total(w.rows("prompts"), "chars") / total(w.rows("prompts"), "measured_prompts")
    ),
    "short_prompt_share": lambda w: (
        total(w.rows("prompts"), "short_prompts") / total(w.rows("prompts"), "measured_prompts")
    ),
    "api_requests": lambda w: len(values(w, "requests", "latency_ms", ok=True)),
    "api_errors": lambda w: len(values(w, "requests", "latency_ms", ok=False)),
    "api_error_share": lambda w: (
        len(values(w, "requests", "latency_ms", ok=False))
        / len(values(w, "requests", "latency_ms"))
    ),
    "api_latency_ms_p50": lambda w: quantile(values(w, "requests", "latency_ms", ok=True), 50),
    "api_latency_ms_p95": lambda w: quantile(values(w, "requests", "latency_ms", ok=True), 95),
    "tool_calls": lambda w: total(w.rows("tool_calls"), "calls"),
    "tool_errors_share": lambda w: (
        len(values(w, "tool_calls", "calls", success="false"))
        / len([r for r in w.rows("tool_calls") if r["success"]])
    ),
    "tool_latency_ms_p50": lambda w: quantile(values(w, "tool_calls", "duration_ms"), 50),
    "tool_latency_ms_p95": lambda w: quantile(values(w, "tool_calls", "duration_ms"), 95),
    "edit_decisions": lambda w: decisions(w, is_edit=True),
    "accept_rate": lambda w: (
        decisions(w, is_edit=True, by_person=True, decision="accept")
        / decisions(w, is_edit=True, by_person=True)
    ),
    "auto_approved_share": lambda w: (
        decisions(w, is_edit=True, by_person=False, decision="accept") / decisions(w, is_edit=True)
    ),
    "tool_reject_rate": lambda w: (
        decisions(w, by_person=True, decision="reject") / decisions(w, by_person=True)
    ),
    "lines_suggested": lambda w: total(counted(w, "lines"), "amount"),
    "commits_by_assistant": lambda w: total(counted(w, "commits"), "amount"),
    "prs_by_assistant": lambda w: total(counted(w, "pull_requests"), "amount"),
    "cost_per_session": lambda w: usd(spend(w)) / sessions(w),
    "cost_per_person": lambda w: usd(spend(w)) / len(people(w)),
    "cost_per_line": lambda w: usd(spend(w)) / total(counted(w, "lines"), "amount"),
    "lines_per_usd": lambda w: total(counted(w, "lines"), "amount") / usd(spend(w)),
    "cost_per_million_tokens": lambda w: usd(spend(w)) * 1e6 / tokens(w, *FOUR),
    "tokens_per_session": lambda w: tokens(w, *FOUR) / sessions(w),
    "sessions_per_person": lambda w: sessions(w) / len(people(w)),
}


@pytest.mark.parametrize("name", FIGURES)
def test_figure_equals_plain_python(name: str, world: World, duck: DuckStore) -> None:
    found = ask(duck, Question((name,), START, END), NOW).value(name)
    assert found == pytest.approx(FIGURES[name](world), rel=1e-9)


def test_money_is_exact_to_the_nano(world: World, duck: DuckStore) -> None:
    answer = ask(duck, Question(("spend_usd", "spend_reported_usd"), START, END), NOW)
    reported = total(world.rows("costs"), "reported_nanos")
    assert answer.rows == ((usd(spend(world)), usd(reported)),)


def team_on(world: World) -> Callable[[Row], str | None]:
    history = defaultdict(list)
    for row in world.tables["people"]:
        history[row["person"]].append(row)

    def team(row: Row) -> str | None:
        valid = [
            r for r in history[row["person"]] if r["valid_from"] <= row["day"] <= r["valid_to"]
        ]
        return (valid[0]["team"] or None) if valid else None

    return team


def test_work_counts_for_the_team_of_that_day(world: World, duck: DuckStore) -> None:
    wanted: dict[str | None, int] = defaultdict(int)
    team = team_on(world)
    for row in world.rows("usage"):
        wanted[team(row)] += row["list_nanos"] or 0
    answer = ask(duck, Question(("spend_usd",), START, END, by=("team",)), NOW)
    assert dict(answer.rows) == {name: usd(nanos) for name, nanos in wanted.items()}


def test_weeks_of_new_returning_and_lapsed_people(world: World, duck: DuckStore) -> None:
    names = ("active_people", "new_people", "returning_people", "lapsed_people")
    start, end = dt.date(2026, 10, 5), dt.date(2026, 11, 1)  # four whole weeks
    answer = ask(duck, Question(names, start, end, by=("week",)), NOW)
    assert len(answer.rows) == 4
    for week, *figures in answer.rows:
        assert isinstance(week, dt.date)
        now, first = people(world, week, week + 6 * DAY), first_days(world)
        gone = people(world, week - 7 * DAY, week - DAY) - now
        new = [p for p in now if first[p] >= week]
        assert figures == [len(now), len(new), len(now) - len(new), len(gone)]


def test_sessions_of_each_size(world: World, duck: DuckStore) -> None:
    wanted: dict[str | None, int] = defaultdict(int)
    for row in world.rows("sessions"):
        wanted[row["session_size"] or None] += 1
    answer = ask(duck, Question(("sessions",), START, END, by=("session_size",)), NOW)
    assert dict(answer.rows) == wanted
