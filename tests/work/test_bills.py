"""Bills are spread to the nano; what vendors counted is kept beside, never added."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.warehouse.opened import examples

from steelyard.model import BillingLine, UsageDay

from .world import World

FIRST = dt.date(2026, 10, 1)


def line(key: str, nanos: int, days: int, **said: Any) -> BillingLine:
    last = FIRST + dt.timedelta(days=days - 1)
    return BillingLine(key=key, first_day=FIRST, last_day=last, amount_nanos=nanos, **said)


def test_what_does_not_divide_goes_to_the_first_days(world: World) -> None:
    world.tell([line("1", 11, 3, provider="anthropic")], "report")
    world.build()
    rows = world.rows("bills", "day", "usd_nanos", "provider", "bill_source")
    assert [row[1] for row in rows] == [4, 4, 3]
    assert {row[2:] for row in rows} == {("anthropic", "report")}
    assert rows[-1][0] == dt.date(2026, 10, 3)


@settings(
    max_examples=examples(15),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(nanos=st.integers(-(10**17), 10**17), days=st.integers(1, 366))
def test_the_days_sum_to_the_line(world: World, nanos: int, days: int) -> None:
    world.tell([line("1", nanos, days)], "report")
    world.build()
    shares = [row[0] for row in world.rows("bills", "amount_nanos")]
    assert (len(shares), sum(shares)) == (days, nanos)
    assert max(shares) - min(shares) <= 1


def test_other_currencies_are_not_dollars(world: World) -> None:
    world.tell([line("1", 5, 1, currency="EUR"), line("2", -7, 1, currency="usd")], "invoices")
    world.build()
    rows = world.rows("bills", "currency", "amount_nanos", "usd_nanos")
    assert rows == [("EUR", 5, None), ("USD", -7, -7)]


def test_what_a_vendor_counted(world: World) -> None:
    who = {"day": FIRST, "assistant": "claude-code", "actor": "email:Ada@acme.example".lower()}
    tokens = UsageDay(
        key="1",
        **who,
        model="opus",
        input_tokens=10,
        output_tokens=0,
        cache_creation_tokens=9,
        cache_creation_1h_tokens=4,
        list_nanos=77,
    )
    counts = UsageDay(key="2", **who, sessions=3, accepted=5, rejected=1)
    world.tell([tokens, counts], "analytics")
    world.build()
    columns = ("person", "model", "token_type", "cache_ttl", "tokens", "list_nanos", "sessions")
    ada = "ada@acme.example"
    assert world.rows("vendor_days", *columns) == [
        (ada, "", "", "", None, None, 3),
        (ada, "opus", "", "", None, 77, None),
        (ada, "opus", "cacheCreation", "1h", 4, None, None),
        (ada, "opus", "cacheCreation", "5m", 5, None, None),
        (ada, "opus", "input", "", 10, None, None),
        (ada, "opus", "output", "", 0, None, None),
    ]


def test_two_sources_stand_side_by_side(world: World) -> None:
    day = UsageDay(key="1", day=FIRST, assistant="claude-code", sessions=3)
    world.tell([day], "analytics")
    world.tell([day], "enterprise")
    world.build()
    rows = world.rows("vendor_days", "source", "sessions", "person")
    assert rows == [("analytics", 3, ""), ("enterprise", 3, "")]
