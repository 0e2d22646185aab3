"""A copy of all that is kept of one person, for that person: a zip of CSV files and a manifest."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import io
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from sqlalchemy import text

from steelyard.app.inbox_bodies import holding
from steelyard.app.life import find
from steelyard.errors import StoreError
from steelyard.people.forgotten import Forgotten, digests
from steelyard.people.kept import Kept, kept

if TYPE_CHECKING:
    from steelyard.app.house import House
    from steelyard.people.erase import Named

_KEY = b"only for this copy"
_STATE = {
    "identity_decisions": ("who is who, as somebody decided", "*", "reference", "person"),
    "accounts": (
        "the account here; never its password",
        "id, email, name, role, person, issuer, created, disabled, last_seen",
        "email",
        "person",
    ),
    "looks": ("who looked at their figures", "*", "person", "person"),
}


def write_kept(house: House, asked: str, file: Path) -> dict[str, int]:
    """Write the zip, readable by its owner alone; rows of each file. Raises UnknownName where
    nobody is meant and StoreError where it cannot be written."""
    who = find(house, asked)
    draft = file.with_name(f".{file.name}.part")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            counts = fill(house, who, out)
        draft.replace(file)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise StoreError(
            f"{file} cannot be written: {error.strerror}.", "Choose another place with -o."
        ) from error
    return counts


def fill(house: House, who: Named, out: IO[bytes]) -> dict[str, int]:
    """Write the zip into an open file; rows of each table that has any."""
    manifest: dict[str, object] = {
        "person": who.person,
        "name": who.name,
        "known_by": who.marks,
        "made_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
    }
    counts: dict[str, int] = {}
    files = []
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in _everything(house, who):
            counts[each.table] = len(each.rows)
            name = f"{each.table}.csv"
            files.append({"file": name, "rows": len(each.rows), "what": each.meaning})
            archive.writestr(name, _as_csv(each))
        archive.writestr("manifest.json", json.dumps(manifest | {"files": files}, indent=2))
    return counts


def _everything(house: House, who: Named) -> Iterator[Kept]:
    with house.warehouse.transaction() as cursor:
        yield from (each for each in kept(house.warehouse, cursor, who) if each.rows)
    names = sorted({who.person, *who.marks, *who.values("email")})
    with house.state.transaction() as connection:
        for table, (meaning, columns, *where) in _STATE.items():
            test = " OR ".join(f"lower({column}) = lower(:name)" for column in where)
            sql = f"SELECT {columns} FROM {table} WHERE {test}"
            found = [connection.execute(text(sql), {"name": name}) for name in names]
            rows = {tuple(row) for result in found for row in result}
            if rows:
                yield Kept(table, meaning, tuple(found[0].keys()), sorted(rows, key=repr))
    themselves = Forgotten(_KEY, dict.fromkeys(digests(_KEY, who.marks), False))
    numbers = [(number,) for number in holding(house.inbox, who, themselves)]
    if numbers:
        meaning = "requests still in the inbox that hold them; their records are in the other files"
        yield Kept("inbox", meaning, ("number",), numbers)


def _as_csv(found: Kept) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(found.columns)
    writer.writerows(found.rows)
    return out.getvalue()
