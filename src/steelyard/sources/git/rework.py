"""Follows lines after they landed on the default branch, and counts those rewritten soon after.

What is counted: a line lands when the commit that brings it becomes part of the branch's
first-parent history, directly or through a merge. It is rewritten when a later commit of that
history changes or deletes it within 21 days, whoever does; how often a branch rewrites its own
lines before it is merged does not matter. Lines that come through a merge are credited to the
commit of the merged branch that wrote them: exactly, by line, where the merge took the branch's
version of a file as it was; else by the order of the branch's lines; what is left over goes to the
branch's last commit to that file, and what only the merge wrote to the merge itself.

Not counted: generated, vendored and lock files, recorded fixtures, binary files, lines of over
1,000 characters, and moves (a renamed file keeps its lines; a block moved within or between files
is rewritten). Time is the committer's, never running backwards along the branch.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from steelyard.sources.git.left_out import is_left_out
from steelyard.sources.git.lines import (
    Interval,
    Owner,
    in_order,
    inserted,
    joined,
    rewritten,
    within,
)
from steelyard.sources.git.log import Change, Read
from steelyard.sources.git.mainline import DAY

WINDOW = 21 * DAY  # seconds
NOBODY = Owner("")


@dataclass(slots=True)
class _Branched:
    """A file as a branch has it: whose the branch's lines in it are, and who touched it last."""

    blob: bytes
    owned: list[Interval]
    last: Owner


_Branch = dict[bytes, _Branched]


@dataclass
class Tracker:
    """The lines that landed in the last 21 days. Commits come in the order of `mainline.py`: what a
    commit of the first-parent history merged comes directly before it, and is forgotten after it.
    """

    clock: int = 0
    swept: int = 0
    files: dict[bytes, list[Interval]] = field(default_factory=dict)
    open: deque[Owner] = field(default_factory=deque)
    branches: dict[str, _Branch] = field(default_factory=dict)

    def branched(self, commit: Read, children: Mapping[str, int]) -> None:
        """The next commit of a branch that is about to be merged."""
        owner = Owner(commit.sha)
        branch = self._taken(commit.parents, children)
        # What else a merge brings into a branch may be the default branch's: nobody's here.
        new_lines = NOBODY if len(commit.parents) > 1 else owner
        placed: _Branch = {}
        for change in commit.changes:
            before = branch.pop(change.old, None)
            if not _is_followed(change):
                continue
            versions = self._versions(commit, change)
            kept, _ = rewritten(before.owned if before else (), change.hunks)
            new = _credited(change, versions, new_lines, new_lines)
            last = owner
            if new_lines is NOBODY:
                last = before.last if before else versions[0].last if versions else NOBODY
            placed[change.path] = _Branched(change.blob, joined(kept, new), last)
        branch.update(placed)
        self.branches[commit.sha] = branch

    def landed(self, commit: Read, clock: int) -> None:
        """The next commit of the first-parent history itself, at a time in seconds since 1970."""
        if clock - self.swept > DAY:
            self._forget(clock)
        self.clock = clock
        owner = Owner(commit.sha)
        placed: dict[bytes, list[Interval]] = {}
        for change in commit.changes:
            owned = self.files.pop(change.old, ())
            if not _is_followed(change):
                continue
            kept, gone = rewritten(owned, change.hunks)
            for writer, count in gone:
                if clock - writer.landed <= WINDOW:
                    writer.rewritten += count
            versions = self._versions(commit, change)
            last = versions[0].last if versions else NOBODY
            new = _credited(change, versions, owner, owner if last is NOBODY else last)
            self._land(new)
            if intervals := joined(kept, new):
                placed[change.path] = intervals
        self.files |= placed
        self.branches.clear()

    def closed(self) -> Iterator[Owner]:
        """Commits whose 21 days are over by the branch's own clock, and final."""
        while self.open and self.open[0].landed + WINDOW < self.clock:
            yield self.open.popleft()

    def _forget(self, clock: int) -> None:
        """Let go of lines that are too old to matter."""
        self.swept = clock
        for path, owned in list(self.files.items()):
            recent = [part for part in owned if part[2].landed + WINDOW >= clock]
            if recent:
                self.files[path] = recent
            else:
                del self.files[path]

    def _land(self, intervals: Iterable[Interval]) -> None:
        for start, end, owner in intervals:
            if not owner.added:
                owner.landed = self.clock
                self.open.append(owner)
            owner.added += end - start

    def _versions(self, commit: Read, change: Change) -> list[_Branched]:
        """The file as the merged branches have it, the one that was taken as it is first."""
        branches = [self.branches[sha] for sha in commit.parents[1:] if sha in self.branches]
        found = [branch[change.path] for branch in branches if change.path in branch]
        return sorted(found, key=lambda version: version.blob != change.blob)

    def _taken(self, parents: Sequence[str], children: Mapping[str, int]) -> _Branch:
        """The branch as the first parent left it: itself for an only child, else a copy."""
        branch = self.branches.get(parents[0], {}) if parents else {}
        return branch if parents and children[parents[0]] < 2 else dict(branch)


def _is_followed(change: Change) -> bool:
    return change.counted and not is_left_out(change.path)


def _credited(
    change: Change, versions: Sequence[_Branched], new: Owner, rest: Owner
) -> list[Interval]:
    """Whose the new lines of a file are: `new`, unless a merged branch has them; of the lines of
    such a file that the branch does not own, `rest`.
    """
    ranges = inserted(change.hunks, change.overlong)
    if not versions:
        found = [(start, end, new) for start, end in ranges]
    elif versions[0].blob == change.blob:
        found = within(versions[0].owned, ranges, rest)
    else:
        found = in_order(versions[0].owned, ranges, rest)
    return [part for part in found if part[2] is not NOBODY]
