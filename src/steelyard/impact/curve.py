"""Power over people and weeks: what more of either would buy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from steelyard.impact.panel import Panel
from steelyard.impact.power import Power, power
from steelyard.impact.result import CannotSay
from steelyard.impact.splits import Level
from steelyard.impact.study import Study

PEOPLE = (10, 25, 50, 100, 200)  # a side
WEEKS = (4, 8, 12, 26)  # after the start
DRAWS = 1_000


def curve(
    panel: Panel,
    study: Study,
    people: Sequence[int] = PEOPLE,
    weeks: Sequence[int] = WEEKS,
    weeks_before: int = 12,
    effect_pct: float = 10.0,
    control_ratio: float = 1.0,
    draws: int = DRAWS,
    seed: int | None = None,
    assigned_by: Level | None = None,
) -> tuple[dict[str, Any], ...]:
    """Rows of n_treated, n_control, weeks_after, mde_pct, power, why; by weeks, then people.

    `why` says why figures are None, or that there are fewer people than the row takes.
    """
    rows = []
    for after in weeks:
        for treated in people:
            control = max(1, round(treated * control_ratio))
            said = power(
                panel,
                study,
                treated,
                control,
                weeks_before,
                after,
                effect_pct,
                draws,
                seed,
                assigned_by,
            )
            size = {"n_treated": treated, "n_control": control, "weeks_after": after}
            rows.append({**size, **_figures(said)})
    return tuple(rows)


def _figures(said: Power | CannotSay) -> dict[str, Any]:
    if isinstance(said, CannotSay):
        return {"mde_pct": None, "power": None, "why": said.message}
    more = [note.message for note in said.warnings if note.code == "with_replacement"]
    return {"mde_pct": said.mde_pct, "power": said.power, "why": more[0] if more else ""}
