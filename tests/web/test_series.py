"""What buckets without a row hold: nothing, or nobody knows."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from steelyard.metrics import Question
from steelyard.metrics.answer import Answer, Column, Coverage
from steelyard.web.period import Period
from steelyard.web.series import course, sparks, stack
from steelyard.web.view import View

MONDAY = dt.date(2026, 7, 6)
TODAY = MONDAY + dt.timedelta(days=8)
VIEW = View(Period(MONDAY, TODAY))


def day(number: int) -> dt.date:
    return MONDAY + dt.timedelta(days=number)


def answer(metric: str, first: int | None, last: int | None, by: tuple[str, ...] = ()) -> Answer:
    """A week and two days; rows on Tuesday and Thursday, records from `first` to `last`."""
    columns = (
        *(Column(name, "dimension") for name in ("day", *by)),
        Column(metric, "metric", metric=metric),
    )
    rows = tuple((day(at), *("opus" for _ in by), at) for at in (1, 3))
    covered = Coverage(
        first_day=None if first is None else day(first),
        last_day=None if last is None else day(last),
    )
    question = Question((metric,), MONDAY, TODAY, ("day", *by))
    return Answer(question, columns, rows, dt.datetime(2026, 7, 14, tzinfo=dt.UTC), covered)


def drawn(metric: str, first: int | None, last: int | None) -> list[str]:
    chart = course(VIEW, answer(metric, first, last), TODAY, {})
    return [bucket.points[0].data for bucket in chart.buckets]


def test_a_day_without_use_between_records_is_zero() -> None:
    assert drawn("sessions", 0, 4) == ["0", "1", "0", "3", "0", "", "", "", ""]


def test_after_the_last_record_nothing_is_known() -> None:
    assert drawn("sessions", 1, 3) == ["", "1", "0", "3", "", "", "", "", ""]
    assert sparks(VIEW, answer("sessions", 1, 3), TODAY) == {
        "sessions": [None, 1, 0.0, 3, None, None, None, None]
    }


def test_a_zero_after_the_last_record_is_not_drawn() -> None:
    """Whoever is employed makes a row a day, whether anybody worked or not."""
    found = answer("active_people", 1, 3)
    found = replace(found, rows=tuple((day(at), 3 if at < 4 else 0) for at in range(9)))
    chart = course(VIEW, found, TODAY, {})
    assert [bucket.points[0].data for bucket in chart.buckets] == [*"3333", *[""] * 5]


def test_ratios_have_gaps_and_without_coverage_nothing_is_zero() -> None:
    assert drawn("cost_per_session", 0, 8) == ["", "1", "", "3", "", "", "", "", ""]
    assert drawn("sessions", None, None) == ["", "1", "", "3", "", "", "", "", ""]


def test_a_stack_ends_with_the_last_record() -> None:
    chart = stack(VIEW, answer("spend_usd", 1, 3, ("model",)), "spend_usd", "model", TODAY)
    assert [bucket.points[0].known for bucket in chart.buckets] == [
        *(False, True, True, True),
        *(False,) * 5,
    ]
    assert [bucket.total.known for bucket in chart.buckets if bucket.total] == [
        *(False, True, True, True),
        *(False,) * 5,
    ]
