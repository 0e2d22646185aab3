"""The warnings of answers as a reader meets them: once each, with what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from steelyard.metrics import CATALOGUE
from steelyard.metrics.answer import Answer, Note
from steelyard.web import words
from steelyard.web.view import View

# Codes of metrics.ask, and what a reader can do.
ADVICE = {
    "unknown_price": "Add it to your own price file (setting `prices`); past days are priced anew.",
    "unmatched_people": "`steelyard import csv people FILE` adds them.",
}
HARMLESS = frozenset({"no_people", "undefined_ratio"})
# Said elsewhere on the page: in the chart's subtitle, in the footer and in the tiles.
ELSEWHERE = frozenset({"partial_day", "no_data", "not_compared"})


@dataclass(frozen=True)
class Shown:
    """`serious` ones change how a number must be read; the others only inform."""

    code: str
    message: str
    advice: str = ""
    serious: bool = True


def notes(answers: Iterable[Answer], view: View, left_out: tuple[str, ...] = ()) -> list[Shown]:
    """The warnings of all answers, each once, serious ones first."""
    found: dict[tuple[str, str], Shown] = {}
    for answer in answers:
        for note in answer.warnings:
            if note.code not in ELSEWHERE:
                found.setdefault((note.code, note.message), _shown(note))
    shown = [*found.values(), *_unfiltered(view, left_out)]
    return sorted(shown, key=lambda note: not note.serious)


def _shown(note: Note) -> Shown:
    return Shown(note.code, note.message, ADVICE.get(note.code, ""), note.code not in HARMLESS)


def _unfiltered(view: View, left_out: tuple[str, ...]) -> list[Shown]:
    """Metrics the filters do not apply to are left out, and that is said."""
    if not left_out:
        return []
    blocking = sorted(
        {
            words.dimension(name)
            for name in view.where
            for metric in left_out
            if name not in CATALOGUE[metric].dimensions
        }
    )
    names = ", ".join(words.inside(words.metric(name)) for name in left_out)
    message = f"Not known per {' and '.join(blocking)}, so left out here: {names}."
    return [Shown("filter_does_not_apply", message, serious=False)]
