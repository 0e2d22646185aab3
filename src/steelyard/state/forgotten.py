"""Who was forgotten, as keyed digests, and which copies of the data were made elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import text

from steelyard.state.database import State
from steelyard.state.tokens import utc_now


@dataclass(frozen=True)
class Copy:
    """A file or folder that holds a copy: `kind` is backup or export."""

    path: str
    kind: str
    made_at: datetime


class ForgottenPeople:
    """The list of digests in a state database."""

    def __init__(self, state: State, clock: Callable[[], datetime] = utc_now) -> None:
        self.state, self.clock = state, clock

    def digests(self) -> dict[str, bool]:
        """Each digest, and whether the person's work goes as well."""
        with self.state.transaction() as connection:
            rows = connection.execute(text("SELECT digest, with_work FROM forgotten")).all()
        return {str(digest): bool(with_work) for digest, with_work in rows}

    def add(self, digests: Sequence[str], with_work: bool) -> None:
        """Keep digests; what was said of the work before is replaced."""
        day = self.clock().astimezone(UTC).date().isoformat()
        rows = [{"digest": each, "with_work": with_work, "day": day} for each in digests]
        if not rows:
            return
        with self.state.alone() as connection:
            connection.execute(text("DELETE FROM forgotten WHERE digest = :digest"), rows)
            insert = "INSERT INTO forgotten VALUES (:digest, :with_work, :day)"
            connection.execute(text(insert), rows)


class Copies:
    """Copies of the data that were made, for whoever has to delete somebody from them."""

    def __init__(self, state: State, clock: Callable[[], datetime] = utc_now) -> None:
        self.state, self.clock = state, clock

    def add(self, path: str, kind: str) -> None:
        """Note a copy; one in the same place before is no more."""
        at = self.clock().astimezone(UTC).isoformat(timespec="seconds")
        row = {"path": path, "kind": kind, "at": at}
        with self.state.alone() as connection:
            connection.execute(text("DELETE FROM copies WHERE path = :path"), row)
            connection.execute(text("INSERT INTO copies VALUES (:path, :kind, :at)"), row)

    def since(self, day: str) -> tuple[Copy, ...]:
        """Copies made on a day (`2026-03-31`, '' for any) or later, oldest first."""
        sql = "SELECT path, kind, made_at FROM copies WHERE made_at >= :day ORDER BY made_at, path"
        with self.state.transaction() as connection:
            rows = connection.execute(text(sql), {"day": day}).all()
        return tuple(Copy(path, kind, datetime.fromisoformat(at)) for path, kind, at in rows)
