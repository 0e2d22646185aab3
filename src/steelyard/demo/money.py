"""Bills and a survey: seats by the month, metered use with a discount, and three questions."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator

from steelyard import model
from steelyard.demo import words
from steelyard.demo.shape import Shape
from steelyard.demo.staff import Staff
from steelyard.demo.use import Session

SEAT_USD = 100
DISCOUNT = 8  # percent off the list price of metered use
PROVIDERS = {"claude-code": "anthropic", "codex": "openai", "gemini-cli": "google"}
_NANOS = 1_000_000_000


def bills(shape: Shape, staff: Staff, sessions: Iterable[Session]) -> Iterator[model.BillingLine]:
    """A line a month for seats, and a line a month and assistant for metered use."""
    used: dict[tuple[dt.date, str], int] = defaultdict(int)
    for made in sessions:
        if not is_covered(made):
            used[made.day.replace(day=1), made.assistant] += made.list_nanos
    for first, last in months(shape):
        month = first.replace(day=1)
        seats = sum(m.is_seat and m.is_employed(last) for m in staff.members)
        yield _line(first, last, "seat", "claude-code", seats * SEAT_USD * _NANOS, seats)
        for assistant in PROVIDERS:
            listed = used.get((month, assistant), 0)
            if listed:
                yield _line(first, last, "tokens", assistant, listed * (100 - DISCOUNT) // 100)


def is_covered(made: Session) -> bool:
    """Whether a seat pays for a session: then its list price is notional."""
    return made.assistant == "claude-code" and made.person.is_seat


def months(shape: Shape) -> Iterator[tuple[dt.date, dt.date]]:
    """First and last day of each month, as far as the company goes."""
    first = shape.first
    while first <= shape.end:
        following = (first.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
        yield first, min(following - dt.timedelta(days=1), shape.end)
        first = following


def _line(
    first: dt.date, last: dt.date, kind: str, assistant: str, amount: int, seats: int = 0
) -> model.BillingLine:
    return model.BillingLine(
        key=f"{first:%Y-%m}:{kind}:{assistant}",
        first_day=first,
        last_day=last,
        amount_nanos=amount,
        cost_type=kind,
        assistant=assistant,
        provider=PROVIDERS[assistant],
        description=f"{seats} seats" if seats else "metered use",
    )


def survey(shape: Shape, staff: Staff) -> Iterator[model.SurveyAnswer]:
    """Two rounds; two in three answer."""
    dice = shape.dice(6)
    for number, day in enumerate((shape.week(0.2), shape.week(0.85))):
        for member in staff.members:
            if dice.random() > 0.66 or not member.is_employed(day):
                continue
            for question in words.QUESTIONS:
                yield model.SurveyAnswer(
                    key=f"{number}:{member.number}:{question}",
                    survey=f"Developer survey {number + 1}",
                    question=question,
                    day=day,
                    respondent=f"email:{member.email}",
                    score=float(dice.choice([2, 3, 4, 5], p=[0.1, 0.3, 0.4, 0.2])),
                    scale_max=5.0,
                )
