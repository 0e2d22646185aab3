"""Addresses: what they parse to, and that they print back."""

from __future__ import annotations

import datetime as dt
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams
from tests.web.world import TODAY

from steelyard.errors import BadValue, UnknownName
from steelyard.web import asking, period, view
from steelyard.web.period import Period

DAYS = st.dates(dt.date(2024, 1, 1), TODAY)
PERIODS = st.one_of(
    st.sampled_from(["7d", "28d", "12w", "month", "last-month", "year", "365d", "3d"]).map(
        lambda name: period.named(name, TODAY)
    ),
    st.tuples(DAYS, DAYS).map(lambda pair: Period(min(pair), max(pair))),
)
VALUES = st.lists(st.text(max_size=12), min_size=1, max_size=3, unique=True).map(tuple)
VIEWS = st.builds(
    view.View,
    period=PERIODS,
    by=st.sampled_from(asking.DIMENSIONS),
    compare=st.booleans(),
    where=st.dictionaries(st.sampled_from(asking.DIMENSIONS), VALUES, max_size=3),
    sort=st.sampled_from(["", "-spend_usd", "tokens", "change"]),
    whole=st.booleans(),
)


def read(query: str) -> view.View:
    return view.read(QueryParams(query), TODAY, asking.DIMENSIONS)


@given(VIEWS)
def test_an_address_prints_back_to_itself(shown: view.View) -> None:
    assert read(urlsplit(shown.url("/spend")).query) == shown


@given(PERIODS)
def test_steps_keep_the_length_and_meet(shown: Period) -> None:
    earlier = shown.earlier()
    assert earlier.days == shown.days
    assert earlier.end + dt.timedelta(days=1) == shown.start
    if later := shown.later(TODAY):
        assert later.days == shown.days
        assert later.end <= TODAY


def test_the_defaults_are_the_last_28_days_by_model_compared() -> None:
    shown = read("")
    assert (shown.period.start, shown.period.end) == (dt.date(2026, 10, 26), TODAY)
    assert (shown.by, shown.compare, dict(shown.where)) == ("model", True, {})
    assert shown.url("/spend") == "/spend"


def test_stepping_back_and_forth_returns_to_the_named_period() -> None:
    back = read("").period.earlier().later(TODAY)
    assert back == period.named("28d", TODAY)


def test_parameters_of_others_are_ignored() -> None:
    assert read("utm_source=mail&by=team").by == "team"


@pytest.mark.parametrize(
    "query",
    ["period=fortnight", "from=2026-13-01", "from=2026-11-02&to=2026-11-01", "compare=yesterday"],
)
def test_what_cannot_be_read_says_what_can(query: str) -> None:
    with pytest.raises(BadValue) as raised:
        read(query)
    assert raised.value.hint


@pytest.mark.parametrize("query", ["by=tem", "where.tem=payments"])
def test_unknown_dimensions_suggest_the_nearest(query: str) -> None:
    with pytest.raises(UnknownName) as raised:
        read(query)
    assert "team" in raised.value.hint


def test_phrases_fit_a_sentence() -> None:
    named = {name: period.named(name, TODAY).phrase for name in period.NAMED}
    assert named["28d"] == "in the last 28 days"
    assert named["month"] == "this month"
    assert Period(TODAY, TODAY).phrase == "on 22 Nov 2026"
    two = Period(dt.date(2026, 10, 1), dt.date(2026, 10, 31))
    assert two.phrase == "from 1 Oct to 31 Oct 2026"
