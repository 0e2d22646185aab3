"""What is remembered of files between imports, and what can be wrong with one. Plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

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
