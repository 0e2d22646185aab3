"""The durable inbox: what was acknowledged lies here, in order, until it is applied.

One SQLite file in WAL mode with synchronous=FULL: when `put` returns, the bodies survive a power
cut. Several processes may use it at once. Nothing here looks into a body.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from sqlite3 import Connection

from steelyard.errors import Refused
from steelyard.receiver.body import Body, InboxStatus, NewBody, Refusal, SetAside
from steelyard.receiver.inbox_file import InboxFile, micros, one, time
from steelyard.receiver.inbox_place import begin_after, mark_applied, own

__all__ = ["Body", "Inbox", "InboxStatus", "NewBody", "Refusal", "SetAside"]

REPEAT_WINDOW = timedelta(hours=24)  # clients resend the same bytes after 429, 502 and 503
KEPT_REFUSALS = 500
KEPT_POISON = 1000
PRUNE_STEP = 500
BODY = "number, received_at, signal, encoding, data, compression, token"


def utc_now() -> datetime:
    return datetime.now(UTC)


class Inbox:
    """One inbox file, opened or created. Safe to share between threads."""

    def __init__(
        self,
        path: Path,
        max_bytes: int = 64 * 1024**3,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.path, self.max_bytes, self.clock = path, max_bytes, clock
        self._file = InboxFile(path)

    def put(self, bodies: Sequence[NewBody]) -> list[int]:
        """Store the bodies in one transaction; durable when it returns. Their numbers, in order.

        A body equal to one from the same token within 24 hours gets that one's number and is not
        stored again. Raises Refused 503 when the inbox is full or the disk fails; then nothing
        was kept.
        """
        now = micros(self.clock())
        with self._file.write() as connection:
            self._check_room(connection, sum(len(body.data) for body in bodies))
            return [_put(connection, body, now) for body in bodies]

    def take(self, bodies: Sequence[Body]) -> None:
        """Store what other inboxes handed over, with the times at which it was received there.

        All of it or nothing. What is here already, by the rule of `put`, is passed over; so the
        same may be taken again. Raises Refused 503 as `put` does.
        """
        with self._file.write() as connection:
            self._check_room(connection, sum(len(body.data) for body in bodies))
            for body in bodies:
                _put(connection, body.new(), micros(body.received_at))

    def belong(self, to_node: bool) -> str:
        """Say whose the inbox is, once and for good: a house's, which applies what lies in it, or
        a receiver node's, which hands it over. The node's name; "" for a house.

        Raises ConfigError when it is the other's: both would go by the same position.
        """
        with self._file.write() as connection:
            return own(connection, self.path, to_node)

    def begin_after(self, number: int) -> None:
        """Give higher numbers only, also in a new file: lower ones count as applied already."""
        with self._file.write() as connection:
            begin_after(connection, number)

    def after(self, position: int, limit: int = 500, max_bytes: int = 8 * 1024**2) -> list[Body]:
        """The next bodies in order of number: at least one if there is one, about `max_bytes`."""
        sql = f"SELECT {BODY} FROM bodies WHERE number > ? ORDER BY number LIMIT ?"
        found: list[Body] = []
        with self._file.read() as connection:
            for row in connection.execute(sql, (position, limit)):
                found.append(_body(row))
                max_bytes -= len(found[-1].data)
                if max_bytes <= 0:
                    break
        return found

    def body(self, number: int) -> Body | None:
        """One body, also when it was set aside; None once it is forgotten."""
        with self._file.read() as connection:
            for table in ("bodies", "poison"):
                sql = f"SELECT {BODY} FROM {table} WHERE number = ?"
                if row := connection.execute(sql, (number,)).fetchone():
                    return _body(row)
        return None

    def set_aside(self, number: int, error: str) -> None:
        """Keep a copy of a body that cannot be decoded; it no longer stands in the way."""
        copy = (
            f"INSERT OR REPLACE INTO poison ({BODY}, error, at)"
            f" SELECT {BODY}, ?, ? FROM bodies WHERE number = ?"
        )
        forget = (
            "DELETE FROM poison WHERE number NOT IN"
            " (SELECT number FROM poison ORDER BY number DESC LIMIT ?)"
        )
        with self._file.write() as connection:
            connection.execute(copy, (error[:1000], micros(self.clock()), number))
            connection.execute(forget, (KEPT_POISON,))

    def poison(self) -> list[SetAside]:
        """What was set aside and why, in order of number."""
        sql = (
            "SELECT number, signal, encoding, length(data), received_at, error, at"
            " FROM poison ORDER BY number"
        )
        with self._file.read() as connection:
            rows = connection.execute(sql).fetchall()
        return [
            SetAside(number, signal, encoding, size, time(received_at), error, time(at))
            for number, signal, encoding, size, received_at, error, at in rows
        ]

    def refuse(self, *refusals: Refusal) -> None:
        """Note requests that were declined; the latest 500 kinds are kept, with their counts."""
        forget = (
            "DELETE FROM refusals WHERE last_at <"
            " (SELECT last_at FROM refusals ORDER BY last_at DESC LIMIT 1 OFFSET ?)"
        )
        if not refusals:
            return
        with self._file.write() as connection:
            for refusal in refusals:
                _note(connection, refusal)
            connection.execute(forget, (KEPT_REFUSALS - 1,))
            _count(connection, "refused", sum(refusal.count for refusal in refusals))

    def refusals(self, limit: int = 50) -> list[Refusal]:
        """What reached the port and was declined, latest first."""
        sql = (
            "SELECT last_at, status, reason, path, peer, agent, protocol, count"
            " FROM refusals ORDER BY last_at DESC LIMIT ?"
        )
        with self._file.read() as connection:
            rows = connection.execute(sql, (limit,)).fetchall()
        return [Refusal(time(row[0]), *row[1:]) for row in rows]

    def mark_applied(self, position: int) -> None:
        """Tell other processes how far the warehouse is; its own position is the truth. On a
        receiver node: how far it handed over."""
        with self._file.write() as connection:
            mark_applied(connection, position)

    def status(self) -> InboxStatus:
        """The inbox's figures; cheap enough to ask for every second."""
        latest = "SELECT number, received_at FROM bodies ORDER BY number DESC LIMIT 1"
        with self._file.read() as connection:
            meta = dict(connection.execute("SELECT name, value FROM meta").fetchall())
            ever = one(connection, "SELECT seq FROM sqlite_sequence WHERE name = 'bodies'")
            first = one(connection, "SELECT min(number) FROM bodies")
            number, received_at = connection.execute(latest).fetchone() or (0, None)
            aside = one(connection, "SELECT count(*) FROM poison")
            size = self._file.size(connection)
        applied = meta.get("applied", 0)
        return InboxStatus(
            received=ever,
            applied=applied,
            pending=max(0, ever - applied),
            bytes=size,
            first_number=first,
            last_number=number,
            last_received_at=None if received_at is None else time(received_at),
            refused=meta.get("refused", 0),
            set_aside=aside,
            repeated=meta.get("repeated", 0),
        )

    def prune(self, before: datetime) -> int:
        """Forget applied bodies received before that time; how many there were.

        Goes in small steps, so that a receiver never waits long for its turn.
        """
        sql = (
            "DELETE FROM bodies WHERE number IN"
            " (SELECT number FROM bodies WHERE number < ? ORDER BY number LIMIT ?)"
        )
        with self._file.read() as connection:
            end = _first_kept(connection, micros(before))
        total, gone = 0, PRUNE_STEP
        while gone == PRUNE_STEP:
            with self._file.write() as connection:
                gone = connection.execute(sql, (end, PRUNE_STEP)).rowcount
            total += gone
        return total

    def numbers_of(self, token: str) -> list[tuple[int, int]]:
        """The bodies that came with a token: first and last number of each run of them."""
        sql = (
            "SELECT min(number), max(number) FROM (SELECT number,"
            " number - row_number() OVER (ORDER BY number) AS run FROM bodies WHERE token = ?)"
            " GROUP BY run ORDER BY 1"
        )
        with self._file.read() as connection:
            return [(first, last) for first, last in connection.execute(sql, (token,))]

    def forget_token(self, token: str) -> None:
        """Forget all bodies that came with a token, applied or not."""
        with self._file.write() as connection:
            for table in ("bodies", "poison"):
                connection.execute(f"DELETE FROM {table} WHERE token = ?", (token,))

    def forget_bodies(self, numbers: Sequence[int]) -> None:
        """Forget bodies, applied or not, so that their bytes are no longer in the file either."""
        with self._file.write() as connection:
            connection.execute("PRAGMA secure_delete = ON")
            for table in ("bodies", "poison"):
                connection.executemany(
                    f"DELETE FROM {table} WHERE number = ?", [(each,) for each in numbers]
                )
        self._file.checkpoint()

    def close(self) -> None:
        self._file.close()

    def _check_room(self, connection: Connection, more: int) -> None:
        if self._file.size(connection) + more > self.max_bytes:
            raise Refused(
                503,
                "full",
                f"The inbox is full ({self.max_bytes} bytes).",
                "Check that bodies are being applied, or raise the inbox's size.",
            )


def _put(connection: Connection, body: NewBody, now: int) -> int:
    digest = body.digest()
    if earlier := _earlier(connection, body, digest, now - micros(REPEAT_WINDOW)):
        _count(connection, "repeated", 1)
        return earlier
    values = (now, body.signal, body.encoding, body.compression, body.token, digest, body.data)
    added = connection.execute(
        "INSERT INTO bodies (received_at, signal, encoding, compression, token, digest, data)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        values,
    )
    return int(added.lastrowid or 0)


def _earlier(connection: Connection, body: NewBody, digest: int, since: int) -> int:
    """The number of an equal body since then, or 0. The digest finds, the bytes decide."""
    sql = f"SELECT {BODY} FROM bodies WHERE digest = ? AND received_at >= ? ORDER BY number"
    for row in connection.execute(sql, (digest, since)):
        found = _body(row)
        if found.new() == body:
            return found.number
    return 0


def _body(row: tuple[int, int, str, str, bytes, str, str]) -> Body:
    number, received_at, signal, encoding, data, compression, token = row
    return Body(
        signal, encoding, data, compression, token, number=number, received_at=time(received_at)
    )


def _note(connection: Connection, refusal: Refusal) -> None:
    sql = (
        "INSERT INTO refusals VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
        " SET count = count + excluded.count, last_at = max(last_at, excluded.last_at)"
    )
    kind = (refusal.status, refusal.reason[:80], refusal.protocol[:10], refusal.path[:200])
    place = (refusal.peer[:80], refusal.agent[:120])
    at = micros(refusal.time)
    connection.execute(sql, (*kind, *place, refusal.count, at, at))


def _count(connection: Connection, name: str, more: int) -> None:
    sql = "INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value"
    connection.execute(sql, (name, more))


def _first_kept(connection: Connection, before: int) -> int:
    """The number at which pruning stops: the first body that is recent or not yet applied."""
    recent = one(
        connection,
        "SELECT number FROM bodies WHERE received_at >= ? ORDER BY number LIMIT 1",
        before,
    )
    applied = one(connection, "SELECT value FROM meta WHERE name = 'applied'")
    return min(recent, applied + 1) if recent else applied + 1
