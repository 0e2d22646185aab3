"""Local session files of the assistants in, canonical events out: `read_transcripts`.

Each response, prompt and tool call comes once however many files copied it. Knows no database and
no clock; holds one file's rows, one batch, and a key per row that went out.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from steelyard.sources.transcripts import lines, paths
from steelyard.sources.transcripts.batch import Batch, Progress, Summary, Tally
from steelyard.sources.transcripts.file import Content, read_file
from steelyard.sources.transcripts.marks import LISTED, FileMark, Problem, ResumeState
from steelyard.sources.transcripts.rows import (
    Copy,
    Decision,
    Found,
    Prompt,
    Request,
    Row,
    ToolResult,
)
from steelyard.sources.transcripts.table import to_table

BATCH_ROWS, MOST_ROWS = 10_000, 20_000  # a batch goes out at the first, never above the other
COUNTED: dict[type[Row], str] = {
    Request: "requests",
    Prompt: "prompts",
    ToolResult: "tool_results",
    Decision: "decisions",
}


def ignore(progress: Progress) -> None:
    """For callers who do not want to be told."""


def read_transcripts(
    path: Path | None = None,
    *,
    person: str | None = None,
    progress: Callable[[Progress], None] = ignore,
    resume: ResumeState | None = None,
    env: Mapping[str, str] | None = None,
) -> Iterator[Batch]:
    """Read session files below `path`, or those of this user, as batches of `records.EVENTS`.

    `person` is an e-mail to put all rows down to. Files that `resume` knows and that have not
    changed are skipped; a file that grew is read again whole, and its rows have the same keys. A
    key comes a second time only when a later file holds more output for the same response: the
    row with the most output tokens is the right one. Raises BadFile when `path` does not exist.
    """
    reading = _Reading(resume or ResumeState(), person or "")
    files = paths.find(path, os.environ if env is None else env, reading.cannot_list)
    yield from reading.batches(files, progress)


class _Reading:
    """The state of one import: what went out, what waits, what went wrong."""

    def __init__(self, resume: ResumeState, person: str) -> None:
        self.resume, self.person = resume, person
        self.tallies: dict[str, Tally] = {}
        self.problems: list[Problem] = []
        self.skipped = self.unrecognised = self.unreadable = self.malformed = 0
        self.outputs: dict[int, int] = {}  # key of a request -> output tokens that went out
        self.keys: dict[int, int] = {}  # the same response -> the key it went out with
        self.others: set[int] = set()  # keys of all other rows
        self.originals: set[int] = set()
        self.held: list[Copy] = []  # requests that may turn out to be replays
        self.rows: list[Row] = []
        self.marks: dict[str, FileMark] = {}
        self.held_marks: dict[str, FileMark] = {}

    def batches(self, files: list[Path], progress: Callable[[Progress], None]) -> Iterator[Batch]:
        sizes = {str(file): _size(file) for file in files}
        todo = [file for file in files if not self._is_unchanged(file)]
        self.skipped = len(files) - len(todo)
        total, done, out = sum(sizes[str(file)] for file in todo), 0, 0
        sessions = [file for file in todo if not paths.is_sub_agents(file)]
        for number, content in enumerate(map(read_file, todo), 1):
            if number == len(sessions) + 1:
                self._learn_parents(todo[len(sessions) :], set(sessions))
            self._take(content, hold=number <= len(sessions))
            done += sizes[content.path]
            for batch in self._full():
                out += batch.table.num_rows
                yield batch
            progress(Progress(number, len(todo), done, total, out + len(self.rows)))
        self._release()
        yield from self._full()
        yield Batch(to_table(self.rows, self.person), self.marks, self.summary())

    def summary(self) -> Summary:
        return Summary(
            tools=self.tallies,
            skipped=self.skipped,
            unrecognised=self.unrecognised,
            unreadable=self.unreadable,
            malformed=self.malformed,
            problems=tuple(self.problems[:LISTED]),
        )

    def cannot_list(self, error: OSError) -> None:
        self._cannot_read(str(error.filename), error.strerror or type(error).__name__)

    def _cannot_read(self, path: str, reason: str) -> None:
        self.unreadable += 1
        self.problems.append(Problem(path, 0, reason))

    def _take(self, content: Content, *, hold: bool) -> None:
        if content.mark is None:
            self._cannot_read(content.path, content.unreadable)
            return
        self._count(content)
        self.originals |= content.found.originals
        waits = self._admit_all(content.found)
        if not hold:
            self._release()
        marks = self.held_marks if waits and hold else self.marks
        marks[content.path] = content.mark

    def _count(self, content: Content) -> None:
        self.malformed += content.malformed
        self.problems += content.problems[: max(LISTED - len(self.problems), 0)]
        if content.tool:
            tally = self.tallies.setdefault(content.tool, Tally())
            tally.files, tally.lines = tally.files + 1, tally.lines + content.lines
        else:
            self.unrecognised += content.lines > 0

    def _admit_all(self, found: Found) -> bool:
        """Let rows out; possible replays wait until all sessions have been read."""
        for row in found.others:
            if row.key not in self.others:
                self.others.add(row.key)
                self._let_out(row)
        waits = [copy for copy in found.requests if copy.replay_of]
        self.held += waits
        for copy in found.requests:
            if not copy.replay_of:
                self._admit(copy)
        return bool(waits)

    def _release(self) -> None:
        """Let out what waited, unless the original has been seen."""
        for copy in self.held:
            if copy.replay_of not in self.originals:
                self._admit(copy)
        self.held.clear()
        self.marks |= self.held_marks
        self.held_marks.clear()

    def _admit(self, copy: Copy) -> None:
        request = copy.request
        if copy.same:
            key = self.keys.setdefault(copy.same, request.key)
            request = request if key == request.key else request._replace(key=key)
        before = self.outputs.get(request.key)
        if before is not None and before >= request.output_tokens:
            return
        self.outputs[request.key] = request.output_tokens
        if before is None:
            self._let_out(request)
        else:
            self.rows.append(request)

    def _let_out(self, row: Row) -> None:
        self.rows.append(row)
        counted, tally = COUNTED[type(row)], self.tallies[row.assistant]
        setattr(tally, counted, getattr(tally, counted) + 1)

    def _full(self) -> Iterator[Batch]:
        """Full batches; marks go out with the last row of their files."""
        while len(self.rows) > MOST_ROWS:
            table = to_table(self.rows[:BATCH_ROWS], self.person)
            del self.rows[:BATCH_ROWS]
            yield Batch(table, {})
        if len(self.rows) >= BATCH_ROWS:
            batch = Batch(to_table(self.rows, self.person), self.marks)
            self.rows, self.marks = [], {}
            yield batch

    def _learn_parents(self, sub_agents: Iterable[Path], read: set[Path]) -> None:
        """Sessions that are not read now still tell which of their messages were replayed."""
        self._release()
        for parent in sorted({paths.parent_of(file) for file in sub_agents} - read):
            if parent.is_file():
                self.originals |= read_file(parent).found.originals

    def _is_unchanged(self, file: Path) -> bool:
        mark = self.resume.marks.get(str(file))
        if mark is None:
            return False
        try:
            stat = file.stat()
            if stat.st_size != mark.size:
                return False
            return stat.st_mtime_ns == mark.mtime_ns or lines.digest(file) == mark.digest
        except OSError:
            return False


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
