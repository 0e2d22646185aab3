"""The one sentence at the top of People, made from the answers, whatever they turn out to be."""

from __future__ import annotations

from steelyard.web import words
from steelyard.web.answers import Line
from steelyard.web.finding import Finding, Part
from steelyard.web.formats import count, share
from steelyard.web.organisation import Organisation
from steelyard.web.people_groups import ADOPTION, adoption, is_group
from steelyard.web.people_view import PeopleView
from steelyard.web.view import View


def people_finding(
    view: PeopleView, known: Organisation, totals: Line, groups: list[Line], covered: Line
) -> Finding:
    """Who works with an assistant, of how many, and where the fewest do."""
    opening = view.period.phrase[:1].upper() + view.period.phrase[1:]
    active, staff = totals.number("active_people"), totals.number("headcount") or 0
    if active is None:
        unknown = ("whether anybody worked with a coding assistant is unknown", True)
        parts = ((f"{opening}{_scope(view, known)}, ", False), unknown, (".", False))
        return Finding(parts, "Nothing is recorded of these days. Choose a longer period.")
    noun = "person" if active == 1 else "people"
    who = f"{count(active)} {noun}" if active else "nobody"
    said: list[Part] = [(f"{opening}, ", False), (who, True)]
    said.append((f"{_scope(view, known)} worked with a coding assistant", False))
    if not staff:
        return Finding((*said, (".", False)), "Of how many is unknown: nobody is in a directory.")
    said += adopted(view, totals, active, staff)
    said += _lowest(view, totals, groups)
    return Finding((*said, (".", False)), _support(covered))


def _scope(view: PeopleView, known: Organisation) -> str:
    """The filters in words."""
    said = [
        " or ".join(known.label(name, value) for value in values)
        for name, values in sorted(view.where.items())
    ]
    return f" ({', '.join(said)})" if said else ""


def adopted(view: View, totals: Line, active: float, staff: float) -> list[Part]:
    """What share of everybody that is, and how it moved."""
    rate, before = totals.number(ADOPTION), totals.earlier(ADOPTION)
    if rate is None or rate > 1:
        return [(f"; the directory has {count(staff)}", False)]
    parts: list[Part] = [(": ", False), (share(rate), True), (f" of {count(staff)}", False)]
    if not active or not view.compare:
        return parts
    length = f"the {view.period.days} days before" if view.period.days > 1 else "the day before"
    if why := totals.uncompared(ADOPTION):
        return [*parts, (f" ({why})", False)]
    if before is None:
        return [*parts, (f"; {length} hold nothing to compare with", False)]
    moved = (rate - before) * 100
    if abs(moved) < 0.5:
        return [*parts, (f", as in {length}", False)]
    word = "more" if moved > 0 else "fewer"
    return [
        *parts,
        (", ", False),
        (f"{abs(moved):.1f} points {word}", True),
        (f" than in {length}", False),
    ]


def _lowest(view: PeopleView, totals: Line, groups: list[Line]) -> list[Part]:
    """The group in which the smallest part works with one, where groups differ at all."""
    rates = [
        (rate, line.names[view.by])
        for line in groups
        if is_group(line) and (rate := adoption(line)) is not None
    ]
    whole = totals.number(ADOPTION)
    if len(rates) < 2 or whole is None:
        return []
    rate, name = min(rates)
    if rate >= whole:
        return []
    return [
        ("; least in ", False),
        (words.value(view.by, name), True),
        (f", {share(rate)}", False),
    ]


def _support(covered: Line) -> str:
    spend = covered.number("spend_matched_share")
    if spend is None:
        return "Work is a prompt, a model call or a tool call."
    if spend == 1:
        return "All spend belongs to somebody a directory knows."
    rest = f"{share(1 - spend)} of spend belongs to nobody a directory knows"
    return f"{rest}; it counts in totals only."
