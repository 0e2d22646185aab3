"""From databases in a folder to servers: a copy of all that is there, and the proof that it is one.

The folder is only read. A copy that was cut off left nothing that counts, and begins anew; where
one is whole already, it is proved again.
"""

from __future__ import annotations

import datetime as dt
import math
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from steelyard.app.backup import copy_sqlite
from steelyard.config import shown
from steelyard.errors import StoreError, UsageError
from steelyard.metrics import CATALOGUE, Question, ask
from steelyard.warehouse import is_clickhouse

if TYPE_CHECKING:
    from steelyard.config import Settings
    from steelyard.metrics.answer import Cell, Column
    from steelyard.state.database import State
    from steelyard.warehouse.clickhouse import ClickHouseWarehouse
    from steelyard.warehouse.duck import DuckWarehouse

Update = Callable[[int, int], None]
_MICRO = 5e-7  # dollars
_CLOSE = 1e-9  # relative, of figures that are no counts


@dataclass(frozen=True)
class Held:
    """A table, or a metric, in the folder and where it went. `different` names columns."""

    database: str
    table: str
    before: int
    after: int
    equal: bool
    different: tuple[str, ...] = ()


@dataclass(frozen=True)
class MigrateReport:
    """What was compared. `copied` is false where the target held something before; `settings` are
    those to go on with, without passwords."""

    data: str
    equal: bool
    copied: dict[str, bool]
    tables: tuple[Held, ...]
    metrics: int = 0
    metrics_different: tuple[str, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)


def migrate(settings: Settings, targets: Sequence[str], update: Update) -> MigrateReport:
    """Copy the databases of the folder to `clickhouse://` or `postgresql://` targets, and compare.

    Raises UsageError for other targets, StoreError while a server runs on the folder, where there
    is nothing to copy, or a database cannot be reached.
    """
    from steelyard.app.control import is_running

    wanted = _by_database(targets)
    if is_running(settings):
        raise StoreError(
            f"A server is running on {settings.data}.", "Stop it first, then migrate again."
        )
    places = {name: _file(settings, name) for name in wanted}
    tables: list[Held] = []
    copied: dict[str, bool] = {}
    metrics: dict[str, bool] = {}
    with tempfile.TemporaryDirectory(prefix="steelyard-migrate-") as folder, ExitStack() as open_:
        aside = Path(folder)
        moves: list[Callable[[], None]] = []
        if "warehouse" in wanted:  # all are opened before anything is copied
            pair = _warehouses(settings, places["warehouse"], wanted["warehouse"], aside, open_)
            copied["warehouse"] = pair[1].is_new()
            moves.append(lambda: _move_warehouse(*pair, copied["warehouse"], update))
        if "state" in wanted:
            states = _states(places["state"], wanted["state"], aside, open_)
            copied["state"] = _is_new(states[1])
            moves.append(lambda: _move_state(*states, copied["state"]))
        for move in moves:
            move()
        if "warehouse" in wanted:
            tables += _tables(*pair)
            metrics = _metrics(*pair)
        if "state" in wanted:
            tables += _state_tables(*states)
    different = tuple(name for name, equal in metrics.items() if not equal)
    return MigrateReport(
        data=str(settings.data),
        equal=all(table.equal for table in tables) and not different,
        copied=copied,
        tables=tuple(tables),
        metrics=len(metrics),
        metrics_different=different,
        settings={f"STEELYARD_{n.upper()}": shown(n, url) for n, url in wanted.items()},
    )


def _by_database(targets: Sequence[str]) -> dict[str, str]:
    """The targets under the setting that will name each."""
    found: dict[str, str] = {}
    for url in targets:
        scheme = url.partition("://")[0]
        name = "warehouse" if is_clickhouse(url) else "state"
        if name == "state" and scheme not in ("postgresql", "postgres"):
            raise UsageError(
                f"Nothing moves to {scheme}://." if "://" in url else f"{url!r} is no URL.",
                "Give clickhouse://host:8123/database, postgresql://host/database, or both.",
            )
        if name in found:
            raise UsageError(f"Two places were given for the {name}.", "Give each --to once.")
        found[name] = url
    return found


def _file(settings: Settings, name: str) -> Path:
    """The file in which the folder keeps a database."""
    url = settings.warehouse_url if name == "warehouse" else settings.state_url
    scheme, slashes, rest = url.rpartition(":///")
    file = Path(f"/{rest.lstrip('/')}" if slashes else url)
    if "://" in url and scheme not in ("duckdb", "sqlite"):
        raise StoreError(
            f"The {name} is at {shown(name, url)} already.",
            f"Unset STEELYARD_{name.upper()}: what is moved is a file of the data folder.",
        )
    if not file.is_file():
        raise StoreError(f"There is no {name} {file}.", "Name the data folder with --data.")
    return file


def _warehouses(
    settings: Settings, file: Path, url: str, aside: Path, open_: ExitStack
) -> tuple[DuckWarehouse, ClickHouseWarehouse]:
    from steelyard.warehouse.clickhouse import ClickHouseWarehouse
    from steelyard.warehouse.duck import DuckWarehouse

    said: dict[str, Any] = {"memory_limit": settings.memory_limit, "threads": settings.threads}
    source = open_.enter_context(DuckWarehouse(str(file), read_only=True, **said))
    bench = aside / "bench.duckdb"
    return source, open_.enter_context(ClickHouseWarehouse(url, bench=bench, **said))


def _move_warehouse(
    source: DuckWarehouse, target: ClickHouseWarehouse, is_new: bool, update: Update
) -> None:
    if is_new:
        target.load(source, update)


def _states(file: Path, url: str, aside: Path, open_: ExitStack) -> tuple[State, State]:
    """A copy of the folder's state in the newest schema, and the other."""
    from steelyard.state.database import open_state

    copy_sqlite(file, aside / file.name)
    source = open_.enter_context(closing(open_state(aside / file.name)))
    return source, open_.enter_context(closing(open_state(url)))


def _is_new(state: State) -> bool:
    from steelyard.state.copying import holds_nothing

    return holds_nothing(state)


def _move_state(source: State, target: State, is_new: bool) -> None:
    from steelyard.state.copying import copy_state

    if is_new:
        copy_state(source, target)


def _tables(source: DuckWarehouse, target: ClickHouseWarehouse) -> Iterator[Held]:
    from steelyard.warehouse.proof import compare

    for each in compare(source, target):
        counts = each.rows_before, each.rows_after
        yield Held("warehouse", each.table, *counts, each.equal, each.different)


def _state_tables(source: State, target: State) -> Iterator[Held]:
    from steelyard.state.copying import compare_states

    for name, (before, after, equal) in compare_states(source, target).items():
        yield Held("state", name, before, after, equal)


def _metrics(source: DuckWarehouse, target: ClickHouseWarehouse) -> dict[str, bool]:
    """Of every metric, whether all of it, from the first day to the last, is equal."""
    found: dict[str, bool] = {}
    now = dt.datetime.now(dt.UTC)
    by_needs = sorted(CATALOGUE.values(), key=lambda metric: metric.needs)
    for needs, metrics in groupby(by_needs, key=lambda metric: metric.needs):
        question = Question(tuple(metric.name for metric in metrics), by=needs)
        one, two = ask(source.facts, question, now), ask(target.facts, question, now)
        width = len(needs)
        first, second = _rows(one.rows, width), _rows(two.rows, width)
        for at, column in enumerate(one.columns[width:]):
            found[column.metric or column.name] = first.keys() == second.keys() and all(
                _same(column, first[key][at], second[key][at]) for key in first
            )
    return found


def _rows(rows: Sequence[tuple[Cell, ...]], width: int) -> Mapping[tuple[Cell, ...], Any]:
    return {row[:width]: row[width:] for row in rows}


def _same(column: Column, one: Cell, other: Cell) -> bool:
    if not isinstance(one, float) or not isinstance(other, float):
        return one == other
    if column.unit.startswith("USD"):
        return abs(one - other) <= _MICRO
    return math.isclose(one, other, rel_tol=_CLOSE, abs_tol=1e-12)
