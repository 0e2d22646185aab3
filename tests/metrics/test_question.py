"""Questions: parsed from URLs and commands, printed back, refused before any SQL."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import BadValue, UnknownName, UsageError
from steelyard.metrics import CATALOGUE, Question, parse_arguments, parse_query
from steelyard.metrics.period import parse_period, previous

TODAY = dt.date(2026, 11, 22)
TIMES = ("day", "week", "month")
DATES = st.dates(dt.date(2020, 1, 1), dt.date(2030, 1, 1))
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)


@st.composite
def questions(draw: st.DrawFn) -> Question:
    metric = CATALOGUE[draw(st.sampled_from(sorted(CATALOGUE)))]
    by = draw(st.lists(st.sampled_from(metric.dimensions), max_size=3, unique=True))
    where = draw(
        st.dictionaries(
            st.sampled_from([d for d in metric.dimensions if d not in TIMES]),
            st.lists(TEXT, min_size=1, max_size=3).map(tuple),
            max_size=3,
        )
    )
    by += [name for name in metric.needs if name not in by]
    start, end = draw(st.none() | DATES), draw(st.none() | DATES)
    if start and end and start > end:
        start, end = end, start
    compare = draw(st.sampled_from([None, "previous"]))
    return Question((metric.name,), start, end, tuple(by), where, compare)


@given(questions())
def test_a_question_survives_its_url(question: Question) -> None:
    again = parse_query(question.to_query(), TODAY)
    assert again == question
    assert hash(again) == hash(question)
    assert again.to_query() == question.to_query()


def test_a_url_is_short_and_readable() -> None:
    question = Question(
        ("spend_usd", "sessions"),
        dt.date(2026, 8, 1),
        dt.date(2026, 10, 31),
        ("team",),
        {"team": ("payments", "a b")},
        "previous",
    )
    assert question.to_query() == (
        "metrics=spend_usd,sessions&by=team&from=2026-08-01&to=2026-10-31"
        "&where.team=a%20b&where.team=payments&compare=previous"
    )


def test_arguments_and_url_make_the_same_question() -> None:
    said = parse_arguments(
        "spend_usd, tokens", TODAY, by="week", period="4w", where=["team=a=b", "team="]
    )
    url = "?metrics=spend_usd,tokens&by=week&period=4w&where.team=&where.team=a%3Db"
    assert said == parse_query(url, TODAY)
    assert (said.start, said.end) == (dt.date(2026, 10, 26), TODAY)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("7d", dt.date(2026, 11, 16), TODAY),
        ("1d", TODAY, TODAY),
        ("12w", dt.date(2026, 8, 31), TODAY),
        ("month", dt.date(2026, 11, 1), TODAY),
        ("last-month", dt.date(2026, 10, 1), dt.date(2026, 10, 31)),
    ],
)
def test_periods(text: str, start: dt.date, end: dt.date) -> None:
    assert parse_period(text, TODAY) == (start, end)


def test_whole_months_are_compared_with_whole_months() -> None:
    assert previous(dt.date(2026, 3, 1), dt.date(2026, 3, 31)) == (
        dt.date(2026, 2, 1),
        dt.date(2026, 2, 28),
    )
    assert previous(dt.date(2026, 3, 2), dt.date(2026, 3, 8)) == (
        dt.date(2026, 2, 23),
        dt.date(2026, 3, 1),
    )


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"metrics": "spend"}, UnknownName, "metric"),
        ({"metrics": "spend_usd", "by": "teem"}, UnknownName, "dimension"),
        ({"metrics": "spend_usd", "by": "tool"}, UsageError, "cannot be broken down"),
        ({"metrics": "spend_usd", "where": ["day=2026-01-01"]}, UsageError, "not filtered by day"),
        ({"metrics": "spend_usd", "start": "yesterday"}, BadValue, "not a date"),
        ({"metrics": "spend_usd", "period": "0d"}, BadValue, "not a period"),
        ({"metrics": "spend_usd", "period": "7d", "end": "2026-01-01"}, BadValue, "both given"),
        ({"metrics": "spend_usd", "where": ["team"]}, BadValue, "not a filter"),
        ({"metrics": "spend_usd", "compare": "next"}, BadValue, "Cannot compare"),
        ({"metrics": ""}, UsageError, "No metric"),
        ({"metrics": "witness_tokens"}, UsageError, "does not add up across witness"),
        (
            {"metrics": "spend_usd", "start": "2026-02-01", "end": "2026-01-01"},
            BadValue,
            "after the last",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused(
    arguments: dict[str, Any], error: type[UsageError], said: str
) -> None:
    metrics = arguments.pop("metrics")
    with pytest.raises(error, match=said) as raised:
        parse_arguments(metrics, TODAY, **arguments)
    assert raised.value.hint or isinstance(raised.value, UnknownName)


def test_the_nearest_name_is_suggested() -> None:
    with pytest.raises(UnknownName) as raised:
        Question(("spend_used",))
    assert "spend_usd" in raised.value.near
    with pytest.raises(UnknownName, match="parameter"):
        parse_query("metric=spend_usd", TODAY)


def test_one_witness_may_be_chosen_instead_of_listed() -> None:
    assert Question(("witness_tokens",), where={"witness": ("metrics",)}).by == ()


def test_a_question_cannot_be_changed() -> None:
    question = Question(("spend_usd",), where={"team": ("a",)})
    with pytest.raises(TypeError):
        question.where["team"] = ("b",)  # type: ignore[index]
