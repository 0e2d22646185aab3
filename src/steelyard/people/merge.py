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
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from steelyard.people.shown import SMALL

Codes = NDArray[np.int64]
Place = tuple[str, ...]
Value = TypeVar("Value", str, int)


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


def together(sizes: Mapping[Value, int], least: int) -> set[Value]:
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
    large enough. Only the trait is made coarser, which takes nothing from what other pairs of
    partitions were promised.
    """
    (_, rows), (names, values) = _dense(groups), _dense(trait)
    wide = len(names)
    counts = np.bincount(rows * wide + values, minlength=(rows.max(initial=-1) + 1) * wide)
    table = counts.reshape(-1, wide).astype(np.float32)
    merged = np.arange(wide)
    while (pair := _weakest(table, least)) is not None:
        keep, gone = pair
        table[:, keep] += table[:, gone]
        table[:, gone] = 0
        merged[merged == gone] = keep
    return {int(names[i]): int(names[to]) for i, to in enumerate(merged) if i != to}


def _dense(codes: Codes) -> tuple[Codes, Codes]:
    """The codes that occur, and each as its place among them."""
    occurs = np.bincount(codes) > 0
    return np.flatnonzero(occurs), (np.cumsum(occurs) - 1)[codes]


def _weakest(table: NDArray[np.float32], least: int) -> tuple[int, int] | None:
    """Two values to show as one, where a line between values separates too few people."""
    near = table.T @ (table > 0).astype(np.float32)  # of the one value, in groups the other is in
    strength = np.minimum(near, near.T)
    split = (near > 0) & ~_connected(strength >= least)
    np.fill_diagonal(split, False)
    if not split.any():
        return None
    sizes = table.sum(0)
    cost = np.where(split, sizes[:, None] + sizes[None, :] - strength, np.inf)
    keep, gone = divmod(int(cost.argmin()), len(cost))
    return min(keep, gone), max(keep, gone)


def _connected(edges: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which values a path of edges leads from and to; a few squarings of a small matrix."""
    reach = edges | np.eye(len(edges), dtype=bool)
    while True:
        further = (reach.astype(np.float32) @ reach.astype(np.float32)) > 0
        if (further == reach).all():
            return reach
        reach = further


def small_values(trait: Codes, least: int) -> set[int]:
    """The values of a trait that are shown together for their size alone."""
    sizes = {code: n for code, n in enumerate(np.bincount(trait).tolist()) if n}
    return together(sizes, least)


def merge_traits(groups: Codes, traits: Sequence[Codes], least: int) -> list[set[int]]:
    """For each trait, which of its values are shown as one (as 0) beside the groups of places and
    the traits before it."""
    partitions, found = [groups], list[set[int]]()
    for trait in traits:
        as_one = small_values(trait, least)
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
