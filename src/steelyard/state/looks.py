"""Who looked at whom: one row each time somebody's own figures were shown to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from sqlalchemy import text

from steelyard.state.database import State


@dataclass(frozen=True)
class Look:
    """Whose figures (`person`) were shown when, to whom, on what; `people` were shown at once."""

    at: datetime
    account: str
    viewer: str
    role: str
    person: str
    what: str
    people: int


class Looks:
    """The log in a state database."""

    def __init__(self, state: State) -> None:
        self.state = state

    def add(self, looks: Sequence[Look]) -> None:
        rows = [asdict(look) | {"at": _text(look.at)} for look in looks]
        if not rows:
            return
        columns = "at, account, viewer, role, person, what, people"
        values = ", ".join(f":{name}" for name in columns.split(", "))
        sql = f"INSERT INTO looks ({columns}) VALUES ({values})"
        with self.state.transaction() as connection:
            connection.execute(text(sql), rows)

    def latest(self, person: str = "", limit: int = 100) -> tuple[Look, ...]:
        """The latest looks, at somebody or at anybody, newest first."""
        sql = "SELECT at, account, viewer, role, person, what, people FROM looks"
        sql += " WHERE person = :person OR :person = '' ORDER BY at DESC, id DESC LIMIT :limit"
        with self.state.transaction() as connection:
            rows = connection.execute(text(sql), {"person": person, "limit": limit}).all()
        return tuple(Look(datetime.fromisoformat(row[0]), *row[1:]) for row in rows)

    def drop_before(self, moment: datetime) -> None:
        """Retention."""
        with self.state.transaction() as connection:
            connection.execute(
                text("DELETE FROM looks WHERE at < :moment"), {"moment": _text(moment)}
            )


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
