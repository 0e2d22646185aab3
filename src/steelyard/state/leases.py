"""Leases: of all nodes on one state, one at a time does a job, and another goes on when it dies.

A lease is kept alive by a thread of its holder's, so it outlives a killed one by `LIFE` at most.
Time is the database's: nodes' clocks may differ. A holder that slept too long is fenced off: what
it writes under its lease's number is refused once somebody else had the lease.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, text

from steelyard.errors import StoreError
from steelyard.state.database import State

LIFE = timedelta(seconds=60)
_RENEWALS = 4  # in a life, so that some may fail
_NOW = {
    "sqlite": "(julianday('now') - 2440587.5) * 86400.0",
    "postgresql": "extract(epoch FROM clock_timestamp())",
}


@dataclass(frozen=True)
class Lease:
    """The right to do the job `name`. `fence` is larger than that of whoever had it before."""

    name: str
    fence: int


class LeaseLost(Exception):
    """Somebody else has it by now: whoever held it ends, and writes nothing more."""


class Leases:
    """The leases in a state database."""

    def __init__(self, state: State, life: timedelta = LIFE) -> None:
        self.state, self.life = state, life.total_seconds()

    @contextlib.contextmanager
    def held(self, name: str) -> Iterator[Lease | None]:
        """The lease of a job, kept while the block runs; None while somebody else has it."""
        lease = self.take(name)
        if lease is None:
            yield None
            return
        done = threading.Event()
        renewing = threading.Thread(target=self._renew_until, args=(lease, done), daemon=True)
        renewing.start()
        try:
            yield lease
        finally:
            done.set()
            renewing.join()
            with contextlib.suppress(StoreError):  # it runs out by itself
                self.release(lease)

    def take(self, name: str) -> Lease | None:
        """The lease, to be renewed within its life; None while somebody else has it."""
        sql = "SELECT holder, until, fence FROM leases WHERE name = :name"
        with self.state.alone() as connection:
            now = _now(connection)
            row = connection.execute(text(sql), {"name": name}).one_or_none()
            if row is not None and _is_held(row.holder, row.until, now):
                return None
            lease = Lease(name, row.fence + 1 if row is not None else 1)
            new = {**vars(lease), "holder": _me(), "until": now + self.life}
            connection.execute(text("DELETE FROM leases WHERE name = :name"), new)
            insert = "INSERT INTO leases VALUES (:name, :holder, :until, :fence)"
            connection.execute(text(insert), new)
        return lease

    def renew(self, lease: Lease) -> bool:
        """A whole life from now on; False when somebody else has it."""
        sql = f"UPDATE leases SET until = :until WHERE {_THIS}"
        with self.state.alone() as connection:
            row = {**vars(lease), "until": _now(connection) + self.life}
            return connection.execute(text(sql), row).rowcount == 1

    def release(self, lease: Lease) -> None:
        """Others may have it at once. The row stays, so that numbers only grow."""
        with self.state.transaction() as connection:
            connection.execute(text(f"UPDATE leases SET until = 0 WHERE {_THIS}"), vars(lease))

    def taken(self) -> frozenset[str]:
        """The names of the jobs that somebody is at."""
        with self.state.transaction() as connection:
            now = _now(connection)
            rows = connection.execute(text("SELECT name, holder, until FROM leases")).all()
        return frozenset(row.name for row in rows if _is_held(row.holder, row.until, now))

    def holder(self, name: str) -> str:
        """The machine and process that had it last; empty where nobody ever did."""
        sql = "SELECT holder FROM leases WHERE name = :name"
        with self.state.transaction() as connection:
            found = connection.execute(text(sql), {"name": name}).scalar_one_or_none()
        return "" if found is None else str(found).partition("@")[0]

    def _renew_until(self, lease: Lease, done: threading.Event) -> None:
        while not done.wait(self.life / _RENEWALS):
            with contextlib.suppress(StoreError):  # the next time may find the database again
                if not self.renew(lease):
                    return


_THIS = "name = :name AND fence = :fence"


def check(connection: Connection, lease: Lease) -> None:
    """Inside `State.alone`, before writing for a job. Raises LeaseLost."""
    sql = f"SELECT 1 FROM leases WHERE {_THIS} AND until > 0"
    if connection.execute(text(sql), vars(lease)).first() is None:
        raise LeaseLost(lease.name)


def _now(connection: Connection) -> float:
    sql = f"SELECT CAST({_NOW[connection.dialect.name]} AS DOUBLE PRECISION)"
    return float(connection.exec_driver_sql(sql).scalar_one())


def _is_held(holder: str, until: float, now: float) -> bool:
    return until > now and not _is_gone(holder)


def _me() -> str:
    return f"{socket.gethostname()}:{os.getpid()}@{_place()}"


def _is_gone(holder: str) -> bool:
    """Whether it was a process of this machine that has ended: nobody has to wait for that."""
    who, _, place = holder.rpartition("@")
    if place != _place():
        return False
    try:
        os.kill(int(who.rpartition(":")[2]), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


@cache
def _place() -> str:
    """Where process numbers mean the same processes: containers have the same names and numbers
    again and again, so on Linux it is the running kernel and its namespace of processes."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text()
        said = boot + str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        said = socket.gethostname()
    return hashlib.sha256(said.encode()).hexdigest()[:12]
