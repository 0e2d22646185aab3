"""The SQLite file under the inbox: opening, transactions, and what a failing disk turns into."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

from steelyard.errors import NewerData, Refused, StoreError

SCHEMA = 1
BUSY_SECONDS = 15.0  # another process may hold the write lock for one commit
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def micros(moment: datetime | timedelta) -> int:
    """Microseconds of a duration, or since 1970."""
    span = moment if isinstance(moment, timedelta) else moment - EPOCH
    return span // MICROSECOND


def time(value: int) -> datetime:
    return EPOCH + value * MICROSECOND


def one(connection: sqlite3.Connection, sql: str, *values: int) -> int:
    """The first column of the first row; 0 when there is none."""
    row = connection.execute(sql, values).fetchone()
    return int(row[0] or 0) if row else 0


class InboxFile:
    """One connection under a lock, reopened after the disk failed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._opened: sqlite3.Connection | None = None
        try:
            with self._lock:
                self._connection()
        except (sqlite3.Error, OSError) as error:
            raise StoreError(
                f"The inbox {path} cannot be opened: {error}.",
                "Check the data folder's permissions and free space.",
            ) from error

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """The connection, one snapshot long."""
        with self._lock, _speaking(self.path):
            connection = self._connection()
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is on the disk when the block ends, or never was."""
        with self._lock:
            try:
                connection = self._connection()
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            except (sqlite3.Error, OSError) as error:
                self.close()  # a connection whose commit failed is not to be trusted
                raise _refused(error) from error
            except BaseException:
                connection.execute("ROLLBACK")
                raise

    def checkpoint(self) -> None:
        """Move everything out of the write-ahead log, which keeps what was deleted."""
        with self._lock, _speaking(self.path):
            self._connection().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def size(self, connection: sqlite3.Connection) -> int:
        """Bytes in use, without what pruning freed."""
        pages = one(connection, "PRAGMA page_count") - one(connection, "PRAGMA freelist_count")
        return pages * one(connection, "PRAGMA page_size")

    def close(self) -> None:
        with self._lock:
            opened, self._opened = self._opened, None
            if opened is not None:
                opened.close()

    def _connection(self) -> sqlite3.Connection:
        if self._opened is None:
            self.path.touch(mode=0o600)
            self._opened = _connect(self.path)
        return self._opened


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        found = one(connection, "PRAGMA user_version")
        if found > SCHEMA:
            raise NewerData(str(path), found, SCHEMA)
        if found == 0:  # the page size can only be chosen before the first table
            connection.execute("PRAGMA page_size = 8192")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA wal_autocheckpoint = 2000")
        if found == 0:
            _create(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _create(connection: sqlite3.Connection) -> None:
    """The tables; several processes may come here at once."""
    script = files("steelyard.receiver").joinpath("inbox.sql").read_text("utf-8")
    connection.executescript(f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {SCHEMA}; COMMIT;")


@contextmanager
def _speaking(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(f"The inbox {path} cannot be read: {error}.") from error


def _refused(error: Exception) -> Refused:
    """503, so that clients keep their data and come again."""
    if "locked" in str(error) or "busy" in str(error):
        return Refused(503, "busy", "The inbox is busy.")
    hint = "Free some space in the data folder; the receiver goes on by itself."
    return Refused(503, "disk", f"The inbox cannot write to its disk: {error}.", hint)
