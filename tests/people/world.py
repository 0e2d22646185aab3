"""Rows as sources leave them, in a real warehouse, and what people are made of them.

Says what was told and asks what came of it; computes nothing itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from tests.ledger.world import NOW, World

from steelyard.model import KINDS, Account, Commit, Membership, Person, Record
from steelyard.people.build import build_people
from steelyard.people.file import keep_people
from steelyard.people.options import Options
from steelyard.sources.csv.people import read_people
from steelyard.sources.tables import to_table
from steelyard.state.decision import Decision
from steelyard.warehouse.told import complete, store

ADA, BOB, GRACE = "ada@acme.example", "bob@acme.example", "grace@acme.example"
EVER = dt.date(9999, 12, 31)
ALWAYS = dt.date(1970, 1, 1)


def day(text: str) -> dt.date:
    """`day("10-05")`, in 2026 unless it says more."""
    return dt.date.fromisoformat(text if len(text) > 5 else f"2026-{text}")


def person(key: str, email: str = "", **more: Any) -> Person:
    return Person(key=key, email=email, **more)


def account(ref: str, email: str = "", **more: Any) -> Account:
    return Account(key=ref, account=ref, email=email, **more)


def member(team: str, ref: str, **more: Any) -> Membership:
    return Membership(key=f"{team}/{ref}", team=team, member=ref, **more)


def commit(sha: str, author: str = "", email: str = "", name: str = "") -> Commit:
    return Commit(
        key=sha, repo="acme/shop", sha=sha, author=author, author_email=email, author_name=name
    )


def decided(ref: str, whose: str, same: bool = True) -> Decision:
    return Decision(ref, whose, same, "root", dt.datetime(2026, 11, 1, tzinfo=dt.UTC))


class Company(World):
    """A world whose sources can be told things on a day."""

    decisions: Sequence[Decision] = ()
    choice = Options()

    def hear(self, source: str, on: str, *records: Record) -> Company:
        """A source told these records on a day, as one page."""
        at = dt.datetime.combine(day(on), dt.time(6), dt.UTC)
        with self.warehouse.transaction() as cursor:
            for kind in dict.fromkeys(record.kind for record in records):
                some = [record for record in records if record.kind == kind]
                store(cursor, source, kind, to_table(kind, some), at)
        return self

    def listing(self, source: str, on: str, *records: Record, kind: str = "people") -> Company:
        """A whole pass of a source: what it does not name is gone."""
        self.hear(source, on, *records)
        at = dt.datetime.combine(day(on), dt.time(6), dt.UTC)
        with self.warehouse.transaction() as cursor:
            complete(cursor, source, kind, at, at)
        return self

    def file(self, folder: Any, text: str, now: dt.datetime = NOW) -> Company:
        """A people file is imported."""
        path = folder / "people.csv"
        path.write_text(text)
        found = read_people(path)
        assert not found.problems
        with self.warehouse.transaction() as cursor:
            keep_people(cursor, found.table, now)
        return self

    def build(self) -> bool:
        return build_people(self.warehouse, self.decisions, self.choice, NOW)

    def people(self, *columns: str, who: str = "") -> list[tuple[Any, ...]]:
        """Rows of people in the order of person and time."""
        chosen = ", ".join(columns or ("person",))
        where = f"where person = '{who}'" if who else ""
        return self.rows(f"select {chosen} from people {where} order by person, valid_from")

    def whose(self) -> dict[str, str]:
        """reference → person."""
        found = self.rows("select kind || ':' || value, person from identities")
        return dict(found)

    def employed(self, on: str) -> list[str]:
        sql = f"""select person from people
            where date '{day(on)}' between valid_from and valid_to
              and coalesce(start_date, '1970-01-01') <= '{day(on)}'
              and coalesce(end_date, '9999-12-31') >= '{day(on)}' order by 1"""
        return [row[0] for row in self.rows(sql)]

    def forget(self) -> None:
        super().forget()
        self.decisions, self.choice = (), Options()
        with self.warehouse.transaction() as cursor:
            for name in (*(f"raw_{kind}" for kind in KINDS), "dirty_work"):
                cursor.execute(f"delete from {name}")


def repeated(records: Iterable[Record]) -> list[Record]:
    return [record for record in records for _ in range(2)]
