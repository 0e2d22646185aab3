"""Where does adoption stall? Groups below the whole company's adoption that are not seen to rise.

Of the people employed on the last day, who worked with an assistant: a few of them vary by chance,
so a group stalls only where its interval, not just its figure, lies below the whole company's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from steelyard.metrics.catalogue import metric
from steelyard.metrics.period import previous
from steelyard.metrics.questions.asking import Asking, Part
from steelyard.metrics.questions.compare import (
    EVERYBODY,
    Group,
    few_people,
    grouped,
    lacking,
    share_of,
    too_few,
)
from steelyard.metrics.questions.intervals import LEVEL, Estimate, difference
from steelyard.metrics.questions.panel import TOTAL, Panel, PanelColumn, Row
from steelyard.metrics.questions.wording import figure, group_name, within
from steelyard.metrics.sight import SMALL, NotShown

METRICS = ("adoption_rate", "active_people", "headcount")
BY = "department"
GROUPS = ("department", "team")
STALLED = "stalls"
NAMED = 3
_RULE = (
    "A group stalls where the interval of its adoption, held for all groups at once, lies below"
    " the whole company's adoption, and that of its change is not above 0."
)
_WHO = "Of the people employed on the last day, where they are then; active is any work at all."
_SAME = "Both periods hold mostly the same people: intervals of changes are rather too wide."
_NOBODY = "Of how many people is not known: no directory is imported."
_EARLIER = "The period before is not wholly recorded: whether adoption rises cannot be said."


@dataclass(frozen=True)
class Standing:
    """A group's adoption, its change in points, and whether it stalls; None is not known."""

    group: Group
    moved: Estimate
    stalls: bool | None


def answer(asking: Asking) -> tuple[str, list[Panel | None]]:
    """The sentence, and a panel a kind of group."""
    whole = share_of(_parts(asking), LEVEL) if asking.carries("adoption_rate") else Estimate()
    found = {by: _standing(asking, by, whole) for by in GROUPS}
    panels = [_panel(asking, by, rows, whole) for by, rows in found.items() if rows is not None]
    return _sentence(asking, found[BY], whole), list(panels)


def _sentence(asking: Asking, found: Mapping[str, Standing] | None, whole: Estimate) -> str:
    if whole.value is None:
        return _NOBODY
    if _is_few(asking, whole):
        return f"{too_few(asking.terms.min_people)}."
    said = f"{within(whole, 'share')} of {whole.n:,} people work with an assistant."
    if found is None:
        return f"{said} Where it stalls is not known under these filters."
    if not any(found):
        return f"{said} Where it stalls cannot be said: no department is known."
    if not _is_recorded(asking, previous(*asking.days)[0]):
        return f"{said} {_EARLIER}"
    names = _stalled(found)
    if not names:
        return f"{said} No department stalls: none is below that, beyond chance, without rising."
    return f"{said} It stalls in {_listed(names)}: below that, beyond chance, and not rising."


def _standing(asking: Asking, by: str, whole: Estimate) -> dict[str, Standing] | None:
    """Each group's; None where adoption cannot be told apart so."""
    if not asking.carries("adoption_rate", by):
        return None
    few, earlier = asking.terms.min_people, previous(*asking.days)
    before: dict[str, Group] = {}
    with suppress(NotShown):  # what is filtered by was too small to be shown then
        if _is_recorded(asking, earlier[0]):
            before = grouped(_parts(asking.over(*earlier), by), share_of, few)
    now = grouped(_parts(asking, by), share_of, few)
    return {name: _judged(group, before.get(name), whole) for name, group in now.items()}


def _judged(now: Group, before: Group | None, whole: Estimate) -> Standing:
    if before is None or not before.shown or not now.shown:
        return Standing(now, Estimate(), None)
    moved = difference(now.said, before.said)
    if moved.low is None or now.wide.high is None or whole.value is None:
        return Standing(now, moved, None)
    return Standing(now, moved, now.wide.high < whole.value and moved.low <= 0)


def _parts(asking: Asking, *by: str) -> list[Part]:
    """Everybody employed on the last day, with 1 for work on any day, wherever it was done."""
    wanted = (metric("active_people").formula, metric("headcount").formula)
    found = asking.evaluated(wanted, *by, "person")
    active = {key[-1] for key, (worked, _) in found.items() if worked}
    return [
        Part(key[:-1], str(key[-1]), float(key[-1] in active), 1.0)
        for key, (_, employed) in found.items()
        if employed
    ]


def _is_recorded(asking: Asking, first: dt.date) -> bool:
    """Whether anything was recorded by the first working day of the days from `first` on."""
    days = asking.first_days.values()
    weekend = dt.timedelta(days=max(0, first.weekday() - 4) and 7 - first.weekday())
    return bool(days) and min(days) <= first + weekend


def _is_few(asking: Asking, whole: Estimate) -> bool:
    return bool(asking.filtered) and whole.n < asking.terms.min_people


def _panel(asking: Asking, by: str, found: Mapping[str, Standing], whole: Estimate) -> Panel:
    hidden = _is_few(asking, whole)
    rows = [] if hidden else sorted(found.items(), key=_place)
    everybody = Standing(Group(EVERYBODY, whole, whole, whole.n, 0, 0, True), Estimate(), None)
    return Panel(
        f"adoption_by_{by}",
        too_few(asking.terms.min_people) if hidden else _title(by, found, whole),
        f"Share of the people employed who worked with an assistant, by {by} · 95% intervals",
        _columns(by),
        tuple(_row(group_name(by, name), each, asking) for name, each in rows),
        whole.n or None,
        _row(TOTAL, everybody, asking) if rows else None,
        metrics=("adoption_rate",),
        notes=(_RULE, _WHO, _SAME) if by == BY else (),
        hidden=hidden,
    )


def _place(item: tuple[str, Standing]) -> tuple[object, ...]:
    """The lowest first; those without a name or figures last."""
    name, each = item
    return (name in ("", SMALL), not each.group.shown, each.group.said.value or 0.0, name)


def _title(by: str, found: Mapping[str, Standing], whole: Estimate) -> str:
    if whole.value is None:
        return "Adoption is not known: no directory says who works here"
    if not any(found):
        return f"No {by} is known of anybody"
    if all(each.stalls is None for each in found.values()):
        return f"Adoption is {figure(whole.value, 'share')}; whether it stalls cannot be said yet"
    names = _stalled(found)
    return f"Adoption stalls in {_listed(names)}" if names else f"Adoption stalls in no {by}"


def _stalled(found: Mapping[str, Standing]) -> list[str]:
    """Groups that stall, the lowest first."""
    ranked = sorted(found.items(), key=_place)
    return [name for name, each in ranked if name not in ("", SMALL) and each.stalls]


def _listed(names: Sequence[str]) -> str:
    if len(names) > NAMED:
        return f"{', '.join(names[:NAMED])} and {len(names) - NAMED} more"
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _columns(by: str) -> tuple[PanelColumn, ...]:
    return (
        PanelColumn(by, by, "group"),
        PanelColumn("adopted_share", "adoption", "value", "share", "adoption_rate"),
        PanelColumn("low", "from", "low", "share"),
        PanelColumn("high", "to", "high", "share"),
        PanelColumn("people", "people", "people"),
        PanelColumn("change_points", "change, points", "count", "points"),
        PanelColumn("change_low", "from", "low", "points"),
        PanelColumn("change_high", "to", "high", "points"),
        PanelColumn("note", "", "note"),
    )


def _row(label: str, each: Standing, asking: Asking) -> Row:
    if not each.group.shown:
        return (label, *(None,) * 7, few_people(asking.terms.min_people))
    said, moved = each.group.said, each.moved
    change = (None if n is None else 100 * n for n in (moved.value, moved.low, moved.high))
    note = STALLED if each.stalls else lacking(said)
    return (label, said.value, said.low, said.high, each.group.people, *change, note)
