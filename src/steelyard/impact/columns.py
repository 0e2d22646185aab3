"""Which column of a table holds what, and its cells as words, numbers or flags.

A table is text in every column, with the file's line numbers as its index; what cannot be
understood raises BadPanel with its line.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from steelyard.errors import BadPanel, UnknownName
from steelyard.impact.panel import Flags, Floats

if TYPE_CHECKING:
    import pandas as pd

MISSING = frozenset(("", "na", "nan", "n/a", "null", "none", "."))
NEVER = MISSING | {"0", "0.0", "never", "inf", "infinity"}
YES = frozenset(("1", "1.0", "true", "yes", "t", "y"))
NO = frozenset(("0", "0.0", "false", "no", "f", "n"))


@dataclass(frozen=True)
class Columns:
    """Which column holds what; "" where there is none."""

    outcome: str
    unit: str = ""
    time: str = ""
    treated: str = ""
    adopted: str = ""
    cluster: str = ""
    block: str = ""
    weight: str = ""
    covariates: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()

    def check(self, table: pd.DataFrame) -> None:
        """Raises UnknownName for a column that is not there, BadPanel for an empty table."""
        if table.empty:
            raise BadPanel("The table has no rows.", "A header and at least some periods of units.")
        for each in fields(self):
            said = getattr(self, each.name)
            for name in (said,) if isinstance(said, str) else map(bare, said):
                if name and name not in table.columns:
                    raise UnknownName("column", name, map(str, table.columns))


def bare(covariate: str) -> str:
    """The column of a covariate: `x` of x, log(x) and raw(x)."""
    for form in ("log(", "raw("):
        if covariate.startswith(form) and covariate.endswith(")"):
            return covariate[len(form) : -1]
    return covariate


def words(table: pd.DataFrame, name: str) -> pd.Series[Any]:
    """A column as stripped text."""
    return table[name].astype(str).str.strip()


def numbers(table: pd.DataFrame, name: str) -> Floats:
    """A column as numbers, NaN where nothing is written. Raises BadPanel for anything else."""
    import pandas as pd

    if pd.api.types.is_numeric_dtype(table[name]):
        return table[name].to_numpy(dtype=float)
    said = words(table, name)
    empty = said.str.lower().isin(MISSING).to_numpy()
    found = pd.to_numeric(said.where(~empty), errors="coerce").to_numpy(dtype=float)
    bad = ~empty & ~np.isfinite(found)
    if bad.any():
        at = int(np.argmax(bad))
        raise BadPanel(
            f"{said.iloc[at]!r} in {name} is not a number.",
            "Write 1234.5 with a point and without thousands; leave unknown cells empty.",
            line(table, at),
        )
    return found


def line(table: pd.DataFrame, at: int) -> int:
    """The line of the file that row `at` came from."""
    return int(table.index[at])


def flags(table: pd.DataFrame, name: str) -> Flags:
    """A column of 0 and 1. Raises BadPanel for anything else, also for nothing."""
    said = words(table, name).str.lower()
    yes, no = said.isin(YES).to_numpy(), said.isin(NO).to_numpy()
    if not (yes | no).all():
        at = int(np.argmin(yes | no))
        raise BadPanel(
            f"{said.iloc[at]!r} in {name} is neither 0 nor 1.",
            "1 in rows under treatment, 0 in all others; a date of adoption goes into --adopted.",
            line(table, at),
        )
    said_yes: Flags = yes
    return said_yes
