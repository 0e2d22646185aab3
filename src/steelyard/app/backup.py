"""One file that holds everything, and back again; Parquet for other tools.

The backup is a tar of the three databases, each as it stood at one moment while a server writes,
and a manifest that says what is inside.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
import sqlite3
import tarfile
import tempfile
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import steelyard
from steelyard.errors import BadFile, NewerData, StoreError
from steelyard.warehouse import open_warehouse
from steelyard.warehouse.migrations import latest

if TYPE_CHECKING:
    from steelyard.config import Settings
    from steelyard.receiver.inbox import Inbox
    from steelyard.warehouse import Warehouse

_FORMAT = 1
_WAREHOUSE, _INBOX, _STATE = "steelyard.duckdb", "inbox.db", "state.db"


@dataclass(frozen=True)
class BackupReport:
    """The file written, its size and the rows of each table inside."""

    file: str
    bytes: int
    tables: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class RestoreReport:
    """What was put where."""

    data: str
    made_at: str
    tables: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ExportReport:
    """Rows per table."""

    tables: dict[str, int] = field(default_factory=dict)


def write_backup(
    settings: Settings, warehouse: Warehouse, inbox: Inbox, file: Path
) -> BackupReport:
    """Write the backup beside `file` and move it there when it is whole."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=".backup-") as folder:
            inside = Path(folder)
            tables = warehouse.copy_to(inside / _WAREHOUSE)
            copy_sqlite(inbox.path, inside / _INBOX)
            _copy_state(settings.state_url, str(inside / _STATE))
            manifest = {
                "format": _FORMAT,
                "version": steelyard.__version__,
                "schema": latest(),
                "made_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
                "tables": tables,
            }
            (inside / "manifest.json").write_text(json.dumps(manifest, indent=2))
            whole = inside / "backup.tar"
            with tarfile.open(whole, "w") as tar:
                for part in ("manifest.json", _WAREHOUSE, _INBOX, _STATE):
                    if (inside / part).exists():
                        tar.add(inside / part, part)
            whole.replace(file)
    except OSError as error:
        raise StoreError(
            f"The backup {file} cannot be written: {error.strerror}.", "Choose another place."
        ) from error
    return BackupReport(str(file), file.stat().st_size, tables)


def restore_backup(settings: Settings, file: Path, replace: bool) -> RestoreReport:
    """Put the databases of a backup into the data folder, after looking at all of it."""
    from steelyard.app.control import is_running

    if is_running(settings):
        raise StoreError(
            f"A server is running on {settings.data}.", "Stop it first, then restore again."
        )
    own_state = settings.state_url == f"sqlite:///{settings.data / _STATE}"
    held = [settings.data / name for name in (_WAREHOUSE, _INBOX, *([_STATE] if own_state else []))]
    if any(path.exists() for path in held) and not replace:
        raise StoreError(
            f"{settings.data} already holds data.",
            "Restore into an empty folder with --data, or add --replace.",
        )
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=settings.data, prefix=".restore-") as folder:
        manifest = _unpack(file, Path(folder))
        if not own_state and (kept := Path(folder) / _STATE).exists():
            _copy_state(str(kept), settings.state_url, replace)
        for path in held:
            for leftover in path.parent.glob(f"{path.name}*"):
                leftover.unlink()
            if (found := Path(folder) / path.name).exists():
                shutil.move(found, path)
        settings.marks_path.unlink(missing_ok=True)  # else what was read since is not read again
    return RestoreReport(str(settings.data), manifest["made_at"], manifest["tables"])


def export_tables(warehouse: Warehouse, folder: Path) -> ExportReport:
    """Every table as a Parquet file of its name."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"{folder} cannot be made: {error.strerror}.", "Choose another folder."
        ) from error
    return ExportReport(warehouse.export_parquet(folder))


def _unpack(file: Path, folder: Path) -> dict[str, Any]:
    try:
        with tarfile.open(file) as tar:
            tar.extractall(folder, filter="data")
        manifest = dict[str, Any](json.loads((folder / "manifest.json").read_bytes()))
    except FileNotFoundError:
        raise BadFile(f"There is no backup {file}.", "Check the path.") from None
    except (tarfile.TarError, OSError, ValueError, TypeError) as error:
        raise BadFile(f"{file} is not a whole backup: {error}.", "Try an older one.") from error
    if manifest.get("schema", 0) > latest():
        raise NewerData(str(file), manifest["schema"], latest())
    _check_whole(file, folder / _WAREHOUSE, manifest)
    return manifest


def _check_whole(file: Path, warehouse: Path, manifest: dict[str, Any]) -> None:
    """The copy opens and holds what the manifest says, before anything is replaced by it."""
    told = manifest.get("tables")
    if not warehouse.is_file() or not isinstance(told, dict) or "made_at" not in manifest:
        raise BadFile(f"{file} is not a whole backup: parts are missing.", "Try an older one.")
    try:
        with open_warehouse(str(warehouse)) as copy:
            found = copy.counts()
    except StoreError as error:
        raise BadFile(f"{file} is damaged: {error.message}", "Try an older one.") from error
    if any(found.get(name) != rows for name, rows in told.items()):
        raise BadFile(f"{file} is damaged: tables are not complete.", "Try an older one.")


def _copy_state(source: str, target: str, replace: bool = False) -> None:
    """In a backup the state is SQLite, wherever it is kept: it can be restored into either."""
    from steelyard.state.copying import copy_state
    from steelyard.state.database import open_state

    with closing(open_state(source)) as old, closing(open_state(target)) as new:
        copy_state(old, new, replace)


def copy_sqlite(source: Path, target: Path) -> None:
    """SQLite's own online backup: consistent while others write."""
    if source.exists():
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
            old.backup(new)
