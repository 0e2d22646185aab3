"""The sentence at the top of Delivery, made from the figures, also when there are none."""

from __future__ import annotations

from steelyard.metrics.facts import PEOPLE_DIMENSIONS
from steelyard.web import words
from steelyard.web.answers import Line
from steelyard.web.delivery_asking import Asked
from steelyard.web.delivery_view import DeliveryView
from steelyard.web.finding import Finding, Part, compared
from steelyard.web.formats import count, hours, share, value

UNMARKED = "How much assistants took part is unknown here: no pull request carries a mark of one."
NONE_KNOWN = "That none is known is not that there was none: the page Sources says what is read."


def delivery_finding(view: DeliveryView, asked: Asked) -> Finding:
    """Pull requests first; where there are none, issues, then commits; where nothing, that."""
    opening = view.period.phrase[:1].upper() + view.period.phrase[1:]
    total = asked.total
    for name, noun, done in (
        ("prs_merged", "pull request", "merged"),
        ("issues_resolved", "issue", "resolved"),
        ("commits", "commit", "made on default branches"),
        ("deployments", "deployment", "made to production"),
    ):
        if number := total.number(name):
            was = f"{count(number)} {noun}{'' if number == 1 else 's'}"
            verb = "was" if number == 1 else "were"
            said: list[Part] = [(f"{opening}, ", False), (was, True)]
            said.append((f"{_scope(view)} {verb} {done}", False))
            said += compared(view, total, name, "fewer")
            said += _speed(name, total)
            return Finding((*said, (".", False)), _support(total))
    return _nothing(view, opening)


def _scope(view: DeliveryView) -> str:
    """What the filters leave, in words."""
    said = []
    for name, values in sorted(view.where.items()):
        chosen = " or ".join(words.value(name, each) for each in values)
        before = "of" if name in PEOPLE_DIMENSIONS else "in"
        said.append(f" ({chosen.lower()})" if name == "assisted" else f" {before} {chosen}")
    return "".join(said)


def _speed(name: str, total: Line) -> list[Part]:
    """How long one takes, and of how many people's weeks it is, where that is known."""
    said: list[Part] = []
    weekly = total.number("prs_per_dev_week")
    if name == "prs_merged" and weekly is not None:
        said = [("; ", False), (value(weekly, "per week"), True), (" per developer-week", False)]
    metric, since = {
        "prs_merged": ("pr_cycle_hours_p50", "their first commit"),
        "issues_resolved": ("resolution_hours_p50", "their creation"),
    }.get(name, ("", ""))
    if metric and (median := total.number(metric)) is not None:
        said += [("; half of them within ", False), (hours(median), True), (f" of {since}", False)]
    return said


def _support(total: Line) -> str:
    """What must be known to read it: assistance as a floor, and failures beside the volume."""
    said = []
    marked = total.number("ai_pr_share")
    if marked:
        said.append(
            f"At least {share(marked)} of the pull requests carry an assistant's mark: a floor,"
            " since marks can be left out or squashed away."
        )
    elif marked is not None:
        said.append(UNMARKED)
    if (failed := total.number("change_failure_share")) is not None:
        said.append(f"{share(failed)} of deployments needed immediate help.")
    return " ".join(said)


def _nothing(view: DeliveryView, opening: str) -> Finding:
    said = f"{opening}, no merged pull request and no resolved issue{_scope(view)} is known."
    hint = "Choose a longer period" + (", or clear the filters." if view.where else ".")
    return Finding(((said, False),), f"{hint} {NONE_KNOWN}")
