"""What is said to ClickHouse: statements and Arrow tables over HTTP, or to chDB in the process."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import clickhouse_connect
import pyarrow as pa
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import Error

from steelyard.errors import ConfigError, StoreError
from steelyard.warehouse.clickhouse_schema import on

_SETTINGS: Mapping[str, Any] = {
    "mutations_sync": 2,  # a deletion has happened when its statement ends
    "lightweight_deletes_sync": 2,
    "throw_on_max_partitions_per_insert_block": 0,  # years of history may come in one insert
    "max_query_size": 64 * 1024**2,  # a list of values may be long
    "insert_deduplicate": 1,
    "async_insert": 0,
    "output_format_arrow_string_as_string": 1,
    "output_format_arrow_low_cardinality_as_dictionary": 0,
}
# Where several servers keep the same: an insert ends when most of them have it, one insert after
# the other, so that whoever sees a commit in `parts` sees on any server all that it names.
_ON_CLUSTER: Mapping[str, Any] = {
    "insert_quorum": "auto",
    "insert_quorum_parallel": 0,
    "insert_quorum_timeout": 120_000,  # milliseconds; less than the driver waits for an answer
    "select_sequential_consistency": 1,
}
_SECONDS = {"connect_timeout": 10, "send_receive_timeout": 300}
logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)  # what it says, its errors say


class Wire:
    """One database of ClickHouse. Safe to use from any thread.

    Raises StoreError, without the address's password, for all that goes wrong.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.cluster = _cluster(url)
        with _told("cannot be opened", "Check the address, user and password of the warehouse."):
            self._client = _chdb(url) if url.startswith("chdb:") else _http(url)
        self.database = str(self._client.database or "default")

    @property
    def place(self) -> str:
        """Where it is, to be shown: host and database, no user."""
        parts = urlsplit(self.url)
        if parts.scheme == "chdb":
            return f"chDB at {parts.path or parts.netloc}"
        return f"ClickHouse at {parts.hostname}/{self.database}"

    def arrow(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pa.Table:
        """The answer with times in UTC without a zone, as DuckDB has them."""
        with _told("did not answer"):
            found = self._client.query_arrow(sql, parameters=dict(parameters or {}))
        return without_zones(found)

    def batches(self, sql: str) -> Iterator[pa.Table]:
        """The answer piece by piece, where all of it may not fit into memory."""
        with _told("did not answer"), self._client.query_arrow_stream(sql) as stream:
            for found in stream:
                yield without_zones(pa.Table.from_batches([found]))

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        columns = [column.to_pylist() for column in self.arrow(sql, parameters).columns]
        return list(zip(*columns, strict=True))

    def run(self, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        """A statement without an answer."""
        with _told("refused a statement"):
            self._client.command(sql, parameters=dict(parameters or {}))

    def insert(self, name: str, table: pa.Table, token: str, **settings: int) -> None:
        """Rows into a table. The same token counts once: what got no answer can be sent again."""
        with _told("did not take rows"):
            said = {"insert_deduplication_token": token, **settings}
            self._client.insert_arrow(name, table, settings=said)

    def close(self) -> None:
        self._client.close()


def _chdb(url: str) -> Client:
    """The engine in this process: for tests, and to look at a folder of data."""
    return clickhouse_connect.get_client(dsn=url, settings=dict(_SETTINGS))


def _http(url: str) -> Client:
    """Makes the database when it is not there yet."""
    parts = urlsplit(url)
    asked = parse_qs(parts.query)
    secure = asked.get("secure", [""])[0] in ("1", "true") or parts.port in (443, 8443)
    said: dict[str, Any] = {
        "host": parts.hostname or "localhost",
        "port": parts.port or (8443 if secure else 8123),
        "username": unquote(parts.username or "default"),
        "password": unquote(parts.password or ""),
        "interface": "https" if secure else "http",
        "settings": _settings(_cluster(url)),
        "autogenerate_session_id": False,  # requests of several threads at once
        "client_name": "steelyard",
        **_SECONDS,
    }
    database = unquote(parts.path.strip("/")) or "default"
    if not database.replace("_", "").isalnum():
        raise ConfigError(
            f"{database!r} is no name of a database.", "Use letters, digits and underscores."
        )
    with clickhouse_connect.get_client(database="default", **said) as first:
        _prepare(first, database, _cluster(url))
    return clickhouse_connect.get_client(database=database, **said)


def _settings(cluster: str) -> dict[str, Any]:
    return {**_SETTINGS, **(_ON_CLUSTER if cluster else {})}


def _prepare(client: Client, database: str, cluster: str) -> None:
    """Make the database where it is missing; on a cluster, all of whose servers keep the same."""
    if cluster:
        asked = "SELECT uniqExact(shard_num) FROM system.clusters WHERE cluster = {name:String}"
        shards = int(str(client.command(asked, parameters={"name": cluster})))
        if shards != 1:
            raise ConfigError(
                f"ClickHouse's cluster {cluster!r} has {shards} shards; Steelyard needs one.",
                "Name a cluster of one shard whose servers are replicas (`system.clusters`).",
            )
    if not int(str(client.command(f"EXISTS DATABASE {database}"))):
        client.command(f"CREATE DATABASE IF NOT EXISTS {database}{on(cluster)}")


def _cluster(url: str) -> str:
    """The cluster that a URL names; none for most."""
    name = parse_qs(urlsplit(url).query).get("cluster", [""])[0]
    if not name.replace("_", "").replace("-", "").replace(".", "").isalnum() and name:
        raise ConfigError(
            f"{name!r} is no name of a cluster.", "Use letters, digits, `_`, `-` and `.`."
        )
    return name


@contextmanager
def _told(what: str, hint: str = "See the log of ClickHouse.") -> Iterator[None]:
    try:
        yield
    except Error as error:
        said = str(error).strip().splitlines()[0][:300] if str(error).strip() else "no reason given"
        raise StoreError(f"ClickHouse {what}: {said}", hint) from error


def without_zones(table: pa.Table) -> pa.Table:
    """Times in UTC without a zone."""
    fields = [
        f.with_type(pa.timestamp("us")) if pa.types.is_timestamp(f.type) else f
        for f in table.schema
    ]
    return table.cast(pa.schema(fields))


def bound(sql: str, values: Sequence[Any]) -> tuple[str, dict[str, Any]]:
    """A statement with `?` for its values, as ClickHouse takes them. No `?` stands in a text."""
    names = [f"p{at}" for at in range(len(values))]
    first, *rest = sql.split("?")
    said = [f"{{{name}:{_type(value)}}}" for name, value in zip(names, values, strict=True)]
    marked = first + "".join(a + b for a, b in zip(said, rest, strict=True))
    return marked, dict(zip(names, values, strict=True))


def _type(value: Any) -> str:
    return "Float64" if isinstance(value, float) else "Int64" if type(value) is int else "String"
