"""Which design the data bear: what somebody said of it, lowered where the data say otherwise.

rct > waves > volunteers > once. Data can never show that a coin decided, so a design is only ever
lowered here. What cannot be analysed at all comes back as a reason, not as an error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from steelyard.impact.panel import Flags, Panel, Trial
from steelyard.impact.result import CannotSay, Note
from steelyard.impact.study import Design, Study


@dataclass(frozen=True, eq=False)
class Settled:
    """The panel that is analysed, under which design, and what must be known about that."""

    panel: Panel
    design: Design
    notes: tuple[Note, ...] = ()


def settle(panel: Panel, study: Study) -> Settled | CannotSay:
    """The design of a panel, and the units that can be used in it."""
    if not np.any(~panel.never):
        return CannotSay("no_treated", "Nobody is treated within these periods.")
    if study.kind == "count" and not np.nansum(panel.outcome):
        return CannotSay("no_counts", f"Every {study.outcome} is 0 or missing: nothing to compare.")
    if panel.length < 2 or panel.seen.sum(axis=1).max() < 2:
        return _single_rows(panel)
    based: Flags = np.any(panel.seen & ~panel.treated, axis=1)
    notes: list[Note] = []
    if not np.any(based & ~panel.never):
        return CannotSay(
            "no_baseline",
            "The treated were never seen before their treatment: users against non-users compares"
            " different people, not what the assistant did.",
        )
    if not based.all():
        told = f"{int((~based).sum()):,} units were treated whenever they were seen and are left"
        notes.append(Note("always_treated", f"{told} out: nothing says how they were before."))
        panel = panel.pick(based)
    design, why = _read(panel, study.design)
    return Settled(panel, design, (*notes, *why))


def _single_rows(panel: Panel) -> CannotSay:
    if panel.length < 2:
        return CannotSay(
            "no_baseline",
            "There is one period only: users against non-users compares different people, not what"
            " the assistant did.",
        )
    return CannotSay(
        "rows_as_units",
        "No unit is seen in more than one period: rows are not people. Weeks of one developer are"
        " alike, so counting each as a unit makes chance look certain.",
    )


def _read(panel: Panel, said: Design | None) -> tuple[Design, list[Note]]:
    found = _found(panel)
    if said is None:
        return found, [Note("design_read", _READ[found])]
    if said == "once" or found == "once":
        lowered: Design = "once"
    elif said == "volunteers":
        lowered = "volunteers"
    elif said == "waves":
        lowered = "waves" if len(panel.dates) > 1 else "volunteers"
    else:
        lowered = "rct" if len(panel.dates) == 1 else "waves"
    if lowered == said:
        return said, []
    return lowered, [Note("design_lowered", f"Said was {said}. {_LOWERED[said, lowered]}")]


def _found(panel: Panel) -> Design:
    """What can be said without being told: several dates, one date beside others, or one alone."""
    if len(panel.dates) > 1:
        return "waves"
    return "volunteers" if panel.never.any() else "once"


_READ = {
    "waves": "Read from the data: several starting dates. If people chose theirs themselves, say"
    " --design volunteers.",
    "volunteers": "Read from the data: one starting date, and others without treatment. If a coin"
    " decided who, say --design rct; without that, those who started are taken to have chosen.",
    "once": "Read from the data: everybody starts on one date, nobody is left to compare with.",
}
_EVERYONE = "Everybody starts on one date, so nobody is left to compare with."
_LOWERED = {
    ("rct", "once"): _EVERYONE,
    ("waves", "once"): _EVERYONE,
    ("volunteers", "once"): _EVERYONE,
    ("rct", "waves"): "There are several starting dates: analysed as waves.",
    ("waves", "volunteers"): "There is one starting date: whoever did not start is no later wave.",
}


def arms(panel: Panel) -> tuple[int, int]:
    """How many clusters have treated units, and how many have units that serve as controls.

    Units treated later than the first date serve as controls until then.
    """
    treated = ~panel.never
    first = panel.dates[0] if len(panel.dates) else panel.length
    return _clusters(panel, treated), _clusters(panel, panel.start > first)


def _clusters(panel: Panel, units: Flags) -> int:
    return len(np.unique(panel.cluster[units]))


def settle_trial(trial: Trial, study: Study) -> CannotSay | None:
    """None where tasks were assigned at random, as --block or --design rct says."""
    if trial.treated.all() or not trial.treated.any():
        return CannotSay("one_arm", "All tasks are on one side: there is nothing to compare.")
    if trial.blocked or study.design == "rct":
        return None
    return CannotSay(
        "association",
        "Nobody drew lots over these tasks: tasks done with the assistant were chosen for it, so"
        " their difference from other tasks is an association, not an effect.",
    )
