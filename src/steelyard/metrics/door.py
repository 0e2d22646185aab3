"""The one door for numbers: a Question in, an Answer out, remembered while the facts stand still.

Nothing heavy is imported before the first question.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from steelyard.metrics.memory import PerStore, RememberingStore
from steelyard.metrics.question import Question
from steelyard.metrics.sight import OPEN, Sight

if TYPE_CHECKING:
    from steelyard.metrics.answer import Answer
    from steelyard.metrics.store import Store

REMEMBERED = 512  # answers per warehouse

_answers: PerStore[Answer] = PerStore(REMEMBERED)


def ask(
    warehouse: Store,
    question: Question,
    now: dt.datetime,
    totals: bool = False,
    sight: Sight = OPEN,
) -> Answer:
    """Answer the question from the warehouse's facts.

    `now` (aware) decides which day is today. With `totals` the same question is also asked
    without its breakdown. The same question on the same version of the facts and the same day is
    answered from memory. Raises NotShown where the answer would show more than the sight.
    """
    from steelyard.metrics.pipeline import answer

    seen = sight.on(question)  # all of the sight that can change the answer, and no more
    today = now.astimezone(dt.UTC).date()
    version = warehouse.data_version()
    key = (question, seen, version, today, totals)
    store = RememberingStore(warehouse, version)
    return _answers.of(warehouse).found(key, lambda: answer(store, question, now, totals, seen))
