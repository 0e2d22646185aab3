"""Sentences of the page Adoption, made from its figures, whatever they turn out to be."""

from __future__ import annotations

import datetime as dt
import re

from steelyard.metrics import Answer
from steelyard.metrics.period import next_bucket
from steelyard.metrics.sight import SMALL
from steelyard.web.answers import Line, lines, sums_by
from steelyard.web.finding import Finding, Part
from steelyard.web.formats import count, share, short_count
from steelyard.web.people_finding import adopted
from steelyard.web.view import View

NUMBERS = re.compile(r"\d+")


def adoption_finding(view: View, totals: Line) -> Finding:
    """How many work with an assistant, of how many, and who came and went."""
    opening = view.period.phrase[:1].upper() + view.period.phrase[1:]
    active, staff = totals.number("active_people"), totals.number("headcount") or 0
    if active is None:
        unknown = ("whether anybody worked with a coding assistant is unknown", True)
        parts = ((f"{opening}, ", False), unknown, (".", False))
        return Finding(parts, "Nothing is recorded of these days. Choose a longer period.")
    said: list[Part] = [(f"{opening}, ", False), (_people(active), True)]
    said.append((" worked with a coding assistant", False))
    said += adopted(view, totals, active, staff) if staff else []
    return Finding((*said, *_came_and_went(totals), (".", False)), _support(totals, active, staff))


def _people(number: float) -> str:
    if not number:
        return "nobody"
    return f"{count(number)} {'person' if number == 1 else 'people'}"


def _came_and_went(totals: Line) -> list[Part]:
    new, gone = totals.number("new_people"), totals.number("lapsed_people")
    came = [f"{_people(new)} for the first time"] if new else []
    went = [f"{_people(gone)} of the period before did not come back"] if gone else []
    return [(f"; {', '.join(came + went)}", False)] if came or went else []


def _support(totals: Line, active: float, staff: float) -> str:
    said = []
    daily, sticky = totals.number("daily_active_people"), totals.number("stickiness")
    if active and daily is not None and sticky is not None:
        text = short_count(round(daily, 1))
        said.append(f"On an average day, weekends included, {text} of them: {share(sticky)}.")
    if not staff:
        said.append("Of how many is unknown: nobody is in a directory.")
    return " ".join(said) or "Work is a prompt, a model call or a tool call."


def came(answer: Answer) -> str:
    """The last week that is over; empty where none is."""
    line = _last_whole(answer)
    if line is None:
        return ""
    back, new, gone = (
        line.number(name) for name in ("returning_people", "new_people", "lapsed_people")
    )
    if back is None or new is None:
        return ""
    text = f"{_people(back + new)} in the last whole week, {count(new)} of them new"
    if gone:
        text += f"; {count(gone)} of the week before stayed away"
    return text[:1].upper() + text[1:]


def ways(answer: Answer) -> str:
    """How many work autonomously, in the last week that is over."""
    line = _last_whole(answer)
    if line is None:
        return ""
    week = line.names["week"]
    found = {
        each.names["segment"]: each.number("active_people") or 0
        for each in lines(answer)
        if each.names["week"] == week
    }
    whole, own = sum(found.values()), found.get("autonomous", 0)
    if SMALL in found or not any(found):
        return ""
    who = _people(own) if own else "Nobody"
    return f"{who} of {count(whole)} worked autonomously in the last whole week"


def _last_whole(answer: Answer) -> Line | None:
    """The last row of a week that was over when it was asked."""
    if "week" not in answer.question.by:
        return None
    over = answer.as_of.astimezone(dt.UTC).date()
    whole = [
        line
        for line in lines(answer)
        if next_bucket(dt.date.fromisoformat(line.names["week"]), "week") <= over
    ]
    return max(whole, key=lambda line: line.names["week"], default=None)


def newest(answer: Answer) -> str:
    """The share of sessions on the newest version that is shown."""
    found = sums_by(answer, "sessions", "app_version")
    named = [name for name in found if NUMBERS.search(name) and name != SMALL]
    whole = sum(number or 0 for number in found.values())
    if not named or not whole:
        return ""
    last = max(named, key=_numbers)
    return f"{share((found[last] or 0) / whole)} of sessions ran on {last}, the newest seen"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in NUMBERS.findall(version))
