"""Every kind of CSV file except people, by name. A new kind is one declaration in a list below."""

from __future__ import annotations

from pathlib import Path

from steelyard.errors import UnknownName
from steelyard.sources.csv import money, vendor, work
from steelyard.sources.csv.kind import CsvFile, CsvKind, read_kind

KINDS: dict[str, CsvKind] = {kind.name: kind for kind in (*work.KINDS, *money.KINDS, *vendor.KINDS)}


def csv_kind(name: str) -> CsvKind:
    """Raises UnknownName, with what is nearest."""
    if name not in KINDS:
        raise UnknownName("kind of CSV", name, KINDS, f"Known: people, {', '.join(KINDS)}.")
    return KINDS[name]


def read_csv(kind: str, path: Path) -> CsvFile:
    """A file of a kind as records. Raises BadFile or UnknownName when it cannot be used at all."""
    return read_kind(csv_kind(kind), path)


def template(kind: str) -> str:
    """The header of a kind and one example row."""
    return csv_kind(kind).template()
