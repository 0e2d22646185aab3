"""Which plan the last full month would have fitted, of one person whom the asker may see."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from steelyard.metrics import shown
from steelyard.metrics.memory import RememberingStore
from steelyard.metrics.period import ONE_DAY, last_full_month
from steelyard.metrics.plan_fit import PlanFit, plan_fit
from steelyard.metrics.plans import Plan
from steelyard.metrics.question import Question
from steelyard.metrics.sight import OPEN, Sight
from steelyard.metrics.store import Store


def person_fit(
    store: Store,
    person: str,
    day: dt.date,
    today: dt.date,
    sight: Sight = OPEN,
    plans: Sequence[Plan] = (),
) -> PlanFit | None:
    """The fit of the last month that was over on the day; None without use of Claude Code in it.

    The person is called as in the question. Raises NotShown where they may not be seen.
    """
    store = RememberingStore(store, store.data_version())
    start, end = last_full_month(min(day, today - ONE_DAY))
    asked = Question(("spend_usd",), start, end, ("person",), {"person": (person,)})
    seen = sight.on(asked)
    held = shown.limited(shown.meant(store, asked, seen), seen)
    found = plan_fit(store, start, today, held.where["person"], plans)
    return replace(found[0], person=person) if found else None
