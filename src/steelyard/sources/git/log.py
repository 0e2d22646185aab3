"""Reads given commits with their changes: a `git log` for each few hundred, several at a time.

Each runs over commits that are named to it, so that any number can work side by side and the order
stays the one asked for. File contents pass through memory and are never kept: of a patch only its
hunk headers are read. Merges are compared with their first parent.
"""

from __future__ import annotations

import os
import queue
import re
import secrets
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, repeat
from pathlib import Path
from typing import NamedTuple

from steelyard.sources.git.lines import Hunk
from steelyard.sources.git.process import BLOCK, started

# Commits per git process: few at first, so that several begin soon; then many, because each begins
# with nothing unpacked and would unpack again what the one before it had.
CHUNKS = (250, 500, 1000, 2000, 4000)
AHEAD = 16  # blocks a process may be ahead of the reader
READERS = min(8, os.cpu_count() or 1)
OVERLONG = 1000  # characters: such lines are minified or generated
FIELDS = ("%H", "%P", "%at", "%ct", "%aN", "%aE", "%N", "%B")

_HUNK = re.compile(rb"\n@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_INDEX = re.compile(rb"\nindex [0-9a-f]+\.\.([0-9a-f]+)(?: (\d+))?")
_LONG = re.compile(rb"\n\+[^\n]{%d}" % (OVERLONG + 1))


class Change(NamedTuple):
    """One file of a commit. Paths are as git prints them, which is the same in every commit."""

    old: bytes
    path: bytes
    blob: bytes  # of the new content; empty when only mode or name changed
    hunks: Sequence[Hunk]
    overlong: Sequence[int]  # numbers of new lines
    counted: bool  # whether lines of it can be followed: neither binary nor a submodule


class Read(NamedTuple):
    """A commit as git says it is. `message` and `note` must not leave the source."""

    sha: str
    parents: tuple[str, ...]
    authored: int | None  # seconds since 1970
    committed: int | None
    author_name: str
    author_email: str
    note: str
    message: str
    changes: list[Change]


class Plan(NamedTuple):
    """What to read beside the commits: diffs of merges, and notes from a ref."""

    git_dir: Path
    mailmap: str = ""  # a blob
    notes: str = ""
    merges: bool = True


def read(plan: Plan, shas: Iterable[str]) -> Iterator[Read]:
    """The commits in the order given. Raises what git's refusal means."""
    wanted = iter(shas)
    sizes = chain(CHUNKS, repeat(CHUNKS[-1]))
    running: deque[_Process] = deque()
    try:
        while True:
            while len(running) < READERS and (chunk := list(islice(wanted, next(sizes)))):
                running.append(_Process(plan, chunk))
            if not running:
                return
            yield from running[0].commits()
            running.popleft()
    finally:
        for process in running:
            process.stop()


class _Process:
    """One `git log` and the thread that takes its output, so that no pipe runs full."""

    def __init__(self, plan: Plan, shas: Sequence[str]) -> None:
        # What is ours in the output is marked by a word that nobody's file can contain.
        self.mark = secrets.token_hex(16).encode()
        self.plan, self.shas = plan, shas
        self.blocks: queue.Queue[bytes | BaseException] = queue.Queue(AHEAD)
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._fill, daemon=True)
        self.thread.start()

    def commits(self) -> Iterator[Read]:
        head: Read | None = None
        for section in self._sections():
            if section.startswith(b"diff "):
                assert head is not None
                head.changes.append(_change(section, self.mark))
                continue
            if head:
                yield head
            head = _head(section)
        if head:
            yield head

    def stop(self) -> None:
        """End git and the thread, whatever they are doing."""
        self.stopped.set()
        while self.thread.is_alive():
            try:
                self.blocks.get(timeout=0.05)
            except queue.Empty:
                continue

    def _sections(self) -> Iterator[bytes]:
        """Headers of commits and diffs of files; never more than one of them in memory."""
        border = re.compile(rb'\n(?=%b\0|diff --git "?%b)' % (self.mark, self.mark))
        rest: list[bytes] = []
        while block := self.blocks.get():
            if isinstance(block, BaseException):
                raise block
            if rest:  # a border may lie across two blocks: look at the end of the last one again
                tail = rest.pop()
                rest.append(tail[:-64])
                block = tail[-64:] + block
            *whole, last = border.split(block)
            if whole:
                yield b"".join((*rest, whole[0]))
                yield from whole[1:]
                rest = []
            rest.append(last)
        if rest and rest != [b""]:
            yield b"".join(rest)

    def _fill(self) -> None:
        try:
            with started(self.plan.git_dir, self._arguments(), "\n".join(self.shas)) as git:
                assert git.stdout is not None
                while not self.stopped.is_set() and (block := git.stdout.read(BLOCK)):
                    self.blocks.put(block)
                if self.stopped.is_set():
                    git.kill()
        except BaseException as error:
            self.blocks.put(error)
        finally:
            self.blocks.put(b"")

    def _arguments(self) -> list[str]:
        mark = self.mark.decode()
        plan = self.plan
        merges = "first-parent" if plan.merges else "off"
        notes = [f"--notes={plan.notes}"] if plan.notes else ["--no-notes"]
        mailmap = ["-c", f"mailmap.blob={plan.mailmap}"] if plan.mailmap else []
        return [
            *mailmap,
            *("log", "--no-walk=unsorted", "--stdin", "--encoding=UTF-8", "--no-color"),
            *("-p", "-U0", "--full-index", "--submodule=short", f"--diff-merges={merges}"),
            *("--diff-algorithm=default", "-M", "-l1000", "--no-ext-diff", "--no-textconv"),
            *(f"--src-prefix={mark}a/", f"--dst-prefix={mark}b/", "--inter-hunk-context=0"),
            *notes,
            f"--format={mark}%x00{'%x00'.join(FIELDS)}%x00",
        ]


def _head(section: bytes) -> Read:
    _, sha, parents, authored, committed, name, email, note, message = section.decode(
        "utf-8", "replace"
    ).split("\0", 8)
    return Read(
        *(sha, tuple(parents.split()), _seconds(authored), _seconds(committed), name, email),
        *(note, message.rstrip("\0\n"), []),
    )


def _seconds(said: str) -> int | None:
    return int(said) if said else None


def _change(section: bytes, mark: bytes) -> Change:
    """A file's diff: `diff --git a/x b/y`, then what git says of it, then its hunks."""
    line, _, _ = section.partition(b"\n")
    old, path = line.split(mark)[1:]
    hunks = [
        (int(a), int(b) if b else 1, int(c), int(d) if d else 1)
        for a, b, c, d in _HUNK.findall(section)
    ]
    index = _INDEX.search(section)
    long = _overlong(section) if len(section) > OVERLONG and _LONG.search(section) else ()
    counted = bool(hunks or not index) and not (index and index[2] == b"160000")
    return Change(
        old[2:].rstrip(b'" '),
        path[2:].rstrip(b'"'),
        index[1] if index else b"",
        hunks,
        long,
        counted,
    )


def _overlong(section: bytes) -> list[int]:
    """The numbers of new lines that are too long to have been written by hand."""
    found: list[int] = []
    hunks = list(_HUNK.finditer(section))
    for hunk, after in zip(hunks, [*(h.start() for h in hunks[1:]), len(section)], strict=True):
        number = int(hunk[3])
        for line in section[hunk.end() : after].split(b"\n")[1:]:
            if line.startswith(b"+"):
                if len(line) > OVERLONG and len(line[1:].decode("utf-8", "replace")) > OVERLONG:
                    found.append(number)
                number += 1
    return found
