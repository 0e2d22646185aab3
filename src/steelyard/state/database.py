"""Opening the state database, SQLite or PostgreSQL, and bringing it up to date.

The schema is what the migrations make; nothing else here creates or changes a table.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, inspect
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DataError, NoSuchModuleError, SQLAlchemyError

from steelyard.errors import BadValue, ConfigError, NewerData, StoreError

_PRAGMAS = (
    *("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "busy_timeout = 15000"),
    "secure_delete = ON",  # what was deleted is not in the file either
)
# What a URL's own parameters win over. Prepared statements stay off: poolers between us and the
# server, such as PgBouncer, hand a connection's next transaction to another server process.
_POSTGRES = {"connect_timeout": 10, "application_name": "steelyard", "prepare_threshold": None}
# Any number that is ours, and a bound on waiting for whoever holds it.
_ALONE = "SET LOCAL lock_timeout = '15s'; SELECT pg_advisory_xact_lock(7733902)"


class State:
    """An open state database. Safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A connection whose changes are kept when the block ends. Raises StoreError."""
        with _speaking(self.engine.url), self.engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def alone(self) -> Iterator[Connection]:
        """The same, one at a time on all nodes: for whoever reads before they write."""
        with _speaking(self.engine.url), _one_at_a_time(self.engine) as connection:
            yield connection

    @contextlib.contextmanager
    def at_a_moment(self) -> Iterator[Connection]:
        """For reading several tables as they stood at one moment. Raises StoreError."""
        engine = self.engine
        if engine.dialect.name == "postgresql":  # every transaction of SQLite is such a moment
            engine = engine.execution_options(isolation_level="REPEATABLE READ")
        with _speaking(self.engine.url), engine.begin() as connection:
            yield connection

    def checkpoint(self) -> None:
        """Let go of what was deleted: SQLite keeps it in its write-ahead log, PostgreSQL in free
        space of its tables, which are small enough to be written anew."""
        if self.engine.dialect.name == "sqlite":
            with (
                _speaking(self.engine.url),
                contextlib.closing(self.engine.raw_connection()) as raw,
            ):
                raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return
        by_itself = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        with _speaking(self.engine.url), by_itself.connect() as connection:
            ours = ", ".join(inspect(connection).get_table_names())
            connection.exec_driver_sql(f"VACUUM FULL {ours}")

    def close(self) -> None:
        self.engine.dispose()


def open_state(where: str | Path) -> State:
    """Open or create the database at a URL (`sqlite:///…`, `postgresql://…`) or a file's path.

    Raises ConfigError for a URL nobody can read, StoreError when it cannot be reached, and
    NewerData when a newer Steelyard wrote it.
    """
    url = _url(where)
    with _speaking(url):
        engine = _engine(url)
        try:
            _migrate(engine)
        except BaseException:
            engine.dispose()
            raise
    return State(engine)


def _url(where: str | Path) -> URL:
    text = str(where)
    if isinstance(where, Path) or "://" not in text:
        return URL.create("sqlite", database=text)
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise ConfigError(
            "The state database's URL cannot be read.",
            "STEELYARD_STATE is a URL such as postgresql://user:password@host/steelyard.",
        ) from error
    if url.drivername in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    return url


def _engine(url: URL) -> Engine:
    try:
        if url.get_backend_name() == "postgresql":
            said = {name: value for name, value in _POSTGRES.items() if name not in url.query}
            return create_engine(url, pool_pre_ping=True, connect_args=said)
        if url.get_backend_name() != "sqlite":
            raise ConfigError(
                f"The state cannot be kept in {url.get_backend_name()}.",
                "STEELYARD_STATE is a URL of PostgreSQL or SQLite.",
            )
        if url.database and url.database != ":memory:":
            Path(url.database).touch(mode=0o600)  # hashes of tokens are nobody else's business
        engine = create_engine(url)
    except (NoSuchModuleError, ImportError) as error:
        raise ConfigError(
            f"There is no driver for {url.drivername}: {error}.",
            "PostgreSQL needs one more package: `pip install 'steelyard[postgres]'`.",
        ) from error
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin)
    return engine


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late to keep order
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    alone = connection.get_execution_options().get("alone", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if alone else "BEGIN")


@contextlib.contextmanager
def _one_at_a_time(engine: Engine) -> Iterator[Connection]:
    with engine.connect().execution_options(alone=True) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(_ALONE)
        yield connection


def _migrate(engine: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", "steelyard.state:migrations")
    newest = ScriptDirectory.from_config(config).get_current_head() or "0000"
    with _one_at_a_time(engine) as connection:  # of processes that start at once, one migrates
        found = MigrationContext.configure(connection).get_current_revision() or "0000"
        if int(found) > int(newest):
            name = engine.url.render_as_string(hide_password=True)
            raise NewerData(name, int(found), int(newest))
        if found != newest:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


@contextlib.contextmanager
def _speaking(url: URL) -> Iterator[None]:
    try:
        yield
    except DataError as error:  # such as a NUL in what somebody typed, which PostgreSQL refuses
        raise BadValue(f"This cannot be kept: {error.orig}.") from error
    except (SQLAlchemyError, OSError) as error:
        cause = getattr(error, "orig", None) or error
        raise StoreError(
            f"The state database {url.render_as_string(hide_password=True)} fails: {cause}.",
            "Check STEELYARD_STATE, or the data folder's permissions and free space.",
        ) from error
