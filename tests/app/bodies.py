"""Bodies for an inbox, made from the records of a small world."""

from __future__ import annotations

from tests.ledger.world import DAY, FACTS, Record, Session, at, tables_of

from steelyard.app.house import House
from steelyard.app.importing import to_ipc
from steelyard.receiver.body import NewBody

NOON = at("2026-10-05 12:00")


def body_of(*records: Record) -> NewBody:
    ((name, table),) = tables_of(records).items()
    return NewBody("records", "arrow", to_ipc(table, name))


def week() -> list[NewBody]:
    """A body a day: calls and, for each, what metrics told of it."""
    found = []
    for n in range(5):
        who, time = Session(f"s{n}", f"p{n % 2}@acme.example"), NOON + n * DAY
        found.append(body_of(who.call(time, tokens={"input": 10 + n, "output": 5}, cost_nanos=9)))
        found.append(body_of(*who.used(time, {"input": 10 + n}), who.point("commits", time, 1.0)))
    return found


def facts(house: House) -> dict[str, list[tuple[object, ...]]]:
    told = {name: house.warehouse.query(f"select * from {name}") for name in FACTS}
    return {name: sorted(rows, key=repr) for name, rows in told.items()}
