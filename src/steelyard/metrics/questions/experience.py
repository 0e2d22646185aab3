"""Does experience change how people work with it? By role, by tenure, by weeks since first use.

All of it is association: who has a role, or stays for months, differs in more than that.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

from steelyard.metrics.questions import intervals
from steelyard.metrics.questions.asking import Asking, Part
from steelyard.metrics.questions.compare import (
    Compared,
    by_person,
    few_people,
    lacking,
    mean_panel,
    ratio_panel,
    share_of,
)
from steelyard.metrics.questions.intervals import LEVEL, Estimate
from steelyard.metrics.questions.panel import Panel, PanelColumn, Row
from steelyard.metrics.questions.wording import moved
from steelyard.metrics.sight import NotShown
from steelyard.people.shown import LONGEST, TENURES

METRICS = (
    *("accept_rate", "spend_usd", "cost_per_commit"),
    *("prompt_chars_avg", "short_prompt_share"),
)
BY = "role"
WEEKS = 13  # 90 days, in whole weeks
HIGHER = ("higher", "lower")
EARLY, LATE = range(1, 5), range(9, 14)
NOT_PRODUCTIVITY = "Accepting more is not producing more; only decisions people made count."
_TENURES = (*(label for _, label in TENURES), LONGEST)


def answer(asking: Asking) -> tuple[str, list[Panel | None]]:
    """The sentence, and the panels."""
    weeks = _weeks(asking)
    panels = [
        _progression(asking, weeks) if weeks is not None else None,
        _ratio(asking, "accept_rate", "role", "share of edits accepted", "edits"),
        _ratio(asking, "accept_rate", "tenure", "share of edits accepted", "edits", _TENURES),
        mean_panel(asking, _spend()),
        _ratio(asking, "cost_per_commit", "role", "cost per commit", "commits"),
        _ratio(asking, "prompt_chars_avg", "role", "average prompt length", "prompts"),
        _ratio(asking, "short_prompt_share", "role", "share of short prompts", "prompts"),
    ]
    return _sentence(asking, weeks), panels


def _ratio(
    asking: Asking, name: str, by: str, what: str, base: str, order: tuple[str, ...] = ()
) -> Panel | None:
    notes = (NOT_PRODUCTIVITY,) if name == "accept_rate" else ()
    about = Compared(f"{name}_by_{by}", name, by, what, base, order, True, notes)
    return ratio_panel(asking, about)


def _spend() -> Compared:
    notes = ("Spend of people without telemetry is unknown and left out.",)
    return Compared(
        *("spend_by_role", "spend_usd", "role", "spend per person with use"),
        association=True,
        notes=notes,
        figure="spend_per_person_usd",
        total="spend",
    )


def _weeks(asking: Asking) -> dict[int, list[Part]] | None:
    """Decisions by the week since the person's first use; week 1 is the first.

    Looks at all that is recorded up to the period's end: thirteen weeks seldom fit into a period.
    """
    if not asking.carries("accept_rate", "week", "person"):
        return None
    firsts, end = asking.first_days, asking.days[1]
    if not firsts:
        return {}
    try:
        ever = asking.over(min(firsts.values()), end)
    except NotShown:  # what is filtered by was too small to be shown on some day of these
        return None
    found: dict[int, list[Part]] = defaultdict(list)
    for part in ever.parts("accept_rate", "week"):
        first, monday = firsts.get(part.person), part.group[0]
        if first is None or not isinstance(monday, dt.date) or not part.bottom:
            continue
        number = (monday - (first - first.weekday() * dt.timedelta(days=1))).days // 7 + 1
        if 1 <= number <= WEEKS:
            found[number].append(part)
    return found


def _progression(asking: Asking, weeks: dict[int, list[Part]]) -> Panel:
    people = {part.person for parts in weeks.values() for part in parts}
    last = max(weeks, default=0)
    rows = tuple(_week(asking, number, weeks.get(number, [])) for number in range(1, last + 1))
    return Panel(
        "acceptance_by_weeks_since_first_use",
        _progress_title(asking, weeks),
        "Share of edits accepted by people, by week since their first use · 95% intervals",
        (
            PanelColumn("week", "week since first use", "group"),
            PanelColumn("accept_rate", "share of edits accepted", "value", "share", "accept_rate"),
            PanelColumn("low", "from", "low", "share"),
            PanelColumn("high", "to", "high", "share"),
            PanelColumn("people", "people", "people"),
            PanelColumn("edits", "edits", "count"),
            PanelColumn("note", "", "note"),
        ),
        rows if weeks else (),
        len(people) or None,
        association=True,
        metrics=("accept_rate",),
        notes=_progress_notes(asking, weeks),
    )


def _week(asking: Asking, number: int, parts: list[Part]) -> Row:
    people = len({part.person for part in parts})
    if people < asking.terms.min_people:
        note = few_people(asking.terms.min_people) if people else "nobody yet"
        return (number, None, None, None, None, None, note)
    said = share_of(parts, LEVEL)
    edits = round(sum(part.bottom or 0 for part in parts))
    return (number, said.value, said.low, said.high, people, edits, lacking(said))


def _progress_notes(asking: Asking, weeks: dict[int, list[Part]]) -> tuple[str, ...]:
    notes = [
        "Looks at everything recorded up to the period's end, not at the period alone.",
        "Later weeks hold only those who stayed; the finding compares the same people.",
        NOT_PRODUCTIVITY,
    ]
    people = {part.person for parts in weeks.values() for part in parts}
    if people:
        firsts = asking.first_days
        begun = min(firsts.values()) + dt.timedelta(days=7)
        early = sum(firsts[person] < begun for person in people)
        known = f"{early} of {len(people)} people were there in the first week recorded: "
        notes += [f"{known}they may have begun earlier."] if early else []
    return tuple(notes)


def progress(weeks: dict[int, list[Part]]) -> Estimate:
    """Acceptance in weeks 9 to 13 minus weeks 1 to 4, of the people who are in both."""
    early = by_person([part for number in EARLY for part in weeks.get(number, [])])
    late = by_person([part for number in LATE for part in weeks.get(number, [])])
    both = sorted(early.keys() & late.keys())
    return intervals.paired_difference([late[p] for p in both], [early[p] for p in both])


def _progress_title(asking: Asking, weeks: dict[int, list[Part]]) -> str:
    said = progress(weeks)
    if said.n < asking.terms.min_people:
        need = f"{asking.terms.min_people} people seen in weeks 1–4 and again in weeks 9–13"
        return f"Not enough data yet: this takes {need}; there are {_few(said.n)}"
    return f"In weeks 9–13 acceptance is {moved(said, 'share', HIGHER, 'in weeks 1–4')}"


def _few(count: int) -> str:
    return "none" if not count else str(count) if count >= 5 else "fewer than 5"


def _sentence(asking: Asking, weeks: dict[int, list[Part]] | None) -> str:
    if not weeks:
        return "No decisions of people about edits are recorded, so experience cannot be compared."
    said = progress(weeks)
    if said.n < asking.terms.min_people:
        return (
            "Whether people accept more with experience cannot be said yet: too few were seen "
            "both in their first weeks and after two months."
        )
    return (
        f"The same {said.n} people's acceptance in weeks 9–13 of use is "
        f"{moved(said, 'share', HIGHER, 'in their weeks 1–4')}. This is association: "
        "tools and tasks change over months as well."
    )
