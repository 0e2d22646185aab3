"""How alike two groups are before anybody started: the balance table, and when it is not enough.

Standardised by the SD of all treated units, as is usual for effects on the treated; the same SD
before and after matching, so that a smaller difference cannot come from a larger SD.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from steelyard.impact.panel import Floats
from steelyard.impact.result import CannotSay

LIMIT = 0.25  # |SMD| above which regression cannot be trusted to repair (Rubin 2001; Stuart 2010)
HALF = 0.5  # share of the treated that must find a partner, else the rest speak for too few
LONG = 12  # periods from which on a baseline mean is more than a lucky month


@dataclass(frozen=True)
class Balance:
    """One covariate. Means and variance ratio of the matched; None where nobody is matched.

    `smd` are standardised mean differences, treated less controls.
    """

    covariate: str
    mean_treated: float | None
    mean_control: float | None
    smd_before: float | None
    smd_after: float | None
    variance_ratio: float | None
    mean_treated_before: float
    mean_control_before: float
    variance_ratio_before: float | None

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def balance(
    names: Sequence[str], before: tuple[Floats, Floats], after: tuple[Floats, Floats]
) -> tuple[Balance, ...]:
    """One row a covariate, from (n, k) of treated and of controls: all of them, and the matched.

    Austin 2009, Statistics in Medicine 28; Stuart 2010, Statistical Science 25(1).
    """
    return tuple(
        _row(name, before[0][:, k], before[1][:, k], after[0][:, k], after[1][:, k])
        for k, name in enumerate(names)
    )


def _row(name: str, treated: Floats, controls: Floats, mine: Floats, theirs: Floats) -> Balance:
    spread = _spread(treated, controls)
    some = len(mine) > 0
    return Balance(
        covariate=name,
        mean_treated=float(mine.mean()) if some else None,
        mean_control=float(theirs.mean()) if some else None,
        smd_before=_smd(treated, controls, spread),
        smd_after=_smd(mine, theirs, spread) if some else None,
        variance_ratio=_ratio(mine, theirs),
        mean_treated_before=float(treated.mean()),
        mean_control_before=float(controls.mean()),
        variance_ratio_before=_ratio(treated, controls),
    )


def _is_flag(values: Floats) -> bool:
    return bool(np.isin(values, (0.0, 1.0)).all())


def _spread(treated: Floats, controls: Floats) -> float:
    """The SD of the treated (of a share for flags), of all where they do not vary."""
    both = np.concatenate([treated, controls])
    for values in (treated, both):
        share = values.mean()
        found = np.sqrt(share * (1 - share)) if _is_flag(both) else _sd(values)
        if found > 0:
            return float(found)
    return 0.0


def _sd(values: Floats) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else 0.0


def _smd(treated: Floats, controls: Floats, spread: float) -> float | None:
    gap = float(treated.mean() - controls.mean())
    if spread == 0:
        return 0.0 if gap == 0 else None
    return gap / spread


def _ratio(treated: Floats, controls: Floats) -> float | None:
    """Variance of the treated over that of the controls; of no use for flags, so None there."""
    if _is_flag(np.concatenate([treated, controls])) or min(len(treated), len(controls)) < 2:
        return None
    below = float(controls.var(ddof=1))
    return float(treated.var(ddof=1)) / below if below > 0 else None


def unlike(rows: Sequence[Balance]) -> list[Balance]:
    """The covariates that stay further apart than LIMIT after matching, or cannot be judged."""
    return [row for row in rows if row.smd_after is None or abs(row.smd_after) > LIMIT]


def refusal(pairs: int, asked: int, shared: int, rows: Sequence[Balance]) -> CannotSay | None:
    """Why the matched cannot stand for the treated: who has no partner, or what still differs.

    `shared` is the number of exact cells that have both treated and controls.
    """
    if not shared:
        return CannotSay(
            "no_overlap",
            "No overlap: no treated unit shares what must agree exactly with any control.",
        )
    if pairs < HALF * asked:
        return CannotSay(
            "no_overlap",
            f"No overlap: only {pairs} of {asked} treated units have anybody like them among the"
            " controls within the caliper; the others have nobody to be compared with.",
        )
    far = [f"{row.covariate} ({_sds(row.smd_after)})" for row in unlike(rows)]
    if far:
        return CannotSay(
            "no_overlap",
            f"No overlap: even after matching the groups differ by more than {LIMIT} SDs in "
            + ", ".join(far)
            + ".",
        )
    return None


def _sds(smd: float | None) -> str:
    return "not comparable" if smd is None else f"{smd:+.2f} SDs".replace("-", "−")
