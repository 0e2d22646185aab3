"""One pass over a repository's default branch: commits, and what became of their lines.

A commit's rework is final when the branch has gone on for 21 days. The cursor therefore stays that
far behind: going on from it reads those weeks again and says the same of them, or more. A branch
that was rewritten is read again from before the fork; commits that are on it no more are said to be
off the default branch, with no lines of rework, as long as git still has them.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, tee

import msgspec

from steelyard.model import Account, Commit, Record, Rework, reference
from steelyard.sources.contract import Page
from steelyard.sources.git import log, notes
from steelyard.sources.git.lines import Owner
from steelyard.sources.git.mainline import DAY, Group, Landing, groups, landings, span
from steelyard.sources.git.process import lines, output
from steelyard.sources.git.repository import Repository
from steelyard.sources.git.rework import WINDOW, Tracker
from steelyard.sources.marks import EVIDENCE, is_bot, login_of, of_commit

PAGE = 2000  # records
METHOD = 1  # rises when the same history would be counted otherwise: everything is read again


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """A cursor: the last commit that is final, and what had been seen of the repository."""

    final: str = ""
    clock: int = 0
    tip: str = ""  # read up to here
    notes: str = ""
    view: str = ""  # what is being read: a change means to begin again
    day: str = ""  # of the last whole pass


@dataclass(frozen=True)
class History:
    """What is read of one repository. `branch` '' means its default branch."""

    repository: Repository
    name: str
    branch: str = ""
    since: dt.date | None = None
    rework: bool = True
    page: int = PAGE

    def pages(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        place = msgspec.json.decode(cursor, type=Place) if cursor else Place()
        ref = self.repository.branch(self.branch)
        if not ref:
            yield Page((), cursor or "", notes=(f"{self.name} has no commits yet.",))
            return
        shallow = self.repository.shallow()
        goal = Place(
            tip=self.repository.commit(ref),
            notes=self.repository.commit(notes.REF),
            view=self._view(shallow),
            day=now.date().isoformat(),
        )
        if goal == msgspec.structs.replace(place, final="", clock=0):
            yield Page((), cursor or "")
            return
        yield from _Pass(self, place, goal, shallow, int(now.timestamp())).pages(cursor or "")

    def _view(self, shallow: frozenset[str]) -> str:
        roots = hashlib.sha256(" ".join(sorted(shallow)).encode()).hexdigest()[:16]
        return f"{METHOD} {self.since or 'all'} {'rework' if self.rework else ''} {roots}"


class _Pass:
    """One run from a place to the branch's tip."""

    def __init__(
        self, history: History, place: Place, goal: Place, shallow: frozenset[str], now: int
    ) -> None:
        self.of, self.place, self.goal, self.shallow, self.now = history, place, goal, shallow, now
        self.repository = history.repository
        self.git_dir = history.repository.git_dir
        self.bots: set[str] = set()
        self.tracker = Tracker()
        self.waiting: deque[Landing] = deque()  # landed, and not final yet
        self.final: Landing | None = None
        self.tip = place.tip
        self.plan = log.Plan(
            self.git_dir,
            self.repository.mailmap(goal.tip),
            notes.REF if goal.notes else "",
            history.rework,
        )

    def pages(self, cursor: str) -> Iterator[Page]:
        """Until the last page, going on from any of these cursors leaves nothing out."""
        after, chain = self._start()
        said = self._remarks()
        yield Page(self._aliases(), cursor, notes=said)
        yield from self._vanished(cursor)
        yield from self._noted_late(cursor, after)
        yield from self._landed(after, chain)

    def _start(self) -> tuple[Landing | None, list[Landing]]:
        """Where to go on, and the first-parent history from there."""
        place, tip, latest = self.place, self.goal.tip, self.now + DAY
        if place.view == self.goal.view and self.repository.commit(place.final):
            after = Landing(place.final, place.clock)
            chain = landings(self.git_dir, tip, after, latest)
            first = self.repository.commit(f"{chain[0].sha}^1") if chain else tip
            if first == after.sha:
                return after, chain
        chain = landings(self.git_dir, tip, None, latest)
        begin = self._since(chain)
        if place.view == self.goal.view and self.repository.commit(place.tip):
            begin = max(begin, self._before_the_fork(chain))
        return (chain[begin - 1] if begin else None), chain[begin:]

    def _since(self, chain: Sequence[Landing]) -> int:
        since = self.of.since
        if not since:
            return 0
        first = dt.datetime.combine(since, dt.time(), dt.UTC).timestamp()
        return next((i for i, landing in enumerate(chain) if landing.clock >= first), len(chain))

    def _before_the_fork(self, chain: Sequence[Landing]) -> int:
        """The first commit whose lines a rewritten branch can have changed."""
        old = set(lines(self.git_dir, "rev-list", "--first-parent", self.place.tip))
        shared = next((i for i, landing in enumerate(chain) if landing.sha not in old), len(chain))
        fork = chain[shared - 1].clock if shared else 0
        return next((i for i in range(shared) if chain[i].clock + WINDOW >= fork), shared)

    def _landed(self, after: Landing | None, chain: Sequence[Landing]) -> Iterator[Page]:
        total = int(output(self.git_dir, "rev-list", "--count", *span(after, self.goal.tip)))
        planned, wanted = tee(groups(self.git_dir, chain, after))
        commits = log.read(self.plan, (sha for group in wanted for sha in group.shas))
        self.tracker.clock, self.final = (after.clock, after) if after else (0, None)
        ahead = self.place.tip in {landing.sha for landing in chain}
        records: list[Record] = []
        done = 0
        for group in planned:
            for commit in islice(commits, len(group.shas)):
                done += 1
                records += self._records(commit)
                self._follow(commit, group)
                if len(records) >= self.of.page:
                    yield Page(records, self._cursor(), done, total)
                    records = []
            records += map(self._rework, self.tracker.closed())
            self._settle(group.landing)
            ahead = ahead and group.landing.sha != self.place.tip
            if not ahead:  # what an earlier run read beyond this stays known as read
                self.tip = group.landing.sha
        records += map(self._rework, self.tracker.open)
        self.tip = self.goal.tip
        yield Page(records, self._cursor(self.goal.day), done, total)

    def _follow(self, commit: log.Read, group: Group) -> None:
        if not self.of.rework:
            return
        if commit.sha in self.shallow:
            commit = commit._replace(changes=[])
        if commit.sha == group.landing.sha:
            self.tracker.landed(commit, group.landing.clock)
        else:
            self.tracker.branched(commit, group.children)

    def _settle(self, landing: Landing) -> None:
        """Move the place to go on from behind what can change no more."""
        self.waiting.append(landing)
        while self.waiting and self._is_final(self.waiting[0], landing):
            self.final = self.waiting.popleft()

    def _is_final(self, landing: Landing, last: Landing) -> bool:
        return not self.of.rework or landing.clock + WINDOW < last.clock

    def _cursor(self, day: str = "") -> str:
        sha, clock = (self.final.sha, self.final.clock) if self.final else ("", 0)
        place = Place(sha, clock, self.tip, self.goal.notes, self.goal.view, day)
        return msgspec.json.encode(place).decode()

    def _remarks(self) -> tuple[str, ...]:
        found = []
        if self.shallow:
            found.append(
                f"{self.of.name} is a shallow clone: what came before is not known, nor what its"
                f" {len(self.shallow)} oldest commits changed. Run git fetch --unshallow there."
            )
        old = self.place.tip
        if old and not self.repository.commit(old):
            found.append(
                f"{self.of.name}'s branch was rewritten, and git has dropped the old commits:"
                " those counted before stay counted."
            )
        return tuple(found)

    def _aliases(self) -> list[Record]:
        return [
            Account(
                key=reference("email", alias), account=reference("email", alias), email=canonical
            )
            for alias, canonical in self.repository.aliases(self.goal.tip).items()
        ]

    def _vanished(self, cursor: str) -> Iterator[Page]:
        """Commits that were on the branch and are not any more."""
        old = self.place.tip
        if not old or not self.repository.commit(old):
            return
        gone = list(lines(self.git_dir, "rev-list", old, f"^{self.goal.tip}"))
        records: list[Record] = []
        for commit in log.read(self.plan, gone):
            records += self._records(commit, on_default=False)
            if self.of.rework:
                records.append(self._rework(Owner(commit.sha)))
            if len(records) >= self.of.page:
                yield Page(records, cursor)
                records = []
        if records:
            yield Page(records, cursor, notes=(_rewritten(self.of.name, len(gone)),))

    def _noted_late(self, cursor: str, after: Landing | None) -> Iterator[Page]:
        """Commits that are final and got or lost an authorship note since."""
        if not after or not self.goal.notes or self.goal.notes == self.place.notes:
            return
        old = self.repository.commit(self.place.notes) if self.place.notes else ""
        change = (
            ("diff-tree", "-r", old, self.goal.notes) if old else ("ls-tree", "-r", self.goal.notes)
        )
        paths = lines(self.git_dir, *change, "--name-only")
        noted = {path.replace("/", "") for path in paths}
        read = [sha for sha in lines(self.git_dir, "rev-list", after.sha) if sha in noted]
        for start in range(0, len(read), PAGE):
            commits = log.read(self.plan, read[start : start + PAGE])
            yield Page([record for commit in commits for record in self._records(commit)], cursor)

    def _records(self, commit: log.Read, on_default: bool = True) -> list[Record]:
        email = commit.author_email.lower()
        records: list[Record] = [self._commit(commit, email, on_default)]
        if is_bot(email) and email not in self.bots:
            self.bots.add(email)
            account = reference("email", email)
            records.append(Account(key=account, account=account, name=commit.author_name, bot=True))
        return records

    def _commit(self, commit: log.Read, email: str, on_default: bool) -> Commit:
        marks = of_commit(
            commit.message, author_email=email, author_name=commit.author_name, repo=self.of.name
        )
        note = notes.read_note(commit.note) if commit.note else notes.Note()
        merge = len(commit.parents) > 1
        additions, deletions, files = _size(commit, merge or commit.sha in self.shallow)
        evidence = EVIDENCE[0] if note.assistants else marks.evidence
        return Commit(
            key=commit.sha,
            repo=self.of.name,
            sha=commit.sha,
            author=login_of(email),
            author_email=email,
            author_name=commit.author_name,
            authored_at=_time(commit.authored),
            committed_at=_time(commit.committed),
            is_merge=merge,
            on_default=on_default,
            additions=additions,
            deletions=deletions,
            files=files,
            assistants=tuple(sorted({*marks.assistants, *note.assistants})),
            evidence=evidence,
            ai_lines=note.ai_lines,
            issues=marks.issues,
            reverts=marks.reverts,
        )

    def _rework(self, owner: Owner) -> Rework:
        return Rework(
            key=owner.sha,
            repo=self.of.name,
            sha=owner.sha,
            added=owner.added,
            rewritten=owner.rewritten,
            complete=owner.landed + WINDOW < self.now,
        )


def _size(commit: log.Read, unknown: bool) -> tuple[int | None, int | None, int | None]:
    """Lines added and deleted, and files, as `git log --shortstat -U0` says; not of merges."""
    if unknown:
        return None, None, None
    added = sum(hunk[3] for change in commit.changes for hunk in change.hunks)
    deleted = sum(hunk[1] for change in commit.changes for hunk in change.hunks)
    return added, deleted, len({change.path for change in commit.changes})


def _time(seconds: int | None) -> dt.datetime | None:
    try:
        return None if seconds is None else dt.datetime.fromtimestamp(seconds, dt.UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _rewritten(name: str, count: int) -> str:
    return f"{name}'s branch was rewritten: {count} commits are on it no more."
