"""What an effect is worth, as a form in the address and its answer; the page stores nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from steelyard.currency import shown
from steelyard.errors import BadValue, UsageError
from steelyard.impact.analysed import Analysed
from steelyard.impact.assumptions import (
    Assumptions,
    Range,
    effect_from_analysis,
    read_range,
    read_share,
)
from steelyard.impact.roi import Return, Spread, roi
from steelyard.reports.impact import tornado
from steelyard.web.formats import UNKNOWN, short_money
from steelyard.web.impact_tables import Drawn, drawn

# Name in the address, label, example, and what it is.
FIELDS = (
    ("people", "People", "200", "who have the assistants"),
    ("weeks", "Weeks", "26", "that are counted"),
    ("hours", "Hours per week", "25..32", "of each, that the metric stands for"),
    ("rate", "Cost of an hour", "80..110", "in full"),
    ("realisation", "Realisation", "0.3..0.7", "share of freed time that becomes value"),
    ("spend", "Tokens", "40000", "in these weeks"),
    ("seats", "Seats", "12000", "in these weeks"),
    ("training", "Training", "20000", "paid once"),
)
NEEDED = ("hours", "rate")


@dataclass(frozen=True)
class Input:
    """A field of the form, with what the address says or what is known."""

    name: str
    label: str
    hint: str
    example: str
    value: str


@dataclass(frozen=True)
class Worth:
    """The form, and under it the return, why there is none, or nothing yet."""

    inputs: tuple[Input, ...]
    found: Return | None = None
    figures: tuple[tuple[str, str, str], ...] = ()
    tornado: Drawn | None = None
    warnings: tuple[str, ...] = field(default=())
    error: UsageError | None = None


def worth(analysed: Analysed, said: Mapping[str, str]) -> Worth | None:
    """None where there is no estimate that could be valued."""
    analysis = analysed.analysis
    if analysis is None or analysis.headline is None:
        return None
    given = {name: said.get(name, "").strip() for name, *_ in FIELDS}
    inputs = _inputs(given, _known(analysed))
    if not all(given[name] for name in NEEDED):
        return Worth(inputs)
    try:
        effect = effect_from_analysis(
            analysis.to_json(), "time" if analysed.plan.primary.kind == "duration" else "output"
        )
        found = roi(_assumptions({each.name: each.value for each in inputs}), effect)
    except UsageError as error:
        return Worth(inputs, error=error)
    picture = tornado(found)
    warnings = tuple(note.message for note in found.warnings)
    return Worth(inputs, found, _figures(found), drawn(picture) if picture else None, warnings)


def _known(analysed: Analysed) -> dict[str, str]:
    """What the study itself says: how many were treated, over how many weeks."""
    treated = analysed.analysis.n.get("treated") if analysed.analysis else None
    known = {"weeks": str(analysed.plan.weeks_after), "realisation": "0.3..0.7"}
    if treated and analysed.plan.unit == "person":
        known["people"] = str(treated)
    return known


def _inputs(given: Mapping[str, str], known: Mapping[str, str]) -> tuple[Input, ...]:
    return tuple(
        Input(name, label, hint, example, given[name] or known.get(name, ""))
        for name, label, example, hint in FIELDS
    )


def _assumptions(said: Mapping[str, str]) -> Assumptions:
    read: dict[str, Range] = {}
    for name, label, *_ in FIELDS:
        if not said[name]:
            if name in ("people", "weeks"):
                raise BadValue(f"{label} is needed.", "Write a number or a range such as 20..30.")
            continue
        read[name] = read_share(said[name]) if name == "realisation" else read_range(said[name])
    return Assumptions(**read)


def _figures(found: Return) -> tuple[tuple[str, str, str], ...]:
    """(label, median, 90 % interval) of what is asked first."""
    loss = f"{100 * found.p_loss:.0f} %" if 0.01 <= found.p_loss <= 0.99 else _edge(found.p_loss)
    return (
        ("Return on full cost", *_two(found.roi, _ratio)),
        ("Value", *_two(found.value, _money)),
        ("Full cost", *_two(found.cost, _money)),
        ("Payback", *_payback(found)),
        ("Probability of a loss", loss, "value below full cost"),
    )


def _payback(found: Return) -> tuple[str, str]:
    if not any(found.assumptions[name].high for name in ("training", "rollout")):
        return "–", "nothing is paid once"
    return _two(found.payback_weeks, _weeks)


def _two(spread: Spread, write: Callable[[float], str]) -> tuple[str, str]:
    low, high = (write(each) if each is not None else "never" for each in spread.ci90)
    middle = write(spread.median) if spread.median is not None else "never"
    return middle, f"{low} to {high}"


def _money(amount: float) -> str:
    """What is typed in is of the currency shown already."""
    return short_money(amount / shown().rate)


def _ratio(value: float) -> str:
    return f"{100 * value:+,.0f} %".replace("-", "−")


def _weeks(value: float) -> str:
    return f"{value:,.0f} weeks" if value >= 1.5 else "about a week" if value > 0 else "at once"


def _edge(p: float) -> str:
    return "<1 %" if p < 0.5 else ">99 %" if p <= 1 else UNKNOWN
