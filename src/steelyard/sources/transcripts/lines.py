"""Reads a session file line by line within bounded memory and turns lines into JSON objects.

Knows nothing of the assistants. Memory is bounded by the block and the longest line allowed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import orjson
from isal import isal_zlib

from steelyard.sources.transcripts.marks import FileMark
from steelyard.sources.transcripts.values import BadLine, Entry

BLOCK = 1 << 20
LONGEST_LINE = 64 << 20


class Lines:
    """The lines of an open file in blocks of whole lines, and its mark once they have been read."""

    def __init__(self, file: BinaryIO, size: int, mtime_ns: int) -> None:
        self.file = file
        self.size, self.mtime_ns, self.digest = size, mtime_ns, 0

    def blocks(self) -> Iterator[bytes]:
        """Blocks that end with a line; a line above `LONGEST_LINE` is cut and is no JSON then."""
        while block := self._read(BLOCK):
            if not block.endswith(b"\n"):
                block += (rest := self.file.readline(LONGEST_LINE))
                self.digest = isal_zlib.crc32(rest, self.digest)
                if len(rest) == LONGEST_LINE and not rest.endswith(b"\n"):
                    self._skip_rest()
            yield block

    def whole(self, limit: int) -> bytes:
        """The file as one piece, cut at `limit` bytes."""
        return self._read(limit)

    def mark(self) -> FileMark:
        return FileMark(self.size, self.mtime_ns, self.digest)

    def _read(self, size: int) -> bytes:
        block = self.file.read(size)
        self.digest = isal_zlib.crc32(block, self.digest)
        return block

    def _skip_rest(self) -> None:
        """Read on to the end of an overlong line."""
        while rest := self.file.readline(BLOCK):
            self.digest = isal_zlib.crc32(rest, self.digest)
            if rest.endswith(b"\n"):
                break


def split(block: bytes) -> list[bytes]:
    """The lines of a block, without their ends."""
    lines = block.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines


def digest(path: Path) -> int:
    """CRC-32 of a file's content: only ever compared between files of the same size."""
    crc = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            crc = isal_zlib.crc32(block, crc)
    return crc


def looks_whole(line: bytes) -> bool:
    """A cheap test of lines nobody needs: a JSON object from brace to brace."""
    line = line.strip()
    return not line or (line.startswith(b"{") and line.endswith(b"}"))


def parse(line: bytes) -> Entry:
    """The JSON object on a line. Raises BadLine."""
    try:
        entry = orjson.loads(line)
    except orjson.JSONDecodeError:
        entry = orjson.loads(repair(line))
    if not isinstance(entry, dict):
        raise BadLine("not a JSON object")
    return entry


def try_parse(line: bytes) -> Entry | None:
    """The JSON object on a line, None where there is none."""
    try:
        return parse(line)
    except BadLine:
        return None


def repair(line: bytes) -> bytes:
    """The same JSON without what strict readers refuse: bytes that are no UTF-8, a byte order
    mark, and half surrogate pairs, which JavaScript writes where it cuts a string. Raises BadLine.
    """
    try:
        text = line.decode("utf-8-sig", "replace")
        value = json.loads(text, parse_constant=lambda name: None)  # NaN and the like
    except (ValueError, RecursionError):
        raise BadLine("not valid JSON") from None
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


def is_utf8(line: bytes) -> bool:
    if line.isascii():
        return True
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
