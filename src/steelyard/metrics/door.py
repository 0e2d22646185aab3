"""The one door for numbers: a Question in, an Answer out, remembered while the facts stand still.

Nothing heavy is imported before the first question.
"""

from __future__ import annotations

import datetime as dt
import threading
import weakref
from collections import OrderedDict
from typing import TYPE_CHECKING

from steelyard.metrics.question import Question

if TYPE_CHECKING:
    from steelyard.metrics.answer import Answer
    from steelyard.metrics.store import Store

REMEMBERED = 512  # answers per warehouse
_Key = tuple[Question, int, dt.date, bool]

_answers: weakref.WeakKeyDictionary[Store, OrderedDict[_Key, Answer]] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def ask(warehouse: Store, question: Question, now: dt.datetime, totals: bool = False) -> Answer:
    """Answer the question from the warehouse's facts.

    `now` (aware) decides which day is today. With `totals` the same question is also asked
    without its breakdown. The same question on the same version of the facts and the same day is
    answered from memory.
    """
    from steelyard.metrics.pipeline import answer

    today = now.astimezone(dt.UTC).date()
    key = (question, warehouse.data_version(), today, totals)
    with _lock:
        known = _answers.setdefault(warehouse, OrderedDict())
        if key in known:
            known.move_to_end(key)
            return known[key]
    found = answer(warehouse, question, now, totals)
    with _lock:
        known[key] = found
        while len(known) > REMEMBERED:
            known.popitem(last=False)
    return found
