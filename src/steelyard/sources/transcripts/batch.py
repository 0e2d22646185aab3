"""What reading transcripts hands out: batches, progress and a summary. Plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from steelyard.sources.transcripts.marks import FileMark, Problem


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
