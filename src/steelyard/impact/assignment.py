"""Which assignments a randomised design could have made: all of them, or draws.

What is assigned is a cluster or a task; strata are blocks within which it was assigned, so that
every assignment treats as many of each stratum as really were.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from steelyard.impact.panel import Flags, Ints

EXACT_MAX = 20_000
CELLS = 2_000_000  # of one piece of draws in memory


@dataclass(frozen=True, eq=False)
class Assignment:
    """treated (m,) and stratum (m,) codes of everything that was assigned."""

    treated: Flags
    stratum: Ints

    @property
    def count(self) -> int:
        """How many assignments the design could have made."""
        sizes = ((part.size, int(part.sum())) for part in self._parts())
        return math.prod(math.comb(size, treated) for size, treated in sizes)

    def words(self, draws: int) -> str:
        """In words, e.g. "within 16 blocks, 9,999 draws" or "all 495 assignments"."""
        made = f"{draws:,} draws"
        if self.count <= EXACT_MAX:
            made = f"all {self.count:,} assignments"
        blocks = len(np.unique(self.stratum))
        return f"within {blocks} blocks, {made}" if blocks > 1 else made

    def drawn(self, draws: int, seed: int) -> Iterator[Flags]:
        """Pieces (some, m) of assignments; the first row of the first is what happened."""
        if self.count <= EXACT_MAX:
            yield self._every()
            return
        rng = np.random.default_rng(seed)
        size = max(1, CELLS // len(self.treated))
        first = self.treated[None, :]
        for done in range(0, draws, size):
            piece = np.tile(self.treated, (min(size, draws - done), 1))
            for places in self._places():
                piece[:, places] = rng.permuted(piece[:, places], axis=1)
            yield np.vstack([first, piece])
            first = first[:0]

    def _places(self) -> list[NDArray[np.intp]]:
        return [np.flatnonzero(self.stratum == code) for code in np.unique(self.stratum)]

    def _parts(self) -> list[Flags]:
        return [self.treated[places] for places in self._places()]

    def _every(self) -> Flags:
        choices = [
            itertools.combinations(places.tolist(), int(self.treated[places].sum()))
            for places in self._places()
        ]
        rows = np.zeros((self.count, len(self.treated)), dtype=bool)
        for row, chosen in zip(rows, itertools.product(*choices), strict=True):
            row[list(itertools.chain.from_iterable(chosen))] = True
        happened = int(np.argmax((rows == self.treated).all(axis=1)))
        rows[[0, happened]] = rows[[happened, 0]]
        return rows
