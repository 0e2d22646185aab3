"""What every warehouse can do, whichever engine keeps it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import pyarrow as pa

Rows = list[tuple[Any, ...]]


class Facts(Protocol):
    """What metrics ask, in the words of `dialect`; `schema` is where its tables are."""

    @property
    def dialect(self) -> str: ...

    @property
    def schema(self) -> str: ...

    def query(self, sql: str, parameters: Sequence[Any] = (), /) -> Rows: ...

    def data_version(self) -> int: ...


class Warehouse(Protocol):
    """Statements of `query`, `arrow` and `transaction` are in DuckDB's words on all engines, naming
    raw records and fine facts only after `bring` or `renew`. Those of `facts` are in the engine's.
    """

    url: str
    fine: tuple[str, ...]  # the fine facts: those that have to be brought; none where all are here

    @property
    def place(self) -> str:
        """Where it is, to be shown."""
        ...

    @property
    def facts(self) -> Facts: ...

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> Rows: ...

    def arrow(self, sql: str, parameters: Sequence[Any] = ()) -> pa.Table: ...

    def transaction(self) -> AbstractContextManager[Any]:
        """A writer's cursor: all of what it does is there when the block ends, or nothing when it
        raises. Inside one of the same thread, it is that one."""
        ...

    def bring(self, cursor: Any, table: str, where: str, columns: Sequence[str] = ()) -> None:
        """Make raw records or fine facts available to a transaction: those that meet `where`, each
        asked for once. What it changes of raw records takes their place; fine facts only change on
        days that `renew` named. With `columns`, only these to look at, each combination once."""
        ...

    def renew(self, cursor: Any, days: Sequence[date]) -> None:
        """All fine facts of these days will be what this transaction puts into their tables."""
        ...

    def renew_before(self, cursor: Any, day: date) -> None:
        """The same for all earlier days."""
        ...

    def append(self, tables: Mapping[str, pa.Table], position: int | None, now: datetime) -> None:
        """Records and the inbox position they reach up to, together or not at all; their days
        become dirty."""
        ...

    def records(self) -> int:
        """How many events and points are kept."""
        ...

    def position(self) -> int: ...

    def data_version(self) -> int:
        """Changes whenever an answer may change."""
        ...

    def refreshed_at(self) -> datetime | None: ...

    def counts(self) -> dict[str, int]:
        """Rows of each table."""
        ...

    def copy_to(self, target: Path) -> dict[str, int]:
        """All of it in a new DuckDB file; rows by table."""
        ...

    def export_parquet(self, folder: Path) -> dict[str, int]: ...

    def forget_bodies(self, first_number: int) -> None: ...

    def forget_runs(self, runs: Sequence[tuple[int, int]]) -> None: ...

    def drop_raw_before(self, day: date) -> None: ...

    def checkpoint(self) -> None:
        """Take what was deleted off the disk."""
        ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
