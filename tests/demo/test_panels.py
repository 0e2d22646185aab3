"""Every panel of the published dashboards against what truly happened in the demo company.

The lines asked are those of docs/reference/seed-figures.md; the other side is pandas over the
generator's own account (`frames`).
"""

from __future__ import annotations

import datetime as dt
import re
import shlex
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from tests.demo.company import Loaded, shared_demo
from tests.demo.frames import CLAUDE, Distinct, Frames, Middle, Ratio, Sum, minutes_of

from steelyard.metrics import Question

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "seed-figures.md"
# Charts of the vendor's own dashboard that the published ones do not have.
NATIVE = (
    "spend_usd --by month",
    "active_people,sessions --by day",
    "lines_suggested --by day,type",
    "accept_rate --by day",
    "tool_calls --by tool",
    "prs_by_assistant,commits_by_assistant --by day",
    "spend_usd,lines_suggested,sessions --by person",
)
ASKED = ("user_permanent", "user_temporary", "user_reject", "user_abort")


def by_person(frame: Any) -> Any:
    return frame.source.isin(ASKED)


def accepted(frame: Any) -> Any:
    return by_person(frame) & (frame.decision == "accept")


def auto(frame: Any) -> Any:
    return ~by_person(frame) & (frame.decision == "accept")


def rejected(frame: Any) -> Any:
    return by_person(frame) & (frame.decision == "reject")


def cached(frame: Any) -> Any:
    return frame.token_type == "cacheRead"


def put_in(frame: Any) -> Any:
    return frame.token_type.isin(["input", "cacheRead", "cacheCreation"])


SPENT, SESSIONS = Sum("tokens", "usd"), Distinct("sessions", ("session",))
PEOPLE, LINES = Distinct("sessions", ("person",)), Sum("lines", "amount")
TRUE: dict[str, Any] = {
    "spend_usd": SPENT,
    "spend_reported_usd": SPENT,
    "tokens": Sum("tokens", "tokens"),
    "sessions": SESSIONS,
    "active_people": PEOPLE,
    "sessions_per_person": Ratio(SESSIONS, PEOPLE),
    "cost_per_person": Ratio(SPENT, PEOPLE),
    "cost_per_session": Ratio(SPENT, SESSIONS),
    "cost_per_active_day": Ratio(SPENT, Distinct("sessions", ("person", "day"))),
    "cost_per_million_tokens": Ratio(SPENT, Sum("tokens", "tokens"), 1e6),
    "lines_suggested": LINES,
    "cost_per_line": Ratio(SPENT, LINES),
    "lines_per_usd": Ratio(LINES, SPENT),
    "commits_by_assistant": Sum("sessions", "commits"),
    "prs_by_assistant": Sum("sessions", "pull_requests"),
    "cost_per_assistant_commit": Ratio(SPENT, Sum("sessions", "commits")),
    "cost_per_assistant_pr": Ratio(SPENT, Sum("sessions", "pull_requests")),
    "active_minutes": Sum("active", "minutes"),
    "prompts": Sum("prompts"),
    "prompt_chars_avg": Ratio(Sum("prompts", "chars"), Sum("prompts")),
    "short_prompt_share": Ratio(Sum("prompts", only=lambda f: f.chars < 20), Sum("prompts")),
    "cache_hit_share": Ratio(Sum("tokens", "tokens", cached), Sum("tokens", "tokens", put_in)),
    "edit_decisions": Sum("decisions"),
    "accept_rate": Ratio(Sum("decisions", only=accepted), Sum("decisions", only=by_person)),
    "auto_approved_share": Ratio(Sum("decisions", only=auto), Sum("decisions")),
    "tool_reject_rate": Ratio(Sum("asked", only=rejected), Sum("asked", only=by_person)),
    "tool_calls": Sum("calls"),
    "tool_errors_share": Ratio(Sum("calls", only=lambda f: ~f.success), Sum("calls")),
    "cost_per_tool_call": Ratio(SPENT, Sum("calls")),
    "api_errors": Sum("errors"),
    "api_latency_ms_p50": Middle("requests", "ms"),
    "api_latency_ms_p95": Middle("requests", "ms", 0.95),
    "session_cost_usd_p50": Middle("sessions", "usd"),
    "session_cost_usd_p95": Middle("sessions", "usd", 0.95),
    "session_minutes_p50": Middle("sessions", "minutes"),
    "session_context_tokens_max": Middle("sessions", "context", 1.0),
}
# Told by other tests: what needs the period before, a directory or a rule of its own.
ELSEWHERE = {
    "adoption_rate": "test_adoption_over_time",
    "headcount": "tests/demo/test_figures.py",
    "new_people": "test_adoption_over_time",
    "returning_people": "test_adoption_over_time",
    "lapsed_people": "test_adoption_over_time",
    "cache_savings_usd": "test_cache_savings",
    "large_session_share": "test_large_and_stuck_sessions",
    "stuck_session_share": "test_large_and_stuck_sessions",
}


def lines() -> list[str]:
    found = re.findall(r"steelyard ask ([^`]+)", PAGE.read_text())
    return list(dict.fromkeys((*found, *NATIVE)))


@pytest.fixture(scope="module")
def demo() -> Loaded:
    return shared_demo()


@pytest.fixture(scope="module")
def frames(demo: Loaded) -> Frames:
    return Frames(demo)


def read(line: str, demo: Loaded) -> tuple[list[str], list[str], dict[str, tuple[str, ...]]]:
    """Metrics, dimensions and filters of a line; its person is the busiest one."""
    words = iter(shlex.split(line))
    metrics, by, where = next(words).split(","), [], defaultdict[str, tuple[str, ...]](tuple)
    for word in words:
        if word == "--by":
            by = next(words).split(",")
        elif word == "--where":
            name, _, value = next(words).partition("=")
            where[name] += (value,)
    if "person" in where:
        where["person"] = (str(demo.truth.sessions.person.value_counts().idxmax()),)
    return metrics, by, dict(where)


@pytest.mark.parametrize("line", lines())
def test_panel(line: str, demo: Loaded, frames: Frames) -> None:
    metrics, by, where = read(line, demo)
    unknown = [name for name in metrics if name not in TRUE and name not in ELSEWHERE]
    assert not unknown, f"nothing says what {unknown} truly are"
    shape = demo.company.shape
    filters = {"assistant": (CLAUDE,), **where}
    for name in [each for each in metrics if each in TRUE]:
        asked = Question((name,), shape.first, shape.end, tuple(by), filters)
        rows = demo.house.ask(asked).records()
        answer = {tuple(row[d] or "" for d in by): row[name] for row in rows if row[name]}
        names = {"app_version": "version"}
        true = TRUE[name].by(frames, [names.get(d, d) for d in by], where)
        near = 1e-6 if name == "session_minutes_p50" else 1e-9  # times are whole milliseconds
        assert answer == pytest.approx({k: v for k, v in true.items() if v}, rel=near), name
        assert answer, name


def test_adoption_over_time(demo: Loaded) -> None:
    """Active, new, returning and lapsed people week by week, and the share of everybody."""
    sessions, shape, staff = demo.truth.sessions, demo.company.shape, demo.company.staff
    week = dt.timedelta(days=7)
    first = sessions.groupby("person").day.min()
    before: set[str] = set()
    for number in range(shape.weeks):
        start = shape.first + number * week
        end = min(start + week - dt.timedelta(days=1), shape.end)
        here = set(sessions[sessions.day.between(start, end)].person)
        new = {person for person in here if first[person] >= start}
        there = sum(member.is_employed(end) for member in staff.members)
        names = ("active_people", "new_people", "returning_people", "adoption_rate", "headcount")
        row = next(demo.house.ask(Question(names, start, end)).records())
        counts = (len(here), len(new), len(here - new), len(here) / there, there)
        assert row == pytest.approx(dict(zip(names, counts, strict=True))), start
        if end - start == week - dt.timedelta(days=1):
            lapsed = demo.house.ask(Question(("lapsed_people",), start, end)).value("lapsed_people")
            assert lapsed == len(before - here), start
        before = here


def test_cache_savings(demo: Loaded) -> None:
    """What the cache's tokens would have cost as input, minus what they did."""
    from steelyard.demo import rates

    saved = 0
    for made in demo.company.sessions:
        for call in made.requests:
            for kind, count, hour in (
                ("cacheRead", call.read, 0),
                ("cacheCreation", call.created, call.hour),
            ):
                plain = rates.nanos(call.model, "input", count, made.day)
                saved += plain - rates.nanos(call.model, kind, count, made.day, hour)
    shape = demo.company.shape
    answer = demo.house.ask(Question(("cache_savings_usd",), shape.first, shape.end))
    assert answer.value("cache_savings_usd") == pytest.approx(saved / 1e9, rel=1e-12)


def test_large_and_stuck_sessions(demo: Loaded, frames: Frames) -> None:
    """By the rules of the catalogue, from what each session did."""
    large = stuck = 0
    for made in frames.made:
        uses = made.tools
        kept = any(use.decision == "accept" and use in made.edits for use in uses)
        no = sum(use.source in ASKED and use.decision == "reject" for use in uses)
        idle = minutes_of(made) > 30 and not made.commits and not kept
        large += max((call.context for call in made.requests), default=0) > 500_000
        stuck += idle or no > 10 or len(made.errors) > 3
    shape, where = demo.company.shape, {"assistant": (CLAUDE,)}
    names = ("large_session_share", "stuck_session_share")
    row = next(demo.house.ask(Question(names, shape.first, shape.end, where=where)).records())
    count = len(frames.made)
    assert row == pytest.approx({names[0]: large / count, names[1]: stuck / count})
