"""The one sentence at the top of Spend, made from the answers, whatever they turn out to be.

It must hold for unknown prices, one model, no earlier period and no spend at all, and it claims
nothing about causes. Parts are (text, strong) pairs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from steelyard.web import words
from steelyard.web.answers import Line
from steelyard.web.formats import share, short_count, short_money
from steelyard.web.view import View

Part = tuple[str, bool]
ByModel = Mapping[str, float | None]
LIST_PRICE = "List price is tokens times the dated price; seat plans are billed differently."


@dataclass(frozen=True)
class Finding:
    """The sentence, and one line of support in plain words."""

    parts: tuple[Part, ...]
    support: str = ""

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.parts)


def spend_finding(view: View, totals: Line, by_model: ByModel) -> Finding:
    """`by_model` is spend per model in the period, None where the price is unknown."""
    opening = view.period.phrase[:1].upper() + view.period.phrase[1:]
    spend = totals.number("spend_usd")
    if not totals.number("tokens") and not spend:
        return _nothing(view, opening)
    if spend is None:
        return _without_price(opening, totals)
    unpriced = sorted(name for name, value in by_model.items() if value is None)
    floor = "at least " if unpriced else ""
    parts: list[Part] = [(f"{opening}, {_scope(view)} used ", False)]
    parts += [(f"{floor}{short_money(spend)}", True), (" at list price", False)]
    parts += compared(view, totals, "spend_usd")
    parts += [] if "model" in view.where else _led(by_model, spend)
    return Finding((*parts, (".", False)), _support(totals))


def chart_title(by_model: ByModel) -> str:
    """What the chart by model shows, in a few words."""
    known = {name: value for name, value in by_model.items() if value}
    if not known:
        return "Spend by model"
    first = max(known, key=lambda name: known[name] or 0.0)
    name = words.value("model", first)
    if len(known) == 1:
        return f"All {'known ' if len(by_model) > 1 else ''}spend is on {name}"
    part = (known[first] or 0.0) / sum(value or 0.0 for value in known.values())
    return f"{name} {'makes up' if part >= 0.5 else 'leads with'} {share(part)} of spend"


def _scope(view: View) -> str:
    """Who the sentence is about: everyone, or the filters in words."""
    if not view.where:
        return "coding assistants"
    said = [
        " or ".join(words.value(name, value) for value in values)
        for name, values in sorted(view.where.items())
    ]
    return f"coding assistants ({', '.join(said)})"


def compared(view: View, totals: Line, metric: str, fewer: str = "less") -> list[Part]:
    """How much more or `fewer` than in the period before; nothing when that is not wanted."""
    now, earlier = totals.number(metric), totals.earlier(metric)
    if not view.compare or now is None:
        return []
    if why := totals.uncompared(metric):
        return [(f" ({why})", False)]
    length = f"{view.period.days} days" if view.period.days > 1 else "day"
    if not earlier:
        return [(f"; the {length} before hold nothing to compare with", False)]
    relative = now / earlier - 1
    if abs(relative) < 0.005:
        return [(", ", False), ("the same", True), (f" as in the {length} before", False)]
    if relative >= 9.995:
        times = f"{now / earlier:,.0f} times as {'much' if fewer == 'less' else 'many'}"
        return [(", ", False), (times, True), (f" as in the {length} before", False)]
    size = f"{abs(relative):.0%} {'more' if relative > 0 else fewer}"
    return [(", ", False), (size, True), (f" than in the {length} before", False)]


def _led(by_model: ByModel, spend: float) -> list[Part]:
    """Which model most of it went to."""
    known = {name: value for name, value in by_model.items() if value}
    if not known or spend <= 0:
        return []
    first = max(known, key=lambda name: known[name] or 0.0)
    name = words.value("model", first)
    if len(known) == 1:
        return [("; all of it on ", False), (name, True)]
    part = share((known[first] or 0.0) / spend)
    return [("; ", False), (part, True), (f" of it on {name}", False)]


def _nothing(view: View, opening: str) -> Finding:
    hint = "Choose a longer period" + (", or clear the filters." if view.where else ".")
    return Finding(((f"{opening}, no use of {_scope(view)} is recorded.", False),), hint)


def _without_price(opening: str, totals: Line) -> Finding:
    tokens = short_count(totals.number("tokens") or 0)
    parts: tuple[Part, ...] = (
        (f"{opening}, coding assistants used ", False),
        (f"{tokens} tokens", True),
        ("; what they cost is ", False),
        ("unknown", True),
        (", because no list price is known for the models used.", False),
    )
    return Finding(parts, "Give the prices in your own price file; see the notes below.")


def _support(totals: Line) -> str:
    reported = totals.number("spend_reported_usd")
    said = f" The clients themselves reported {short_money(reported)}." if reported else ""
    return LIST_PRICE + said
