"""The only room that opens the analytical database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from steelyard.warehouse.contract import Warehouse

__all__ = ["Warehouse", "is_clickhouse", "open_warehouse"]


def is_clickhouse(url: str) -> bool:
    return url.partition("://")[0] in ("clickhouse", "chdb")


def open_warehouse(
    url: str,
    *,
    memory_limit: str = "",
    threads: int = 0,
    bench: Path | None = None,
    writes: bool = True,
) -> Warehouse:
    """Open, and where needed create or migrate, the warehouse at `url`.

    `duckdb:///path/to/file.duckdb`, a plain path, or `clickhouse://user:password@host:port/database`
    (`?secure=true` for HTTPS, `?cluster=name` for replicas), or `chdb:///path/to/folder`. `bench`
    is where the workbench beside ClickHouse may keep a file; without it, that stays in memory. Who
    opens it without `writes`, beside the one process that writes to a ClickHouse, changes nothing
    there. Raises ConfigError for a URL that no engine answers to, NewerData for a file of a newer
    version, StoreError when it cannot be opened.
    """
    scheme, _, rest = url.partition("://")
    if not rest or scheme == "duckdb":
        from steelyard.warehouse.duck import DuckWarehouse

        path = f"/{rest.lstrip('/')}" if rest else url
        return DuckWarehouse(path, memory_limit=memory_limit, threads=threads)
    if is_clickhouse(url):
        from steelyard.warehouse.clickhouse import ClickHouseWarehouse

        limits = {"memory_limit": memory_limit, "threads": threads}
        return ClickHouseWarehouse(url, bench=bench, writes=writes, **limits)
    raise ConfigError(
        f"No warehouse engine answers to {scheme}://.",
        "Use duckdb:///path/to/file.duckdb or clickhouse://host:8123/database, or leave"
        " STEELYARD_WAREHOUSE unset.",
    )
