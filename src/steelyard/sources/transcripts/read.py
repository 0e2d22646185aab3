"""Local session files of the assistants in, canonical events out: `read_transcripts`.

Each response, prompt and tool call comes once however many files copied it. Knows no database and
no clock; holds one file's rows, one batch, and a key per row that went out.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from steelyard.sources.transcripts import lines, paths
from steelyard.sources.transcripts.file import Content, originals, read_file
from steelyard.sources.transcripts.model import (
    LISTED,
    Batch,
    FileMark,
    Problem,
    Progress,
    ResumeState,
    Summary,
    Tally,
)
from steelyard.sources.transcripts.rows import Found, Reading, Row, to_table

BATCH_ROWS, MOST_ROWS = 10_000, 20_000  # a batch goes out at the first, never above the other
COUNTED = {
    "api_request": "requests",
    "user_prompt": "prompts",
    "tool_result": "tool_results",
    "tool_decision": "decisions",
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
    files = paths.find(path, os.environ if env is None else env, reading.unreadable)
    yield from reading.batches(files, progress)


class _Reading:
    """The state of one import: what went out, what waits, what went wrong."""

    def __init__(self, resume: ResumeState, person: str) -> None:
        self.resume, self.person = resume, person
        self.tallies: dict[str, Tally] = {}
        self.problems: list[Problem] = []
        self.skipped = self.unrecognised = self.unreadable_files = self.malformed = 0
        self.seen: dict[int, int] = {}  # key -> output tokens that went out with it
        self.keys: dict[int, int] = {}  # the same response -> the key it went out with
        self.originals: set[int] = set()
        self.held: list[Reading] = []  # rows that may turn out to be replays
        self.rows: list[Row] = []
        self.marks: dict[str, FileMark] = {}
        self.held_marks: dict[str, FileMark] = {}

    def batches(self, files: list[Path], progress: Callable[[Progress], None]) -> Iterator[Batch]:
        sizes = {file: _size(file) for file in files}
        todo = [file for file in files if not self._is_unchanged(file)]
        self.skipped = len(files) - len(todo)
        total, done, out = sum(sizes[file] for file in todo), 0, 0
        main = [file for file in todo if not paths.is_sub_agents(file)]
        for number, file in enumerate(todo, 1):
            if number == len(main) + 1:
                self._learn_parents(todo[len(main) :], set(main))
                self._release()
            self._read(file, hold=number <= len(main))
            done += sizes[file]
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
            unreadable=self.unreadable_files,
            malformed=self.malformed,
            problems=tuple(self.problems),
        )

    def unreadable(self, error: OSError) -> None:
        self.unreadable_files += 1
        self._problem(str(error.filename), 0, error.strerror or type(error).__name__)

    def _read(self, file: Path, *, hold: bool) -> None:
        try:
            content = read_file(file, lambda line, reason: self._malformed(file, line, reason))
        except OSError as error:
            self.unreadable(error)
            return
        if not content.tool:
            self.unrecognised += content.lines > 0
        self._take(file, content, hold)

    def _take(self, file: Path, content: Content, hold: bool) -> None:
        tally = self.tallies.setdefault(content.tool, Tally()) if content.tool else Tally()
        tally.files, tally.lines = tally.files + 1, tally.lines + content.lines
        self.originals |= content.found.originals
        waits = hold and self._admit_all(content.found)
        if not hold:
            self.held += content.found.readings
            self._release()
        marks = self.held_marks if waits else self.marks
        marks[str(file)] = content.mark

    def _admit_all(self, found: Found) -> bool:
        """Let rows out; possible replays wait until all sessions have been read."""
        waits = [reading for reading in found.readings if reading.replay_of]
        self.held += waits
        for reading in found.readings:
            if not reading.replay_of:
                self._admit(reading)
        return bool(waits)

    def _release(self) -> None:
        """Let out what waited, unless the original has been seen."""
        for reading in self.held:
            if reading.replay_of not in self.originals:
                self._admit(reading)
        self.held.clear()
        self.marks |= self.held_marks
        self.held_marks.clear()

    def _admit(self, reading: Reading) -> None:
        row, output = reading.row, reading.row.get("output_tokens", 0)
        if reading.same:
            row["key"] = self.keys.setdefault(reading.same, row["key"])
        before = self.seen.get(row["key"])
        if before is not None and before >= output:
            return
        self.seen[row["key"]] = output
        self.rows.append(row)
        if before is None:
            counted, tally = COUNTED[row["name"]], self.tallies[row["assistant"]]
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
        for parent in sorted({paths.parent_of(file) for file in sub_agents} - read):
            try:
                self.originals.update(originals(parent))
            except OSError as error:
                self.unreadable(error)

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

    def _malformed(self, file: Path, line: int, reason: str) -> None:
        self.malformed += 1
        self._problem(str(file), line, reason)

    def _problem(self, path: str, line: int, reason: str) -> None:
        if len(self.problems) < LISTED:
            self.problems.append(Problem(path, line, reason))


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
