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

from steelyard.sources.transcripts.model import FileMark
from steelyard.sources.transcripts.rows import BadEntry, Entry

BLOCK = 1 << 20
LONGEST_LINE = 64 << 20


class Lines:
    """The lines of an open file, and its mark once they have been read.

    A line longer than `LONGEST_LINE` comes as None; blank lines come as b"".
    """

    def __init__(self, path: Path, file: BinaryIO, size: int, mtime_ns: int) -> None:
        self.path, self.file = path, file
        self.size, self.mtime_ns, self.digest = size, mtime_ns, 0

    def __iter__(self) -> Iterator[bytes | None]:
        while block := self._read(BLOCK):
            if not block.endswith(b"\n"):
                block += (rest := self.file.readline(LONGEST_LINE))
                self.digest = isal_zlib.crc32(rest, self.digest)
            whole = block.endswith(b"\n")
            lines = block.split(b"\n")
            last = lines.pop()
            yield from lines
            if not whole:
                yield None if self._skip_rest() else last

    def whole(self, limit: int) -> bytes:
        """The file as one piece, cut at `limit` bytes."""
        return self._read(limit)

    def mark(self) -> FileMark:
        return FileMark(self.size, self.mtime_ns, self.digest)

    def _read(self, size: int) -> bytes:
        block = self.file.read(size)
        self.digest = isal_zlib.crc32(block, self.digest)
        return block

    def _skip_rest(self) -> bool:
        """Read on to the end of an overlong line; False at the end of the file."""
        skipped = False
        while rest := self.file.readline(BLOCK):
            self.digest, skipped = isal_zlib.crc32(rest, self.digest), True
            if rest.endswith(b"\n"):
                break
        return skipped


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
    """The JSON object on a line. Half surrogate pairs, as JavaScript writes them, are accepted."""
    try:
        entry = orjson.loads(line)
    except orjson.JSONDecodeError:
        entry = _parse_leniently(line)
    if not isinstance(entry, dict):
        raise BadEntry("not a JSON object")
    return entry


def is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _parse_leniently(line: bytes) -> object:
    try:
        return json.loads(line.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        raise BadEntry("not valid JSON") from None
