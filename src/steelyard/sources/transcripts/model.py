"""What reading transcripts hands out: batches, marks to resume from, progress and a summary.

Only plain values; nothing here opens a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

LISTED = 100  # problems that are listed one by one; the rest are only counted


@dataclass(frozen=True, slots=True)
class FileMark:
    """A file as it was when it was read: size in bytes, mtime in ns, CRC-32 of the content."""

    size: int
    mtime_ns: int
    digest: int


@dataclass(frozen=True)
class ResumeState:
    """The marks of files whose rows are safely stored, by absolute path."""

    marks: Mapping[str, FileMark] = field(default_factory=dict)

    def after(self, marks: Mapping[str, FileMark]) -> ResumeState:
        """The state once a batch with these marks has been stored."""
        return ResumeState({**self.marks, **marks})

    def to_json(self) -> dict[str, list[int]]:
        return {path: [mark.size, mark.mtime_ns, mark.digest] for path, mark in self.marks.items()}

    @classmethod
    def from_json(cls, stored: Mapping[str, Iterable[int]]) -> ResumeState:
        return cls({path: FileMark(*numbers) for path, numbers in stored.items()})


@dataclass(frozen=True, slots=True)
class Problem:
    """A line (0: the whole file) that could not be read, and why. Never holds its text."""

    path: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Progress:
    """Told after each file."""

    files: int
    files_total: int
    bytes: int
    bytes_total: int
    rows: int


@dataclass(slots=True)
class Tally:
    """Counts of one assistant's files."""

    files: int = 0
    lines: int = 0
    requests: int = 0
    prompts: int = 0
    tool_results: int = 0
    decisions: int = 0


@dataclass(frozen=True)
class Summary:
    """What one reading came to. `tools` counts each request, prompt and tool call once.

    `skipped` files were unchanged since the last import, `unrecognised` ones are no transcripts,
    `unreadable` ones could not be opened; `problems` lists the first of the malformed lines and
    of the unreadable files.
    """

    tools: Mapping[str, Tally]
    skipped: int
    unrecognised: int
    unreadable: int
    malformed: int
    problems: tuple[Problem, ...]

    def total(self, what: str) -> int:
        """The sum of one count, such as "requests", over all assistants."""
        return sum(getattr(tally, what) for tally in self.tools.values())


@dataclass(frozen=True)
class Batch:
    """Rows of `records.EVENTS`, and the marks of the files that end with these rows.

    Store the rows, then the marks: an interrupted import then begins again at the first file that
    was not stored whole. The last batch carries the summary and may be empty.
    """

    table: pa.Table
    marks: Mapping[str, FileMark]
    summary: Summary | None = None
