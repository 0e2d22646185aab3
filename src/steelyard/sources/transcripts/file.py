"""One session file, whichever assistant wrote it: opened, told apart by its content, read.

A broken line is reported and left out; it never stops a file.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from steelyard.sources.transcripts import claude_code, codex, gemini_cli, lines
from steelyard.sources.transcripts.marks import LISTED, FileMark, Problem
from steelyard.sources.transcripts.rows import Found
from steelyard.sources.transcripts.values import BadLine

TOOLS = (claude_code, codex, gemini_cli)
ENOUGH_LINES = 50  # a file that says nothing known on so many lines is no transcript
LONGEST_DOCUMENT = 256 << 20


@dataclass(slots=True)
class Content:
    """What a file held; `tool` is '' where no assistant's format was recognised.

    `unreadable` says why the file could not be read at all.
    """

    path: str
    tool: str = ""
    lines: int = 0
    found: Found = field(default_factory=Found)
    mark: FileMark | None = None
    malformed: int = 0
    problems: list[Problem] = field(default_factory=list)
    unreadable: str = ""


def read_file(path: Path) -> Content:
    """Read one file; never raises for what the file is or holds."""
    content = Content(str(path))
    try:
        with path.open("rb") as file:
            stat = os.fstat(file.fileno())
            source = lines.Lines(file, stat.st_size, stat.st_mtime_ns)
            _Reading(path, content).all(source)
            content.mark = source.mark()
    except OSError as error:
        content.unreadable = error.strerror or type(error).__name__
    return content


class _Reading:
    """Feeds lines to the reader of the assistant that is recognised on the first lines."""

    def __init__(self, path: Path, content: Content) -> None:
        self.path, self.content = path, content
        self.module: ModuleType | None = None
        self.reader: Any = None

    def all(self, source: lines.Lines) -> None:
        if self.path.suffix == ".json":
            self._document(source.whole(LONGEST_DOCUMENT))
        else:
            for block in source.blocks():
                if self.module is None and not self._recognise(block):
                    break
                self._block(block)
        if self.reader:
            self.content.found = self.reader.finish()

    def _block(self, block: bytes) -> None:
        """All lines at once where they are good, else one by one."""
        decoded = self.module.decode_many(block) if self.module else None
        if decoded is not None and len(decoded) == block.count(b"\n"):
            for line in decoded:
                self.content.lines += 1
                self._guard(self.reader.add, line)
        else:
            for text in lines.split(block):
                self.content.lines += 1
                self._line(text)

    def _line(self, text: bytes) -> None:
        if not text or text.isspace():
            return
        if not lines.is_utf8(text):
            self._report("not valid UTF-8; read with replacements")
        assert self.module is not None
        if self.module.wants(text):
            self._add(text)
        elif not lines.looks_whole(text):
            self._guard(lines.parse, text)

    def _add(self, text: bytes) -> None:
        line = self._guard(self.module.decode, text)  # type: ignore[union-attr]
        if line is not None:
            self._guard(self.reader.add, line)

    def _document(self, text: bytes) -> None:
        """A whole file that is one JSON document, as older versions of Gemini CLI wrote."""
        self.content.lines = 1
        entry = self._guard(lines.parse, text)
        if entry and gemini_cli.recognises(entry):
            self._begin(gemini_cli)
            for message in gemini_cli.document(entry):
                self._guard(self.reader.add, message)

    def _recognise(self, block: bytes) -> bool:
        """Find the assistant by the first lines; where none fits, say what is wrong with them."""
        first = lines.split(block)[:ENOUGH_LINES]
        for text in first:
            entry = lines.try_parse(text)
            for module in TOOLS if entry else ():
                if module.recognises(entry):
                    self._begin(module)
                    return True
        for text in first:
            self.content.lines += 1
            if text and not text.isspace():
                self._guard(lines.parse, text)
        return False

    def _begin(self, module: ModuleType) -> None:
        self.content.tool, self.module = module.NAME, module
        self.reader = module.Reader(self.path)

    def _guard(self, read: Callable[[Any], Any], line: Any) -> Any:
        """What `read` makes of a line; None where the line is bad, which is reported."""
        try:
            return read(line)
        except BadLine as error:
            self._report(str(error))
        except (TypeError, AttributeError, KeyError, ValueError, IndexError):
            self._report("not shaped as expected")
        return None

    def _report(self, reason: str) -> None:
        content = self.content
        content.malformed += 1
        if len(content.problems) < LISTED:
            content.problems.append(Problem(content.path, content.lines, reason))
