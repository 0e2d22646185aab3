"""Plans of studies: every version for good, with its time, its author and its hash.

Nothing is ever overwritten here, or deleted but the demo's, and what a plan means is not known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from sqlalchemy import Connection, RowMapping, text

from steelyard.errors import StoreError, UnknownName
from steelyard.state.database import State
from steelyard.state.tokens import utc_now


@dataclass(frozen=True)
class SavedPlan:
    """One version of a plan; the first is number 1. `body` is its canonical text."""

    name: str
    number: int
    body: str
    digest: str
    starts: date | None
    saved_at: datetime
    by: str

    @property
    def before_start(self) -> bool | None:
        """Whether it was saved before the day on which the first of the treated start, so before
        there was anything to see; None without a start."""
        if self.starts is None:
            return None
        return self.saved_at < datetime.combine(self.starts, time(), UTC)


class Plans:
    """The plans in a state database."""

    def __init__(self, state: State, clock: Callable[[], datetime] = utc_now) -> None:
        self.state, self.clock = state, clock

    def save(self, name: str, body: str, starts: date | None, by: str) -> SavedPlan:
        """Append a version, unless the newest says just the same: then that is returned."""
        digest = hashlib.sha256(body.encode()).hexdigest()
        with self.state.alone() as connection:
            kept = _versions(connection, name)
            if kept and kept[-1].digest == digest:
                return kept[-1]
            now = self.clock().astimezone(UTC).replace(microsecond=0)
            saved = SavedPlan(name, len(kept) + 1, body, digest, starts, now, by)
            connection.execute(text(_INSERT), _row(saved))
        return saved

    def get(self, name: str, number: int | None = None) -> SavedPlan:
        """A version of a plan, by default the newest. Raises UnknownName, and StoreError where a
        version is not what was saved."""
        kept = self.versions(name)
        if number is None:
            return kept[0]
        for each in kept:
            if each.number == number:
                return each
        known = [str(each.number) for each in kept]
        raise UnknownName(f"version of {name}", str(number), known, f"It has 1 to {len(kept)}.")

    def versions(self, name: str) -> tuple[SavedPlan, ...]:
        """All versions of a plan, the newest first. Raises UnknownName and StoreError."""
        with self.state.transaction() as connection:
            kept = _versions(connection, name)
        if not kept:
            hint = "`steelyard impact plan` lists those there are."
            raise UnknownName("plan", name, [each.name for each in self.list()], hint)
        return tuple(reversed(kept))

    def list(self) -> tuple[SavedPlan, ...]:
        """The newest version of every plan, by name. Raises StoreError."""
        sql = "SELECT * FROM plans ORDER BY name, number"
        with self.state.transaction() as connection:
            rows = connection.execute(text(sql)).mappings().all()
        newest = {row["name"]: row for row in rows}
        return tuple(_saved(row) for row in newest.values())

    def drop(self, name: str, by: str) -> None:
        """Delete the versions of a plan that `by` saved: made-up studies do not stay for good."""
        sql = "DELETE FROM plans WHERE name = :name AND saved_by = :by"
        with self.state.transaction() as connection:
            connection.execute(text(sql), {"name": name, "by": by})


_INSERT = (
    "INSERT INTO plans (name, number, body, digest, starts, saved_at, saved_by)"
    " VALUES (:name, :number, :body, :digest, :starts, :saved_at, :saved_by)"
)


def _versions(connection: Connection, name: str) -> tuple[SavedPlan, ...]:
    sql = "SELECT * FROM plans WHERE name = :name ORDER BY number"
    rows = connection.execute(text(sql), {"name": name}).mappings().all()
    return tuple(_saved(row) for row in rows)


def _row(saved: SavedPlan) -> dict[str, object]:
    return {
        "name": saved.name,
        "number": saved.number,
        "body": saved.body,
        "digest": saved.digest,
        "starts": None if saved.starts is None else saved.starts.isoformat(),
        "saved_at": saved.saved_at.isoformat(timespec="seconds"),
        "saved_by": saved.by,
    }


def _saved(row: RowMapping) -> SavedPlan:
    if hashlib.sha256(row["body"].encode()).hexdigest() != row["digest"]:
        raise StoreError(
            f"Version {row['number']} of the plan {row['name']} is not what was saved.",
            "Somebody changed it in the database; restore a backup.",
        )
    return SavedPlan(
        row["name"],
        int(row["number"]),
        row["body"],
        row["digest"],
        date.fromisoformat(row["starts"]) if row["starts"] else None,
        datetime.fromisoformat(row["saved_at"]),
        row["saved_by"],
    )
