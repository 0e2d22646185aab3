"""What was observed, as dense arrays: a panel of units by periods, or a trial of single tasks.

Rows are put into an order that depends on what was observed, not on how rows or labels came: no
result can depend on either. Reading tables is `read.py`; nothing here raises for bad input.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from steelyard.impact.result import Note

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Words = NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class Panel:
    """Units (rows) by periods (columns).

    outcome     (n, T); NaN where nothing was observed, which is never the same as 0
    start       (n,); index of the first treated period, T where none is inside the window
    cluster     (n,); codes 0 … G-1 of what treatment was assigned to (the unit itself by default)
    steps       (T,); positions on the calendar, so that a gap of two weeks counts as two
    weight      (n, T) or None; how many items a cell is the mean of (durations, shares)
    covariates  name -> (n,) numbers known before anybody was treated
    traits      name -> (n,) words, such as seniority
    """

    outcome: Floats
    start: Ints
    cluster: Ints
    steps: Ints
    units: tuple[str, ...]
    periods: tuple[str, ...]
    clusters: tuple[str, ...]
    clustered: bool = False
    weight: Floats | None = None
    covariates: Mapping[str, Floats] = field(default_factory=dict)
    traits: Mapping[str, Words] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()

    @property
    def n(self) -> int:
        return len(self.outcome)

    @property
    def length(self) -> int:
        """T, the number of periods."""
        return len(self.steps)

    @property
    def groups(self) -> int:
        """G, the number of clusters."""
        return len(np.unique(self.cluster))

    @property
    def never(self) -> Flags:
        """(n,): not treated inside the window."""
        return self.start >= self.length

    @property
    def treated(self) -> Flags:
        """(n, T): cells under treatment."""
        return np.arange(self.length)[None, :] >= self.start[:, None]

    @property
    def seen(self) -> Flags:
        """(n, T): cells with an observation."""
        return ~np.isnan(self.outcome)

    @property
    def dates(self) -> Ints:
        """The distinct starts inside the window, in order."""
        return np.unique(self.start[~self.never])

    @property
    def event_time(self) -> Ints:
        """(n, T): calendar steps since the start; meaningless for units never treated."""
        first = self.steps[np.minimum(self.start, self.length - 1)]
        return self.steps[None, :] - first[:, None]

    def pick(self, units: Flags | Ints) -> Panel:
        """Only these units (a mask or indices); clusters are numbered again."""
        rows = np.arange(self.n)[units]
        names, cluster = np.unique(self.cluster[rows], return_inverse=True)
        return replace(
            self,
            outcome=self.outcome[rows],
            start=self.start[rows],
            cluster=cluster.astype(np.int64),
            units=tuple(self.units[i] for i in rows),
            clusters=tuple(self.clusters[i] for i in names),
            weight=None if self.weight is None else self.weight[rows],
            covariates={name: values[rows] for name, values in self.covariates.items()},
            traits={name: values[rows] for name, values in self.traits.items()},
        )

    def window(self, first: int, last: int) -> Panel:
        """Only the periods first … last - 1; starts move along and stay what they are."""
        width = last - first
        start = np.clip(self.start - first, 0, width)
        return replace(
            self,
            outcome=self.outcome[:, first:last],
            start=start,
            steps=self.steps[first:last],
            periods=self.periods[first:last],
            weight=None if self.weight is None else self.weight[:, first:last],
        )

    def starting(self, start: Ints) -> Panel:
        """The same observations under other starts: placebos and permutations."""
        return replace(self, start=np.asarray(start, dtype=np.int64))

    def numbered(self, word: str) -> Panel:
        """The same with units called by number ("developer 7"), so that no result names anybody."""
        units = tuple(f"{word} {number}" for number in range(1, self.n + 1))
        return replace(self, units=units, clusters=self.clusters if self.clustered else units)

    def long(self) -> pd.DataFrame:
        """One row an observed cell: unit, time, outcome, cluster, start (0 = never), treated.

        `time` and `start` count calendar steps from 1, as estimators of other packages expect.
        """
        import pandas as pd

        row, column = np.nonzero(self.seen)
        clock = self.steps - self.steps[0] + 1
        starts = np.where(self.never, 0, clock[np.minimum(self.start, self.length - 1)])
        table: dict[str, Any] = {
            "unit": row,
            "time": clock[column],
            "outcome": self.outcome[row, column],
            "cluster": self.cluster[row],
            "start": starts[row],
            "treated": self.treated[row, column].astype(int),
        }
        table |= {name: values[row] for name, values in self.covariates.items()}
        return pd.DataFrame(table)


@dataclass(frozen=True, eq=False)
class Trial:
    """Single tasks that were each given to treatment or control; no calendar.

    outcome     (m,); treated (m,); block (m,) codes within which tasks were assigned (0 for all
                where there is none); cluster (m,) codes, by default each task its own
    covariates  name -> (m,) numbers known before the task began
    """

    outcome: Floats
    treated: Flags
    block: Ints
    cluster: Ints
    blocks: tuple[str, ...]
    clusters: tuple[str, ...]
    blocked: bool = False
    clustered: bool = False
    covariates: Mapping[str, Floats] = field(default_factory=dict)
    traits: Mapping[str, Words] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()

    @property
    def n(self) -> int:
        return len(self.outcome)

    @property
    def groups(self) -> int:
        return len(np.unique(self.cluster))
