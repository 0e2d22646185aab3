"""The door for named questions: a name and terms in, a QuestionAnswer out, remembered like answers.

Nothing heavy is imported before the first question.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from steelyard import currency
from steelyard.errors import BadValue, UnknownName
from steelyard.metrics.answer import Answer, Note
from steelyard.metrics.catalogue import metric
from steelyard.metrics.door import ask
from steelyard.metrics.facts import DIMENSIONS, TIME_DIMENSIONS
from steelyard.metrics.memory import PerStore, RememberingStore
from steelyard.metrics.question import Question
from steelyard.metrics.questions.panel import Panel, QuestionAnswer, Terms
from steelyard.metrics.sight import OPEN, Sight

if TYPE_CHECKING:
    from steelyard.metrics.store import Store

QUESTIONS: dict[str, str] = {
    "roi": "What does it cost per what shipped?",
    "experience": "Does experience change how people work with it?",
    "pricing": "Is it on the right price?",
    "stuck": "Where are people stuck?",
    "bugs": "Are bugs fixed faster?",
    "adoption": "Where does adoption stall?",
    "reconciliation": "Do list price, clients and bills agree?",
}
REMEMBERED = 64
# Said by the panels themselves.
_ELSEWHERE = frozenset({"undefined_ratio"})
_answers: PerStore[QuestionAnswer] = PerStore(REMEMBERED)


def parse_terms(today: dt.date, **said: Any) -> Terms:
    """Terms from a command's words: start, end, period, and `where` as DIM=VALUE texts."""
    from steelyard.metrics.question import parse_arguments

    where: Sequence[str] = said.pop("where", ())
    dates = parse_arguments("spend_usd", today, **said)
    filters: dict[str, tuple[str, ...]] = {}
    for text in where:
        name, equals, value = text.partition("=")
        if not equals:
            raise BadValue(f"{text!r} is not a filter.", "Write --where team=payments.")
        filters[name.strip()] = (*filters.get(name.strip(), ()), value)
    return Terms(dates.start, dates.end, tuple(sorted(filters.items())))


def answer_question(
    warehouse: Store, name: str, terms: Terms, now: dt.datetime, sight: Sight = OPEN
) -> QuestionAnswer:
    """Answer a named question over the terms' days. `now` (aware) decides which day is today.

    Raises UnknownName for a question or dimension that there is not, NotShown where the filters
    lead to what the sight does not allow. Panels it does not allow are left out.
    """
    _check(name, terms)
    where = dict(terms.where)
    seen = sight.over(frozenset(where), where)
    if not seen.everything:
        terms = replace(terms, min_people=max(terms.min_people, seen.smallest))
    version, today = warehouse.data_version(), now.astimezone(dt.UTC).date()
    key = (name, terms, seen, version, today, currency.shown())  # sentences say amounts
    known = _answers.of(warehouse)
    return known.found(key, lambda: _answer(warehouse, version, name, terms, now, seen))


def _check(name: str, terms: Terms) -> None:
    if name not in QUESTIONS:
        raise UnknownName("question", name, QUESTIONS, f"There are {', '.join(QUESTIONS)}.")
    for dimension, _ in terms.where:
        if dimension not in DIMENSIONS or dimension in TIME_DIMENSIONS:
            raise UnknownName("dimension", dimension, DIMENSIONS)


def _answer(
    warehouse: Store, version: int, name: str, terms: Terms, now: dt.datetime, sight: Sight
) -> QuestionAnswer:
    from steelyard.metrics.questions.asking import Asking

    module = import_module(f"steelyard.metrics.questions.{name}")
    basis = _basis(warehouse, module, terms, now, sight)
    dated = replace(terms, start=basis.question.start, end=basis.question.end)
    store = RememberingStore(warehouse, version)
    asking = Asking(store, dated, now).seen_by(sight)
    sentence, panels = module.answer(asking)
    shown = tuple(panel for panel in panels if panel is not None)
    return QuestionAnswer(
        name,
        QUESTIONS[name],
        dated,
        sentence,
        shown,
        basis.as_of,
        basis.coverage,
        (*_told(basis), *_left_out(module, terms, shown)),
    )


def _basis(warehouse: Store, module: Any, terms: Terms, now: dt.datetime, sight: Sight) -> Answer:
    """One plain answer: the days, how fresh the facts are, what they cover, and warnings."""
    where = dict(terms.where)
    fitting = [n for n in module.METRICS if set(where) <= set(metric(n).dimensions)]
    if not fitting:
        names, last = sorted(where), module.METRICS[0]
        raise BadValue(
            f"This question cannot be filtered by {' and '.join(names)}.",
            f"It can by {', '.join(metric(last).dimensions)}.",
        )
    allowed = sight.allows_dimensions((module.BY, *where))
    by = (module.BY,) if allowed and all(module.BY in metric(n).dimensions for n in fitting) else ()
    question = Question(tuple(fitting), terms.start, terms.end, by, where)
    return ask(warehouse, question, now, sight=sight)


def _told(basis: Answer) -> tuple[Note, ...]:
    return tuple(note for note in basis.warnings if note.code not in _ELSEWHERE)


def _left_out(module: Any, terms: Terms, shown: tuple[Panel, ...]) -> tuple[Note, ...]:
    """Metrics that the filters do not apply to are left out, never shown unfiltered."""
    filters = {name for name, _ in terms.where}
    missing = [n for n in module.METRICS if not filters <= set(metric(n).dimensions)]
    if not missing:
        return ()
    blocking = {d for n in missing for d in filters if d not in metric(n).dimensions}
    message = f"Not known per {' and '.join(sorted(blocking))}, so left out: {', '.join(missing)}."
    return (Note("filter_does_not_apply", message, tuple(missing)),)
