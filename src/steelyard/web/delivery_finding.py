"""The sentence at the top of Delivery, made from the figures, also when there are none."""

from __future__ import annotations

from steelyard.web.answers import Line
from steelyard.web.delivery_view import DeliveryView
from steelyard.web.finding import Finding, Part
from steelyard.web.formats import change, count, hours, share

FLOOR = "Marks of assistants are a floor: people switch them off, and squashing loses them."
UNMARKED = "How much an assistant took part is not known here: no commit carries a mark of one."


def delivery_finding(view: DeliveryView, total: Line) -> Finding:
    """Pull requests first; where there are none, issues; where neither, that."""
    opening = view.period.phrase[:1].upper() + view.period.phrase[1:]
    merged, resolved = total.number("prs_merged"), total.number("issues_resolved")
    if merged:
        parts = _merged(opening, view, total, merged)
    elif resolved:
        text = f"{count(resolved)} issues"
        parts = [(f"{opening}, ", False), (text, True), (" were resolved", False)]
    else:
        said = f"{opening}, no merged pull request and no resolved issue is known"
        return Finding(((said, False), (".", False)), "Unknown is not none: see Sources.")
    return Finding((*parts, (".", False)), _support(total))


def _merged(opening: str, view: DeliveryView, total: Line, merged: float) -> list[Part]:
    noun = "pull request was" if merged == 1 else "pull requests were"
    parts: list[Part] = [(f"{opening}, ", False), (f"{count(merged)} {noun} merged", True)]
    before = total.earlier("prs_merged")
    moved = change(merged, before) if view.compare else ""
    if before and moved[:1] in ("↑", "↓"):
        way = "more" if moved[0] == "↑" else "fewer"
        parts.append((f", {moved[1:].strip()} {way} than in the period before", False))
    if (cycle := total.number("pr_cycle_hours_p50")) is not None:
        parts += [("; half of them within ", False), (hours(cycle), True)]
        parts.append((" of their first commit", False))
    return parts


def _support(total: Line) -> str:
    marked = total.number("ai_pr_share")
    if not marked:
        return UNMARKED
    return f"{share(marked)} of them carry an assistant's mark. {FLOOR}"
