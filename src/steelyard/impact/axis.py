"""Reading the time column: days, ISO weeks, months or plain numbers, put on one calendar.

Months written as 202611 are months, not numbers to subtract: November to January is two steps.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from steelyard.errors import BadPanel
from steelyard.impact.panel import Flags, Ints
from steelyard.impact.result import Note

_FORMS = {
    "day": re.compile(r"\d{4}-\d\d-\d\d(?:[T ].*)?"),
    "week": re.compile(r"\d{4}-?W\d\d"),
    "month": re.compile(r"\d{4}-\d\d"),
    "number": re.compile(r"[+-]?\d+(?:\.0*)?"),
}
_MONTHS_AS_NUMBERS = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])")


def _day(text: str) -> int:
    return dt.date.fromisoformat(text[:10]).toordinal()


def _week(text: str) -> int:
    return dt.date.fromisocalendar(int(text[:4]), int(text[-2:]), 1).toordinal()


def _month(text: str) -> int:
    """Months since year 0, of 2026-11, 202611 or a day in it."""
    year, month = int(text[:4]), int(text.replace("-", "")[4:6])
    if not 1 <= month <= 12:
        raise ValueError(text)
    return year * 12 + month - 1


_READ: dict[str, Callable[[str], int]] = {
    "day": _day,
    "week": _week,
    "month": _month,
    "number": lambda text: int(float(text)),
}


@dataclass(frozen=True, eq=False)
class Axis:
    """The periods seen, in order. `labels`, `numbers` and `steps` have one entry a period.

    `steps` count on the calendar in units of the smallest distance, so gaps keep their length.
    """

    form: str
    labels: tuple[str, ...]
    numbers: Ints
    steps: Ints
    notes: tuple[Note, ...] = ()

    def number(self, text: str) -> int:
        """A time on this calendar. Raises ValueError."""
        return _number(text, self.form)

    def place(self, texts: Iterable[str]) -> tuple[Ints, Flags]:
        """Where times fall: index of the period they are in (len(labels) when after the last,
        -1 when before the first), and whether they hit a period exactly. Raises ValueError."""
        found = np.array([_number(text, self.form) for text in texts], dtype=np.int64)
        index = np.searchsorted(self.numbers, found, side="right") - 1
        exact = (index >= 0) & (self.numbers[np.maximum(index, 0)] == found)
        last = self.numbers[-1] + (np.diff(self.numbers).min() if len(self.numbers) > 1 else 1)
        return np.where(found >= last, len(self.labels), index), exact


def _number(text: str, form: str) -> int:
    if form in ("day", "week"):  # both are days on one calendar
        return _week(text) if _FORMS["week"].fullmatch(text) else _day(text)
    return _READ[form](text)


def read_axis(texts: Iterable[str]) -> Axis:
    """The axis of a column of times. Raises BadPanel naming the first that cannot be read."""
    distinct = sorted(set(texts))
    form = _form(distinct)
    numbered = sorted((_read(text, form), text) for text in distinct)
    numbers, first = np.unique(np.array([n for n, _ in numbered]), return_index=True)
    labels = tuple(numbered[i][1] for i in first)
    steps, notes = _steps(numbers, labels)
    if form == "month" and _MONTHS_AS_NUMBERS.fullmatch(labels[0]):
        notes = (*notes, Note("months", f"{labels[0]} and the like were read as months."))
    return Axis(form, labels, numbers, steps, notes)


def _form(distinct: list[str]) -> str:
    if all(_MONTHS_AS_NUMBERS.fullmatch(text) for text in distinct):
        return "month"
    for form, pattern in _FORMS.items():
        if pattern.fullmatch(distinct[0]):
            return form
    raise BadPanel(
        f"{distinct[0]!r} in the time column is no day, week, month or number.",
        "Write 2026-11-02, 2026-W45, 2026-11 or a whole number.",
    )


def _read(text: str, form: str) -> int:
    try:
        if not _FORMS[form].fullmatch(text) and not _MONTHS_AS_NUMBERS.fullmatch(text):
            raise ValueError(text)
        return _READ[form](text)
    except ValueError:
        raise BadPanel(
            f"{text!r} in the time column is no {form}, though others are.",
            "Write all times alike: 2026-11-02, 2026-W45, 2026-11 or whole numbers.",
        ) from None


def _steps(numbers: Ints, labels: tuple[str, ...]) -> tuple[Ints, tuple[Note, ...]]:
    gaps = np.diff(numbers)
    if len(gaps) == 0 or np.all(gaps == gaps[0]):
        return np.arange(len(numbers)), ()
    smallest = gaps.min()
    if np.any(gaps % smallest):
        told = "Distances between periods differ; periods are counted, not measured."
        return np.arange(len(numbers)), (Note("uneven_periods", told),)
    after = labels[int(np.argmax(gaps > smallest))]
    told = f"No rows for some periods, the first after {after}: they stay missing, never 0."
    return (numbers - numbers[0]) // smallest, (Note("gap_in_time", told),)
