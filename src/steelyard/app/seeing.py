"""Who asks becomes what they may see: a viewer, the settings and the lines of managers."""

from __future__ import annotations

import datetime as dt
import os
import secrets
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.errors import StoreError
from steelyard.metrics.memory import Recent
from steelyard.metrics.sight import Sight
from steelyard.web.viewer import current

if TYPE_CHECKING:
    from steelyard.app.house import House
    from steelyard.warehouse import Warehouse
    from steelyard.web.viewer import Viewer

_KEY_BYTES = 32


class Seeing:
    """What each viewer of an open house may see, on which day."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._trees: Recent[frozenset[str]] = Recent(64)

    def sight(self, day: dt.date) -> Sight:
        """Of whoever asks now, with the lines of managers as on that day."""
        return self._of(current.get(), day)

    def _of(self, viewer: Viewer, day: dt.date) -> Sight:
        said = self.house.settings
        own = frozenset({viewer.person} - {""})
        groups = Sight(
            persons=own, own=viewer.person, smallest=said.smallest_group, places=said.tree
        )
        if said.people_shown == "groups" or viewer.role not in ("admin", "manager"):
            return groups
        if said.people_shown == "names" and viewer.role == "admin":
            return Sight(True, None, said.smallest_group, own=viewer.person, places=said.tree)
        return Sight(
            persons=None if viewer.role == "admin" else own | self._below(viewer.person, day),
            smallest=said.smallest_group,
            pseudonyms=said.people_shown == "pseudonyms",
            own=viewer.person,
            key=self._key() if said.people_shown == "pseudonyms" else b"",
            places=said.tree,
        )

    def _below(self, manager: str, day: dt.date) -> frozenset[str]:
        if not manager:
            return frozenset()
        place = (self.house.warehouse.data_version(), manager, day)
        found = self._trees.get(place)
        if found is None:
            found = below(self.house.warehouse, manager, day)
            self._trees.put(place, found)
        return found

    def _key(self) -> bytes:
        return read_key(self.house.settings.pseudonym_key_path)


def below(warehouse: Warehouse, manager: str, day: dt.date) -> frozenset[str]:
    """Everybody who reports to a manager on a day, directly or through others."""
    sql = "select person, manager from people where ? between valid_from and valid_to"
    reports: dict[str, list[str]] = defaultdict(list)
    for person, above in warehouse.query(sql, [day]):
        reports[above].append(person)
    found: set[str] = set()
    waiting = [manager]
    while waiting:
        new = set(reports.get(waiting.pop(), ())) - found - {manager}
        found |= new
        waiting += new
    return frozenset(found)


def read_key(path: Path) -> bytes:
    """The key of pseudonyms, made when first needed, for its owner alone to read."""
    try:
        return _written(path) or _make(path)
    except (OSError, ValueError) as error:
        raise StoreError(
            f"The key of pseudonyms, {path}, cannot be used: {error}.",
            "Correct its rights, put it back, or name another with the setting `pseudonym_key`.",
        ) from error


def _written(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except FileNotFoundError:
        return b""
    if len(key) != _KEY_BYTES:
        raise ValueError("it does not hold 64 hexadecimal digits")
    return key


def _make(path: Path) -> bytes:
    """Two processes that make it at once agree on the first's."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_hex(_KEY_BYTES))
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return _written(path)
