"""Who is signed in: browsers' sessions, kept as hashes, so that they outlive a restart.

A session is of an account, of a token that was pasted, or of neither: the operator's link.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from steelyard.state.database import State
from steelyard.state.token import hash_secret
from steelyard.state.tokens import utc_now

LIFE = timedelta(days=14)
IDLE = timedelta(days=3)
_NOTED = timedelta(minutes=10)  # how old `seen` may be before it is written again


@dataclass(frozen=True)
class Session:
    """An open session: at most one of `account` and `token` (ids) is set."""

    account: str
    token: str
    opened: datetime


class Sessions:
    """The sessions in a state database. They end after `life`, or `idle` after the last request."""

    def __init__(
        self,
        state: State,
        clock: Callable[[], datetime] = utc_now,
        life: timedelta = LIFE,
        idle: timedelta = IDLE,
    ) -> None:
        self.state, self.clock, self.life, self.idle = state, clock, life, idle

    def open(self, account: str = "", token: str = "") -> str:
        """A new session's secret. Sessions that have ended are cleared away on the way."""
        secret, now = secrets.token_urlsafe(32), self.clock()
        self.purge()
        row = {"hash": hash_secret(secret), "account": account, "token": token, "now": _iso(now)}
        sql = "INSERT INTO sign_ins VALUES (:hash, :account, :token, :now, :now)"
        with self.state.transaction() as connection:
            connection.execute(text(sql), row)
        return secret

    def find(self, secret: str) -> Session | None:
        """The open session a secret belongs to."""
        now, key = self.clock(), {"hash": hash_secret(secret)}
        with self.state.transaction() as connection:
            sql = "SELECT * FROM sign_ins WHERE hash = :hash"
            row = connection.execute(text(sql), key).mappings().one_or_none()
        if row is None:
            return None
        opened, seen = datetime.fromisoformat(row["opened"]), datetime.fromisoformat(row["seen"])
        if now >= min(opened + self.life, seen + self.idle):
            return None
        if now - seen >= _NOTED:
            with self.state.transaction() as connection:
                sql = "UPDATE sign_ins SET seen = :now WHERE hash = :hash"
                connection.execute(text(sql), {**key, "now": _iso(now)})
        return Session(row["account"], row["token"], opened)

    def close(self, secret: str) -> None:
        sql = "DELETE FROM sign_ins WHERE hash = :hash"
        with self.state.transaction() as connection:
            connection.execute(text(sql), {"hash": hash_secret(secret)})

    def close_all(self, account: str) -> int:
        """Sign an account out everywhere; how many sessions that were."""
        sql = "DELETE FROM sign_ins WHERE account = :account AND account <> ''"
        with self.state.transaction() as connection:
            return connection.execute(text(sql), {"account": account}).rowcount

    def purge(self) -> int:
        """Forget the sessions that have ended; how many."""
        now = self.clock()
        row = {"opened": _iso(now - self.life), "seen": _iso(now - self.idle)}
        sql = "DELETE FROM sign_ins WHERE opened <= :opened OR seen <= :seen"
        with self.state.transaction() as connection:
            return connection.execute(text(sql), row).rowcount


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
