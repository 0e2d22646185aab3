"""Groups of people that are too small, merged so that no sum or difference of groups is of few.

Places (roll-up, department, team) are one partition of everybody: every combination that occurs
holds `least` people or more. A trait (role, level, …) is a partition across them, and whoever knows
both kinds can subtract. What is left over can only be small where a line through the organisation
separates few people; `crossed` merges values of the trait until no line does. Proof in
ARCHITECTURE.md. Pure functions of arrays: one day at a time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from steelyard.people.shown import SMALL

Codes = NDArray[np.int64]
Place = tuple[str, ...]


def places(sizes: Mapping[Place, int], least: int) -> dict[Place, Place]:
    """How each place is shown, from how many people each has: too small a one together with its
    small siblings, which are left over in their parent, or with them in the parent's."""
    shown: dict[Place, Place] = {}
    depth = len(next(iter(sizes), ()))
    if sum(sizes.values()) < least:
        return dict.fromkeys(sizes, (SMALL,) * depth)
    _split(dict(sizes), 0, depth, least, shown)
    return shown


def _split(
    sizes: dict[Place, int], level: int, depth: int, least: int, shown: dict[Place, Place]
) -> None:
    """Places of one parent, which are enough together."""
    if level == depth:
        shown.update((place, place) for place in sizes)
        return
    children: dict[str, dict[Place, int]] = defaultdict(dict)
    for place, size in sizes.items():
        children[place[level]][place] = size
    totals = {name: sum(each.values()) for name, each in children.items()}
    for name in together(totals, least):
        for place in children.pop(name):
            shown[place] = (*place[:level], *(SMALL,) * (depth - level))
    for each in children.values():
        _split(each, level + 1, depth, least, shown)


def together(sizes: Mapping[str, int], least: int) -> set[str]:
    """The values that are shown as one: the small ones and, where these are too few, the smallest
    of the others as well."""
    few = {name for name, size in sizes.items() if size < least}
    if few and sum(sizes[name] for name in few) < least:
        others = sorted(sizes.keys() - few, key=lambda name: (sizes[name], name))
        few |= set(others[:1])
    return few


def crossed(groups: Codes, trait: Codes, least: int) -> dict[int, int]:
    """Values of a trait that are shown as one with others, as value → the value it joins.

    `groups` and `trait` are codes of two partitions of the same people, all of whose groups are
    large enough; 0 of the trait is what is shown together. Only the trait is made coarser, which
    takes nothing from what other pairs of partitions were promised.
    """
    names, values = np.unique(trait, return_inverse=True)
    rows = np.unique(groups, return_inverse=True)[1]
    shape = int(rows.max(initial=-1)) + 1, len(names)
    counts = np.bincount(rows * shape[1] + values, minlength=shape[0] * shape[1])
    table = counts.reshape(shape).astype(np.float32)
    merged = np.arange(len(names))
    while (pair := _weakest(table, least)) is not None:
        keep, gone = pair
        table[:, keep] += table[:, gone]
        table[:, gone] = 0
        merged[merged == gone] = keep
    return {int(names[i]): int(names[to]) for i, to in enumerate(merged) if i != to}


def _weakest(table: NDArray[np.float32], least: int) -> tuple[int, int] | None:
    """Two values to show as one, where a line between values separates too few people."""
    near = table.T @ (table > 0).astype(np.float32)  # of the one value, in groups the other is in
    strength = np.minimum(near, near.T)
    _, firm = connected_components(strength >= least, directed=False)
    split = (near > 0) & (firm[:, None] != firm[None, :])
    if not split.any():
        return None
    sizes = table.sum(0)
    cost = np.where(split, sizes[:, None] + sizes[None, :] - strength, np.inf)
    keep, gone = divmod(int(cost.argmin()), len(cost))
    return min(keep, gone), max(keep, gone)


def small_values(trait: Codes, least: int) -> Codes:
    """The values of a trait that are shown together for their size alone."""
    names, counts = np.unique(trait, return_counts=True)
    sizes = {str(name): int(n) for name, n in zip(names, counts, strict=True)}
    return np.array(sorted(int(name) for name in together(sizes, least)), np.int64)


def merge_traits(groups: Codes, traits: Sequence[Codes], least: int) -> list[set[int]]:
    """For each trait, which of its values are shown as one (as 0) beside the groups of places and
    the traits before it."""
    partitions, found = [groups], list[set[int]]()
    for trait in traits:
        as_one = {int(value) for value in small_values(trait, least)}
        while True:
            shown = np.where(np.isin(trait, list(as_one)), 0, trait)
            joined = [crossed(each, shown, least) for each in partitions]
            more = {value for pairs in joined for pair in pairs.items() for value in pair}
            if more - {0} <= as_one:
                break
            as_one |= more - {0}
        partitions.append(shown)
        found.append(as_one)
    return found
