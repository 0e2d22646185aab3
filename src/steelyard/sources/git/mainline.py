"""The order in which a branch's commits are read: along its first-parent history, and before each
of its commits those that it merged. Resuming anywhere on that history gives the same order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from steelyard.sources.git.process import lines

STEP = 1000  # commits of the first-parent history whose merges are looked up at a time
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Landing:
    """A commit of the first-parent history, at a time that never runs backwards."""

    sha: str
    clock: int  # seconds since 1970


@dataclass(frozen=True, slots=True)
class Group:
    """A landing and the commits it merged, parents first; how many of them have each parent."""

    landing: Landing
    merged: tuple[str, ...]
    children: Mapping[str, int]

    @property
    def shas(self) -> tuple[str, ...]:
        return (*self.merged, self.landing.sha)


def landings(git_dir: Path, tip: str, after: Landing | None, latest: int) -> list[Landing]:
    """The first-parent history behind `after`. Times later than `latest` cannot be true: such
    commits count as made when the one before them was.
    """
    found: list[Landing] = []
    clock = after.clock if after else 0
    for line in lines(
        git_dir, "log", "--first-parent", "--reverse", "--format=%H %ct", *span(after, tip)
    ):
        sha, _, time = line.partition(" ")
        if clock < int(time or 0) <= latest:
            clock = int(time)
        found.append(Landing(sha, clock))
    return found


def groups(git_dir: Path, chain: Sequence[Landing], after: Landing | None) -> Iterator[Group]:
    """Everything that became reachable with each landing, in order."""
    for start in range(0, len(chain), STEP):
        step = chain[start : start + STEP]
        yield from _step(git_dir, step, after)
        after = step[-1]


def span(after: Landing | None, tip: str) -> list[str]:
    return [tip, f"^{after.sha}"] if after else [tip]


def _step(git_dir: Path, step: Sequence[Landing], after: Landing | None) -> Iterator[Group]:
    asked = ("rev-list", "--topo-order", "--reverse", "--parents", *span(after, step[-1].sha))
    parents = {sha: rest for sha, *rest in (line.split() for line in lines(git_dir, *asked))}
    place = {sha: index for index, sha in enumerate(parents)}
    left = set(parents) - {landing.sha for landing in step}
    for landing in step:
        merged = sorted(_reached(landing.sha, parents, left), key=place.__getitem__)
        children = Counter(parent for sha in merged for parent in parents[sha])
        children.update(parents[landing.sha][1:])
        yield Group(landing, tuple(merged), children)


def _reached(sha: str, parents: Mapping[str, Sequence[str]], left: set[str]) -> list[str]:
    """Commits that this one is the first to reach; they are taken out of those left."""
    found: list[str] = []
    todo = list(parents[sha][1:])
    while todo:
        commit = todo.pop()
        if commit in left:
            left.remove(commit)
            found.append(commit)
            todo += parents[commit]
    return found
