"""Which lines of a file are whose, without knowing what is in them: arithmetic on line numbers.

Only lines that somebody owns are written down, as intervals in order; all others are of no
interest. A diff without context says where every line goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# Of a diff without context: old start, old lines, new start, new lines, as git prints them.
Hunk = tuple[int, int, int, int]


@dataclass(slots=True, eq=False)
class Owner:
    """A commit whose lines are followed, from the moment they landed on the default branch."""

    sha: str
    landed: int = 0  # seconds since 1970
    added: int = 0
    rewritten: int = 0


# First line, line after the last, whose they are. Lines count from 1.
Interval = tuple[int, int, Owner]
Range = tuple[int, int]


def inserted(hunks: Sequence[Hunk], left_out: Sequence[int] = ()) -> list[Range]:
    """The ranges of new lines, without single lines that are left out."""
    ranges = [(new, new + count) for _, _, new, count in hunks if count]
    for line in left_out:
        ranges = [part for whole in ranges for part in _without(whole, line)]
    return ranges


def rewritten(
    owned: Sequence[Interval], hunks: Sequence[Hunk]
) -> tuple[list[Interval], list[tuple[Owner, int]]]:
    """What is left of the owned lines, at their new places, and how many of each owner are gone."""
    kept: list[Interval] = []
    gone: list[tuple[Owner, int]] = []
    index = shift = 0
    for start, end, owner in owned:
        while index < len(hunks):
            old, count, _, new_count = hunks[index]
            first = old if count else old + 1  # git names the line before a pure insertion
            after = first + count
            if first >= end:
                break
            if first > start:
                kept.append((start + shift, first + shift, owner))
            cut = min(end, after) - max(start, first)
            if cut > 0:
                gone.append((owner, cut))
            start = max(start, after)
            if after > end:
                break  # the hunk goes on behind this interval
            shift += new_count - count
            index += 1
        if start < end:
            kept.append((start + shift, end + shift, owner))
    return kept, gone


def within(owned: Sequence[Interval], ranges: Iterable[Range], other: Owner) -> list[Interval]:
    """The owners of ranges; lines in them that nobody owns are the `other`'s."""
    found: list[Interval] = []
    index = 0
    for start, end in ranges:
        while index < len(owned) and owned[index][1] <= start:
            index += 1
        at = index
        while at < len(owned) and owned[at][0] < end:
            first, after = max(start, owned[at][0]), min(end, owned[at][1])
            if first > start:
                found.append((start, first, other))
            found.append((first, after, owned[at][2]))
            start, at = after, at + 1
        if start < end:
            found.append((start, end, other))
    return found


def in_order(owned: Sequence[Interval], ranges: Iterable[Range], other: Owner) -> list[Interval]:
    """The owners of ranges when line numbers differ and only the order of lines is the same."""
    found: list[Interval] = []
    supply = [(end - start, owner) for start, end, owner in reversed(owned)]
    for start, end in ranges:
        while start < end:
            size, owner = supply.pop() if supply else (end - start, other)
            taken = min(size, end - start)
            found.append((start, start + taken, owner))
            start += taken
            if taken < size:
                supply.append((size - taken, owner))
    return found


def joined(kept: Iterable[Interval], new: Iterable[Interval]) -> list[Interval]:
    return sorted((*kept, *new), key=_start)


def _start(interval: Interval) -> int:
    return interval[0]


def _without(whole: Range, line: int) -> list[Range]:
    start, end = whole
    if not start <= line < end:
        return [whole]
    return [part for part in ((start, line), (line + 1, end)) if part[0] < part[1]]
