"""A source that reads a list in a file, registered through an entry point as a third party's is."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# No other test's module has this name: a process keeps what it has loaded.
_NAME = "steelyard_toy_of_issues_and_people"
_MODULE = """
import datetime as dt
import json
from pathlib import Path

from pydantic import Field

from steelyard.errors import SourceDenied
from steelyard.model import Account, Issue, Person
from steelyard.sources.contract import Check, Options, Page, Secret, Source, Stream


class ToyOptions(Options):
    path: str = Field(description="A JSON file with issues and people.")
    size: int = Field(2, description="Issues a page.")
    token: Secret | None = None


class Toy(Source):
    kind = "toy"
    title = "Toy"
    Options = ToyOptions

    def streams(self):
        return [
            Stream("issues", self.issues, ("issues", "accounts")),
            Stream("people", self.people, ("people",), snapshot=True),
        ]

    def check(self):
        yield Check("file", Path(self.options.path).exists(), self.options.path)

    def issues(self, cursor, now):
        world = json.loads(Path(self.options.path).read_text())
        start = int(cursor or 0)
        for at in range(start, len(world["issues"]), self.options.size):
            rows = world["issues"][at : at + self.options.size]
            if any(row.get("denied") for row in rows):
                raise SourceDenied("The toy says no.", "Ask nicely.")
            made = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
            found = [
                Issue(key=row["key"], name=row["key"], status=row["status"], created_at=made)
                for row in rows
            ]
            yield Page(found, str(at + len(rows)), at + len(rows), len(world["issues"]))

    def look_up(self, emails):
        for email in emails:
            yield Page([Person(key=email, email=email, team="looked up")], "")

    def people(self, cursor, now):
        world = json.loads(Path(self.options.path).read_text())
        names = sorted(world["people"])
        for at, name in enumerate(names):
            if cursor and name <= cursor:
                continue
            person = Person(key=name, email=name, team=world["people"][name])
            last = at == len(names) - 1
            yield Page([person], "" if last else name, notes=tuple(world.get("notes", ())))
"""


class ToyWorld:
    """The file the toy reads; `say` changes it."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.issues: list[dict[str, object]] = []
        self.people: dict[str, str] = {}
        self.notes: list[str] = []

    def say(self) -> None:
        self.file.write_text(json.dumps(vars(self), default=str))


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ToyWorld]:
    """A toy source kind that is installed for the test, and its world."""
    site = tmp_path / "site"
    info = site / "toy-1.0.dist-info"
    info.mkdir(parents=True)
    (site / f"{_NAME}.py").write_text(_MODULE)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[steelyard.sources]\ntoy = {_NAME}:Toy\n")
    monkeypatch.syspath_prepend(site)
    from steelyard.sources import registry

    registry.kinds.cache_clear()
    world = ToyWorld(tmp_path / "toy.json")
    world.issues = [{"key": f"T-{n}", "status": "open"} for n in range(1, 8)]
    world.people = {"ann@x.example": "core", "bob@x.example": "core", "cy@x.example": "edge"}
    world.say()
    yield world
    registry.kinds.cache_clear()
    sys.modules.pop(_NAME, None)
