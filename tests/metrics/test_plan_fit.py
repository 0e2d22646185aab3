"""Which plan a month would have fitted: whole months, ranges, savings only where they are known."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import BadFile, BadValue
from steelyard.metrics import plan_fit as module
from steelyard.metrics.plan_fit import PlanFit, Window, plan_fit, totals, verdict
from steelyard.metrics.plans import COLUMNS, own_plans, packaged_plans, valid

from .engines import ChdbStore, DuckStore
from .test_ask import put

MONTH, TODAY = dt.date(2026, 10, 1), dt.date(2026, 11, 3)
DAY = dt.date(2026, 10, 5)
USD = 10**9
PLANS = {plan.name: plan for plan in packaged_plans()}


def at(hour: float) -> dt.datetime:
    return dt.datetime(2026, 10, 5) + dt.timedelta(hours=hour)


def session(store: DuckStore, first: float, last: float, prompts: int, **said: Any) -> None:
    row = {"assistant": "claude-code", "person": "ada", "worked": True, "day": DAY, "plan": ""}
    times = {"first_time": at(first), "last_time": at(last)}
    put(store, "session_days", **(row | times | {"prompts": prompts, "requests": prompts} | said))


def spend(store: DuckStore, usd: float | None, **said: Any) -> None:
    row = {"assistant": "claude-code", "person": "ada", "day": DAY, "token_type": "input"}
    nanos = None if usd is None else int(usd * USD)
    put(store, "usage", tokens=9, list_nanos=nanos, unpriced_tokens=9 * (usd is None), **row | said)


def fit(store: Any, person: str = "ada") -> PlanFit:
    (found,) = plan_fit(store, MONTH, TODAY, [person])
    return found


def test_a_light_month_fits_the_smallest_plan_or_the_api(empty: DuckStore) -> None:
    session(empty, 9, 10, 8)
    spend(empty, 35)
    ada = fit(empty)
    assert (ada.window, ada.fits["pro"], ada.cheapest) == (Window(8, 8), "fits", "pro")
    assert ada.cheapest_nanos == 20 * USD
    spend(empty, 3, person="bob")
    assert fit(empty, "bob").cheapest == "api"


def test_no_saving_is_claimed_without_todays_plan(empty: DuckStore) -> None:
    session(empty, 9, 10, 8)
    spend(empty, 35)
    ada = fit(empty)
    assert (ada.today, ada.today_nanos, ada.saving_nanos) == ("", None, None)
    assert "Telemetry names no plan." in ada.reasons


def test_a_plan_that_telemetry_cannot_tell_apart_has_no_price(empty: DuckStore) -> None:
    session(empty, 9, 10, 8, plan="Max")
    spend(empty, 35)
    ada = fit(empty)
    assert (ada.today, ada.saving_nanos) == ("max", None)
    session(empty, 9, 10, 8, plan="team", person="bob")
    session(empty, 12, 13, 8, plan="pro", person="bob")
    assert fit(empty, "bob").reasons[0] == "Telemetry names several plans in this month."


def test_the_saving_against_today(empty: DuckStore) -> None:
    session(empty, 9, 10, 8, plan="pro")
    spend(empty, 4)
    ada = fit(empty)
    assert (ada.cheapest, ada.today, ada.saving_nanos) == ("api", "pro", 16 * USD)
    found = totals([ada])
    assert (found.people, found.with_saving, found.saving_nanos) == (1, 1, 16 * USD)


def test_an_own_file_tells_plans_apart(empty: DuckStore, tmp_path: Path) -> None:
    file = tmp_path / "plans.csv"
    file.write_text(
        ",".join(COLUMNS)
        + "\nseat,Our seat,team,30,2026-01-01,9999-12-31,40,90,high,contract"
        + "\napi,API,,,2026-01-01,9999-12-31,,,high,contract\n"
    )
    session(empty, 9, 10, 8, plan="team")
    spend(empty, 25)
    (ada,) = plan_fit(empty, MONTH, TODAY, plans=own_plans(file))
    assert (ada.today_nanos, ada.cheapest, ada.saving_nanos) == (30 * USD, "api", 5 * USD)


def test_the_busiest_window_is_a_range(empty: DuckStore) -> None:
    session(empty, 8, 9, 60)
    session(empty, 12, 20, 70)  # longer than a window: none of it is certain to lie in one
    ada = fit(empty)
    assert ada.window == Window(60, 130)
    assert ada.fits == {
        "api": "fits",
        "pro": "does not fit",
        "max-5x": "may not fit",
        "max-20x": "fits",
        "team-standard": "unknown",
        "team-premium": "unknown",
    }
    assert ada.cheapest == "max-20x"


def test_prompts_nobody_told_of_are_unknown_not_none(empty: DuckStore) -> None:
    session(empty, 8, 9, 0, tokens=500)  # metrics alone
    spend(empty, 500)
    ada = fit(empty)
    assert ada.window == Window(0, None)
    assert {ada.fits[name] for name in PLANS} == {"fits", "unknown"}
    assert ada.cheapest == "api"


def test_without_a_price_of_all_models_the_api_is_no_candidate(empty: DuckStore) -> None:
    session(empty, 9, 10, 8)
    spend(empty, 1)
    spend(empty, None, model="house-model")
    ada = fit(empty)
    assert (ada.list_nanos, ada.cheapest) == (None, "pro")
    assert any("without a list price" in reason for reason in ada.reasons)


def test_nothing_is_known_to_fit(empty: DuckStore) -> None:
    session(empty, 8, 10, 5000)
    ada = fit(empty)
    assert (ada.cheapest, ada.cheapest_nanos) == ("", None)
    found = totals([ada])
    assert (found.unknown_cheapest, found.unknown_today) == (1, 1)


def test_only_whole_months(empty: DuckStore) -> None:
    with pytest.raises(BadValue, match="October 2026 is not over"):
        plan_fit(empty, MONTH, dt.date(2026, 10, 31))
    spend(empty, 5, day=dt.date(2026, 11, 1))
    assert plan_fit(empty, MONTH, dt.date(2026, 11, 1)) == ()


def test_other_assistants_and_nobody_are_left_out(empty: DuckStore) -> None:
    spend(empty, 5, assistant="codex")
    spend(empty, 5, person="")
    assert plan_fit(empty, MONTH, TODAY) == ()


def test_plans_are_dated_and_say_where_they_are_from() -> None:
    assert len({plan.name for plan in valid(PLANS.values(), DAY)}) == len(PLANS)
    assert all(plan.source and plan.confidence in ("low", "high") for plan in PLANS.values())
    assert valid(PLANS.values(), dt.date(2024, 1, 1)) == ()


@pytest.mark.parametrize(
    "line", ["x,X,,a lot,2026-01-01,9999-12-31,,,low,s", "x,X,,5,soon,,1,2,low,s"]
)
def test_a_line_that_is_no_plan_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "plans.csv"
    file.write_text(",".join(COLUMNS) + f"\n{line}\n")
    with pytest.raises(BadFile, match="line 2"):
        own_plans(file)


STRETCHES = st.lists(
    st.tuples(st.integers(0, 2000), st.integers(0, 900), st.integers(0, 50)), max_size=8
)


@given(told=STRETCHES, picks=st.lists(st.integers(0, 900), max_size=50))
def test_the_true_busiest_window_lies_in_the_range(
    told: list[tuple[int, int, int]], picks: list[int]
) -> None:
    """Minutes of prompts that only the test knows, somewhere in their sessions."""
    minute = dt.timedelta(minutes=1)
    sessions = [
        module._Stretch(at(0) + first * minute, at(0) + (first + length) * minute, n)
        for first, length, n in told
    ]
    spots = [*picks, 0]
    prompts = [
        first + spots[i % len(spots)] % (length + 1) for first, length, n in told for i in range(n)
    ]
    true = max((sum(t <= p <= t + 300 for p in prompts) for t in prompts), default=0)
    least, most = module.busiest(sessions)
    assert least <= true <= most


@given(st.integers(0, 900), st.integers(0, 900))
def test_more_prompts_never_fit_better(one: int, more: int) -> None:
    order = ["fits", "may not fit", "does not fit"]
    for name in ("pro", "max-5x", "max-20x"):
        before = verdict(Window(one, one), PLANS[name])
        after = verdict(Window(one + more, one + more), PLANS[name])
        assert order.index(before) <= order.index(after)


def test_clickhouse_gives_the_same(duck: DuckStore, clickhouse: ChdbStore) -> None:
    found = plan_fit(duck, MONTH, TODAY)
    assert plan_fit(clickhouse, MONTH, TODAY) == found
    assert len(found) > 100
