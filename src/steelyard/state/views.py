"""Saved views: an account's own names for addresses of pages."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

from sqlalchemy import text

from steelyard.errors import BadValue
from steelyard.state.database import State
from steelyard.state.tokens import utc_now

MOST = 50
LONGEST_NAME = 60
LONGEST_ADDRESS = 2000


@dataclass(frozen=True)
class SavedView:
    """`address` is the path of a page with its parameters."""

    name: str
    address: str
    saved_at: datetime


class Views:
    """The views in a state database. The account '' is the machine's own user."""

    def __init__(self, state: State, clock: Callable[[], datetime] = utc_now) -> None:
        self.state, self.clock = state, clock

    def list(self, account: str) -> tuple[SavedView, ...]:
        """An account's views, by name."""
        sql = "SELECT name, address, saved_at FROM saved_views WHERE account = :account"
        with self.state.transaction() as connection:
            rows = connection.execute(text(sql), {"account": account}).all()
        views = [SavedView(name, to, datetime.fromisoformat(at)) for name, to, at in rows]
        return tuple(sorted(views, key=lambda view: view.name.casefold()))

    def save(self, account: str, name: str, address: str) -> None:
        """Keep an address under a name; one of the same name is replaced. Raises BadValue."""
        name = " ".join(name.split())
        _check(name, address)
        at = self.clock().astimezone(UTC).isoformat(timespec="seconds")
        row = {"account": account, "name": name, "address": address, "at": at}
        with self.state.alone() as connection:
            connection.execute(text(f"DELETE FROM saved_views WHERE {_ONE}"), row)
            count = "SELECT count(*) FROM saved_views WHERE account = :account"
            if connection.execute(text(count), row).scalar_one() >= MOST:
                raise BadValue(f"There are {MOST} saved views already.", "Delete one first.")
            insert = "INSERT INTO saved_views VALUES (:account, :name, :address, :at)"
            connection.execute(text(insert), row)

    def delete(self, account: str, name: str) -> bool:
        """Whether there was one."""
        with self.state.transaction() as connection:
            sql = f"DELETE FROM saved_views WHERE {_ONE}"
            gone = connection.execute(text(sql), {"account": account, "name": name})
        return bool(gone.rowcount)

    def drop_about(self, names: Collection[str]) -> None:
        """Delete everybody's views whose address holds one of the names, in any letter case."""
        wanted = {name.lower() for name in names}
        with self.state.transaction() as connection:
            rows = connection.execute(text("SELECT account, name, address FROM saved_views")).all()
            for account, name, address in rows:
                if wanted & _values(address):
                    row = {"account": account, "name": name}
                    connection.execute(text(f"DELETE FROM saved_views WHERE {_ONE}"), row)


_ONE = "account = :account AND name = :name"


def _values(address: str) -> set[str]:
    return {value.lower() for _, value in parse_qsl(urlsplit(address).query)}


def _check(name: str, address: str) -> None:
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise BadValue(f"A view's name has 1 to {LONGEST_NAME} characters.", "Choose another.")
    if "/" in name or not any(letter.isalnum() for letter in name):  # it is part of an address
        raise BadValue(f"{name!r} cannot name a view.", "Use letters and digits, without a slash.")
    if len(address) > LONGEST_ADDRESS:
        raise BadValue("The view's address is too long to be saved.", "Choose fewer filters.")
