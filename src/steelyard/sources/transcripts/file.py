"""One session file, whichever assistant wrote it: opened, told apart by its content, read.

A broken line is reported and left out; it never stops a file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from steelyard.sources.transcripts import claude_code, codex, gemini_cli, lines
from steelyard.sources.transcripts.model import FileMark
from steelyard.sources.transcripts.rows import BadEntry, Entry, Found

TOOLS = (claude_code, codex, gemini_cli)
ENOUGH_ENTRIES = 50  # a file that says nothing known on so many lines is no transcript
LONGEST_DOCUMENT = 256 << 20

Report = Callable[[int, str], None]  # line number and reason


@dataclass(frozen=True, slots=True)
class Content:
    """What a file held; `tool` is '' where no assistant's format was recognised."""

    tool: str
    lines: int
    found: Found
    mark: FileMark


def read_file(path: Path, report: Report) -> Content:
    """Read one file. Raises OSError when it cannot be read."""
    with path.open("rb") as file:
        stat = os.fstat(file.fileno())
        source = lines.Lines(path, file, stat.st_size, stat.st_mtime_ns)
        reading = _Reading(path, report)
        if path.suffix == ".json":
            reading.document(source.whole(LONGEST_DOCUMENT))
        else:
            reading.all(source)
        return Content(reading.tool, reading.number, reading.finish(), source.mark())


class _Reading:
    """Feeds lines to the reader of the assistant that is recognised on the first lines."""

    def __init__(self, path: Path, report: Report) -> None:
        self.path, self.report = path, report
        self.number, self.tool = 0, ""
        self.early: list[tuple[int, Entry]] = []
        self.reader: Any = None

    def all(self, source: lines.Lines) -> None:
        """Every line; those that the assistant's `wants` declines are not parsed."""
        wants: Callable[[bytes], bool] | None = None
        for line in source:
            self.number += 1
            if line is None:
                self.report(self.number, "longer than a line may be")
            elif wants is None:
                if entry := self._parse(line):
                    module = self._recognise(entry)
                    wants = module and module.wants
                if wants is None and len(self.early) >= ENOUGH_ENTRIES:
                    return
            elif wants(line):
                if entry := self._parse(line):
                    self._add(self.number, entry)
            elif not lines.looks_whole(line):
                self._parse(line)

    def document(self, text: bytes) -> None:
        """A whole file that is one JSON document."""
        self.number = 1
        if (entry := self._parse(text)) and self._recognise(entry) is gemini_cli:
            for message in gemini_cli.document(entry)[1:]:
                self._add(1, message)

    def finish(self) -> Found:
        return self.reader.finish() if self.reader else Found()

    def _recognise(self, entry: Entry) -> ModuleType | None:
        self.early.append((self.number, entry))
        for module in TOOLS:
            if module.recognises(entry):
                self.tool, self.reader = module.NAME, module.Reader(self.path)
                for number, early in self.early:
                    self._add(number, early)
                self.early.clear()
                return module
        return None

    def _parse(self, line: bytes) -> Entry | None:
        if not line or line.isspace():
            return None
        try:
            entry = lines.parse(line)
        except BadEntry as error:
            self.report(self.number, str(error))
            return None
        if not line.isascii() and not lines.is_utf8(line):
            self.report(self.number, "not valid UTF-8; read with replacements")
        return entry

    def _add(self, number: int, entry: Entry) -> None:
        try:
            self.reader.add(entry)
        except BadEntry as error:
            self.report(number, str(error))
        except (TypeError, AttributeError, KeyError, ValueError, IndexError):
            self.report(number, "not shaped as expected")


def originals(path: Path) -> Iterator[int]:
    """The messages of a session that is not read now, so that its sub-agents' replays are seen."""
    if path.is_file():
        yield from read_file(path, lambda number, reason: None).found.originals
