"""What this month's spend will come to: what was spent, and what the days left usually bring.

The days left count as much as the same weekdays of the last four weeks. The interval is one for a
further amount of that kind: weeks differ among themselves, and of few weeks little is known.
"""

from __future__ import annotations

import datetime as dt
import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass

from steelyard.metrics.answer import Answer
from steelyard.metrics.period import bucket_of, next_bucket
from steelyard.metrics.question import Question
from steelyard.metrics.questions.intervals import student

LEVEL = 0.9
PATTERN = 4  # weeks whose weekdays are the pattern
SEEN = 8  # weeks that tell how much weeks differ
LEAST = 14  # days, below which nothing is said
STALE = 3  # days without any record, after which nothing is said
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Forecast:
    """The month's spend at its end, in US dollars, and 90 % limits of it.

    month  its first day
    spent  so far, today included
    value, low, high  None where nothing can be said, and `why` says why
    """

    month: dt.date
    spent: float = 0.0
    value: float | None = None
    low: float | None = None
    high: float | None = None
    why: str = ""


def question(today: dt.date, where: Mapping[str, tuple[str, ...]]) -> Question:
    """What has to be asked: spend per day of this month and of the weeks before today."""
    start = min(bucket_of(today, "month"), today - SEEN * 7 * _DAY)
    return Question(("spend_usd",), start, today, ("day",), dict(where))


def of_answer(answer: Answer, today: dt.date) -> Forecast:
    """The forecast from the answer to `question`. A day without a known price leaves a floor."""
    at = [column.name for column in answer.columns]
    day, spend = at.index("day"), at.index("spend_usd")
    known = {row[day]: float(row[spend] or 0.0) for row in answer.rows}  # type: ignore[arg-type]
    first, last = answer.coverage.first_day, answer.coverage.last_day
    if not known or first is None or last is None:
        return Forecast(bucket_of(today, "month"), why="nothing is recorded in the last weeks")
    if (quiet := (today - last).days) > STALE:
        return Forecast(bucket_of(today, "month"), why=f"nothing came in for {quiet} days")
    start = max(first, answer.question.start or first)
    return month_end(
        {
            start + n * _DAY: known.get(start + n * _DAY, 0.0)
            for n in range((today - start).days + 1)
        },
        today,
    )


def month_end(days: Mapping[dt.date, float], today: dt.date) -> Forecast:
    """From the spend of each recorded day up to today; today is not over and counts only as spent.

    Whole weeks before today make the pattern, so there must be two of them.
    """
    month = bucket_of(today, "month")
    spent = sum(amount for day, amount in days.items() if day >= month)
    weeks = _weeks(days, today)
    if len(weeks) * 7 < LEAST:
        return Forecast(month, spent, why=f"needs {LEAST} recorded days")
    pattern = [statistics.fmean(each) for each in zip(*weeks[:PATTERN], strict=True)]
    left = (next_bucket(month, "month") - today).days
    # The pattern begins with today's weekday. What came in today is no longer expected.
    usual = [pattern[n % 7] for n in range(left)]
    rest = max(usual[0] - days.get(today, 0.0), 0.0) + sum(usual[1:])
    width = _width(weeks, rest, sum(pattern))
    return Forecast(
        month, spent, spent + rest, spent + max(rest - width, 0.0), spent + rest + width
    )


def _weeks(days: Mapping[dt.date, float], today: dt.date) -> list[list[float]]:
    """Seven days each, from today's weekday on, the latest first; only whole ones."""
    found: list[list[float]] = []
    for back in range(1, SEEN + 1):
        week = [today - (7 * back - n) * _DAY for n in range(7)]
        if any(day not in days for day in week):
            break
        found.append([days[day] for day in week])
    return found


def _width(weeks: list[list[float]], rest: float, usual: float) -> float:
    """Half an interval for a sum of `rest`, counted in usual weeks: the weeks to come differ as
    those seen did, and the mean of the pattern is itself uncertain."""
    if not usual:
        return 0.0
    ahead = rest / usual
    spread = statistics.stdev(sum(week) for week in weeks)
    error = math.sqrt(ahead + ahead**2 / min(len(weeks), PATTERN))
    return student(len(weeks) - 1, LEVEL) * spread * error
