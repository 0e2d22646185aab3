"""Sentences made from figures, whatever they turn out to be. They claim no cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from steelyard.currency import signed
from steelyard.metrics.questions.intervals import Estimate
from steelyard.metrics.sight import SMALL

NOT_SAID = {
    "team": "no team",
    "role": "role not said",
    "tenure": "start date not known",
    "priority": "no priority",
}
BRACKETS = "Brackets hold 95% intervals."
PLURAL = {"person": "people", "priority": "priorities", "tenure": "tenure classes"}


@dataclass(frozen=True)
class Measured:
    """How a figure is called in a sentence: "cost per commit", in USD."""

    what: str
    unit: str


def figure(value: float | None, unit: str, beside: Sequence[float | None] = ()) -> str:
    """A number for a sentence; `beside` are others in it, so that all get the same unit of time."""
    if value is None:
        return "unknown"
    if unit == "share":
        return f"{value:.1%}" if 0 < value < 1 else f"{value:.0%}"
    if unit == "USD":
        return _money(value)
    if unit == "h":
        largest = max(abs(each or 0.0) for each in (value, *beside))
        return f"{value / 24:,.1f} days" if largest >= 48 else f"{value:,.1f} h"
    text = f"{value:,.0f}" if abs(value) >= 100 or float(value).is_integer() else f"{value:,.1f}"
    return f"{text} characters" if unit == "chars" else text


def _money(value: float) -> str:
    sign, size = signed(value)
    if size >= 10_000:
        return f"{sign}{size:,.0f}"
    return f"{sign}{size:.3g}" if 0 < size < 0.0995 else f"{sign}{size:,.2f}"


def within(said: Estimate, unit: str) -> str:
    """A figure with its interval: $12.30 (95% interval $10.10 to $14.50)."""
    return bracketed(said, unit, "95% interval ")


def bracketed(said: Estimate, unit: str, opening: str = "") -> str:
    """A figure with its interval in brackets, for sentences that hold several."""
    all_ = (said.value, said.low, said.high)
    text, low, high = (figure(each, unit, all_) for each in all_)
    return f"{text} ({opening}{low} to {high})" if said.known else text


def plural(dimension: str) -> str:
    """teams, roles, priorities."""
    return PLURAL.get(dimension, f"{dimension.replace('_', ' ')}s")


def group_name(dimension: str, value: object) -> str:
    """A group as people read it; what was not said gets words of its own."""
    if value == SMALL:
        return "small groups together"
    return str(value) if value not in ("", None) else NOT_SAID.get(dimension, "not said")


def comparison(
    what: Measured,
    dimension: str,
    named: Sequence[tuple[str, Estimate]],
    wide: Sequence[Estimate],
    whole: Estimate,
    min_people: int,
) -> str:
    """What comparing groups shows. `wide` are the intervals that hold for all groups at once."""
    groups = plural(dimension)
    if whole.value is None and not named:
        return f"No {what.what} is known in this period"
    if not named:
        few = f"no {dimension.replace('_', ' ')} is known with {min_people} people or more"
        return f"{_first(what.what)} is {figure(whole.value, what.unit)}; {few}"
    if len(named) == 1:
        name, said = named[0]
        return f"{_first(what.what)} is {within(said, what.unit)} in {name}, the only one shown"
    order = sorted(range(len(named)), key=lambda at: named[at][1].value or 0.0)
    low, high = order[0], order[-1]
    ends = [named[at][1].value for at in (low, high)]
    values = [figure(end, what.unit, ends) for end in ends]
    if _apart(wide[low], wide[high]):
        most, least = named[high][0], named[low][0]
        return f"{_first(most)} has the highest {what.what}, {values[1]}; {least} has {values[0]}"
    span = f"all at {values[0]}" if values[0] == values[1] else f"{values[0]} to {values[1]}"
    return f"{_first(groups)} cannot be told apart by {what.what}: {span}"


def _apart(low: Estimate, high: Estimate) -> bool:
    return low.high is not None and high.low is not None and low.high < high.low


def moved(said: Estimate, unit: str, ways: tuple[str, str], than: str) -> str:
    """A difference in words: which way, than what, how sure. `ways` are for more and for less."""
    if said.value is None:
        return "cannot be compared"
    all_ = (said.value, said.low, said.high)
    size, low, high = (_size(each or 0.0, unit, all_) for each in all_)
    text = f"{size.lstrip('+−')} {ways[0] if said.value > 0 else ways[1]} than {than}"
    if not said.known:
        return f"{text}, with too few people for an interval"
    text += f" (95% interval {low} to {high})"
    clear = (said.low or 0.0) > 0 or (said.high or 0.0) < 0
    return text if clear else f"{text}, which cannot be told from no difference"


def points(value: float) -> str:
    """A difference of shares, in percentage points."""
    return f"{value * 100:,.1f} points"


def _size(value: float, unit: str, beside: Sequence[float | None]) -> str:
    sign, size = ("−" if value < 0 else "+"), abs(value)
    return sign + (points(size) if unit == "share" else figure(size, unit, beside))


def _first(text: str) -> str:
    return text[:1].upper() + text[1:]
