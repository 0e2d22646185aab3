"""The forecast of a month: right on a steady course, honest about what it cannot know."""

from __future__ import annotations

import datetime as dt
import random

import pytest

from steelyard.metrics.forecast import LEVEL, Forecast, month_end

TODAY = dt.date(2026, 11, 18)
DAY = dt.timedelta(days=1)
END = dt.date(2026, 11, 30)


def steady(day: dt.date) -> float:
    return 0.0 if day.weekday() > 4 else 100.0 + 10 * day.weekday()


def course(first: dt.date, today: dt.date = TODAY) -> dict[dt.date, float]:
    """Every day the same as its weekday always is; of today nothing has come in yet."""
    days = [first + n * DAY for n in range((today - first).days)]
    return {day: steady(day) for day in days} | {today: 0.0}


def test_a_steady_course_goes_on() -> None:
    found = month_end(course(TODAY - 60 * DAY), TODAY)
    month = [dt.date(2026, 11, 1) + n * DAY for n in range(30)]
    assert found.spent == sum(steady(day) for day in month if day < TODAY)
    assert found.value == pytest.approx(sum(map(steady, month)))
    assert found.low == found.high == found.value


def test_what_came_in_today_is_not_expected_twice() -> None:
    days = course(TODAY - 60 * DAY)
    nothing = month_end(days, TODAY).value
    assert month_end(days | {TODAY: 50.0}, TODAY).value == pytest.approx(nothing)
    more = month_end(days | {TODAY: 500.0}, TODAY).value
    assert more == pytest.approx(nothing + 500 - steady(TODAY))  # type: ignore[operator]


def test_on_the_last_day_only_today_is_left() -> None:
    found = month_end(course(END - 60 * DAY, END), END)
    assert found.value == pytest.approx(found.spent + steady(END))


@pytest.mark.parametrize(("recorded", "said"), [(0, False), (13, False), (14, True), (20, True)])
def test_two_weeks_are_needed(recorded: int, said: bool) -> None:
    found = month_end(course(TODAY - recorded * DAY), TODAY)
    assert (found.value is not None) is said
    assert bool(found.why) is not said


def test_few_weeks_give_a_wide_interval() -> None:
    chance = random.Random(4)
    days = {
        day: amount * chance.uniform(0.6, 1.4) for day, amount in course(TODAY - 60 * DAY).items()
    }

    def width(recorded: int) -> float:
        found = month_end({d: v for d, v in days.items() if d >= TODAY - recorded * DAY}, TODAY)
        assert found.high is not None and found.low is not None
        return found.high - found.low

    assert width(14) > 2 * width(56)


def simulated(chance: random.Random, between: float, kept: float) -> tuple[Forecast, float]:
    """A company whose weeks and days differ by chance; how much of a week's level is `kept` by the
    next. The forecast is made on some day of the month, before its end is known."""
    today = dt.date(2026, 11, 1) + chance.randrange(30) * DAY
    days, level = {}, 0.0
    for n in range((END - today).days + 71):
        day = today - 70 * DAY + n * DAY
        if day.weekday() == 0:
            level = kept * level + chance.gauss(0, between)
        days[day] = steady(day) * max(1 + level + chance.gauss(0, 0.25), 0.0)
    seen = {day: amount for day, amount in days.items() if day < today} | {today: 0.0}
    truth = sum(amount for day, amount in days.items() if day.month == 11)
    return month_end(seen, today), truth


@pytest.mark.parametrize(("between", "kept"), [(0.0, 0.0), (0.15, 0.0), (0.1, 0.6)])
def test_the_interval_holds_the_truth_as_often_as_it_says(between: float, kept: float) -> None:
    chance, times, held = random.Random(11), 1500, 0
    for _ in range(times):
        found, truth = simulated(chance, between, kept)
        assert found.low is not None and found.high is not None
        held += found.low - 1e-6 <= truth <= found.high + 1e-6
    assert LEVEL - 0.04 <= held / times <= 0.985
