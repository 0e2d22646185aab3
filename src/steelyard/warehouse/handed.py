"""The way from receiver nodes to the worker: two small tables of ClickHouse.

A row of `handed` is a batch of bodies as they lie in a node's inbox, so it is there whole or not at
all. Its name is a digest of all that is in it, so copies are one batch. It stays until the worker
has it in its own inbox; no time limit ends that. `receivers` holds each node's last word.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pyarrow as pa

from steelyard.receiver.body import Body, InboxStatus, ReceiverNode
from steelyard.warehouse.clickhouse_schema import create
from steelyard.warehouse.wire import Wire

_Columns = list[tuple[str, pa.DataType]]
_BODY: _Columns = [
    ("number", pa.int64()),
    ("received_at", pa.timestamp("us", "UTC")),
    *((name, pa.string()) for name in ("signal", "encoding", "compression", "token")),
    ("data", pa.binary()),
]
_BODIES = pa.schema(_BODY)
_TABLES = ("handed", "receivers")
_NODES_SHOWN = 100
_BATCHES_LISTED = 1000


@dataclass(frozen=True)
class Batch:
    """A batch that waits, by its name."""

    name: str
    bytes: int


def takes_nodes(url: str) -> bool:
    """Whether receiver nodes can hand over through the warehouse: several may use it at once."""
    return url.startswith("clickhouse:")


class Handed:
    """The two tables, opened when first used. Raises StoreError for all that goes wrong."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._opened: Wire | None = None
        self._is_made = False

    @property
    def _wire(self) -> Wire:
        if self._opened is None:
            self._opened = Wire(self.url)
        return self._opened

    def make(self) -> None:
        """The tables, where they are missing; before anything but `nodes`."""
        if not self._are_there():
            for statement in statements(self._wire.cluster):
                self._wire.run(statement)
            self._is_made = True

    def _are_there(self) -> bool:
        if not self._is_made:
            asked = "SELECT count() FROM system.tables WHERE database = currentDatabase()"
            found = self._wire.rows(f"{asked} AND name IN {_TABLES}")
            self._is_made = found[0][0] == len(_TABLES)
        return self._is_made

    def put(self, node: str, bodies: Sequence[Body]) -> None:
        """One batch; on the disk when this returns."""
        data = _packed(bodies)
        name = hashlib.blake2b(data, digest_size=16).hexdigest()
        size = sum(len(body.data) for body in bodies)
        row = {"batch": name, "node": node, "bodies": len(bodies), "bytes": size, "data": data}
        self._insert("handed", row, name)

    def bytes(self) -> int:
        """Of all that waits."""
        return int(self._wire.rows("SELECT sum(bytes) FROM handed")[0][0])

    def batches(self) -> list[Batch]:
        """What waits, the oldest first; not more than are worth taking at once."""
        sql = (
            "SELECT batch, any(bytes) FROM handed GROUP BY batch ORDER BY min(handed_at)"
            f" LIMIT {_BATCHES_LISTED}"
        )
        return [Batch(*row) for row in self._wire.rows(sql)]

    def bodies(self, batches: Sequence[Batch]) -> list[Body]:
        """What is in batches, in the order of receipt; their numbers are their nodes'."""
        sql = f"SELECT data FROM handed WHERE batch IN ({_names(batches)}) LIMIT 1 BY batch"
        packed = self._wire.arrow(sql)["data"].cast(pa.binary()).to_pylist()
        found = [body for data in packed if data for body in _unpacked(data)]
        return sorted(found, key=lambda body: (body.received_at, body.number))

    def forget(self, batches: Sequence[Batch]) -> None:
        """Delete batches, from the disk as well."""
        self._wire.run(f"ALTER TABLE handed DELETE WHERE batch IN ({_names(batches)})")

    def tell(self, node: str, name: str, inbox: InboxStatus, ended: bool = False) -> None:
        """A node's word: how its inbox is, and whether it is about to end."""
        row = {
            "node": node,
            "name": name,
            "pending": inbox.pending,
            "last_received_at": inbox.last_received_at,
            "ended": ended,
        }
        self._insert("receivers", row, uuid4().hex)

    def nodes(self) -> tuple[ReceiverNode, ...]:
        """The nodes of the last week, without those that ended with nothing left; those of which
        most waits first, not more than a page holds. Empty where no node ever was."""
        rows = self._wire.rows(_NODES) if self._are_there() else []
        return tuple(ReceiverNode(*(_aware(value) for value in row)) for row in rows)

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()

    def _insert(self, table: str, row: dict[str, Any], token: str) -> None:
        rows = pa.Table.from_pylist([row], pa.schema(_ROWS[table]))
        self._wire.insert(table, rows, token, insert_quorum_parallel=1)  # many nodes at once


def statements(cluster: str) -> tuple[str, str]:
    """What creates the two tables."""
    return (
        # A node forgets what it handed over after a day: until then it is on the disk for sure.
        create(
            "handed",
            "batch String, node String, bodies UInt32, bytes UInt64,"
            " handed_at DateTime64(6, 'UTC') DEFAULT now64(6), data String",
            "MergeTree ORDER BY (handed_at, batch)",
            cluster,
            fsync_after_insert=1,
            fsync_part_directory=1,
        ),
        create(
            "receivers",
            "node String, name String, pending UInt64,"
            " last_received_at Nullable(DateTime64(6, 'UTC')), ended Bool,"
            " told_at DateTime64(6, 'UTC') DEFAULT now64(6)",
            "ReplacingMergeTree(told_at) ORDER BY node TTL toDateTime(told_at) + INTERVAL 7 DAY",
            cluster,
        ),
    )


_ROWS: dict[str, _Columns] = {
    "handed": [
        ("batch", pa.string()),
        ("node", pa.string()),
        ("bodies", pa.uint32()),
        ("bytes", pa.uint64()),
        ("data", pa.binary()),
    ],
    "receivers": [
        ("node", pa.string()),
        ("name", pa.string()),
        ("pending", pa.uint64()),
        ("last_received_at", pa.timestamp("us", "UTC")),
        ("ended", pa.bool_()),
    ],
}
_NODES = f"""
SELECT name, told_at, last_received_at, pending, on_way.bodies AS handed,
  if(on_way.bodies > 0, on_way.since, NULL) AS handed_since
FROM (SELECT * FROM receivers FINAL WHERE told_at > now() - INTERVAL 7 DAY) AS told
LEFT JOIN (SELECT node, sum(bodies) AS bodies, min(handed_at) AS since FROM handed GROUP BY node)
  AS on_way ON told.node = on_way.node
WHERE NOT ended OR pending + on_way.bodies > 0
ORDER BY pending + on_way.bodies DESC, name, told.node
LIMIT {_NODES_SHOWN}
"""


def _aware(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


def _names(batches: Sequence[Batch]) -> str:
    return ", ".join(f"'{batch.name}'" for batch in batches)


def _packed(bodies: Sequence[Body]) -> bytes:
    columns = {field.name: [getattr(body, field.name) for body in bodies] for field in _BODIES}
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, _BODIES) as stream:
        stream.write_table(pa.table(columns, _BODIES))
    return bytes(sink.getvalue().to_pybytes())


def _unpacked(data: bytes) -> Iterator[Body]:
    for row in pa.ipc.open_stream(data).read_all().to_pylist():
        yield Body(**row)
