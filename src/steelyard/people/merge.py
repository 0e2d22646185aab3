"""Groups of people that are too small, merged so that no sum or difference of groups is of few.

Places (roll-up, department, team) are one partition of everybody: whatever is told of them is told
of groups of `least` people or more. A trait (role, level, …) is a partition across them, and who
knows both kinds can subtract. What is left over can only be small where a line through the
organisation separates few people; `crossed` merges values of the trait until no line does. Proof
in ARCHITECTURE.md. Pure functions of arrays: one day at a time.
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
    """How each place is shown, from how many people each has.

    Places that are too small are counted with a neighbour, as near as there is one, into groups
    that are never told apart. A value that such a group has in common with another (a department,
    say, when the group reaches into two) is then not shown on its own either, at that level alone;
    so what is shown of a value is always all of it, and every answer is a sum of whole groups.
    """
    depth = len(next(iter(sizes), ()))
    if sum(sizes.values()) < least:
        return dict.fromkeys(sizes, (SMALL,) * depth)
    groups, _ = _groups(sorted(sizes), sizes, 0, least)
    mixed: list[set[str]] = [set() for _ in range(depth)]
    for group in groups:
        for level, values in enumerate(zip(*group, strict=True)):
            mixed[level] |= set(values) if len(set(values)) > 1 else set()
    return {
        place: tuple(SMALL if name in few else name for name, few in zip(place, mixed, strict=True))
        for place in sizes
    }


def _groups(
    inside: Sequence[Place], sizes: Mapping[Place, int], level: int, least: int
) -> tuple[list[list[Place]], list[Place]]:
    """Groups of one parent that are large enough, and what is left over where none is."""
    if level == len(inside[0]) or len(inside) == 1:
        few = sum(sizes[place] for place in inside) < least
        return ([], list(inside)) if few else ([list(inside)], [])
    children: dict[str, list[Place]] = defaultdict(list)
    for place in inside:
        children[place[level]].append(place)
    found: dict[str, list[list[Place]]] = {}
    left: list[Place] = []
    for name in sorted(children):
        groups, rest = _groups(children[name], sizes, level + 1, least)
        found |= {name: groups} if groups else {}
        left += rest
    if left and sum(sizes[place] for place in left) < least and found:
        near = min(found, key=lambda name: (sum(sizes[p] for p in children[name]), name))
        found[near][0] += left  # the smallest child loses its label, and one group in it
        left = []
    groups = [group for those in found.values() for group in those]
    enough = sum(sizes[place] for place in left) >= least
    return ([left, *groups], []) if left and enough else (groups, left)


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
