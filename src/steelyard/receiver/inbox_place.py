"""Whose an inbox is, and how far its bodies have come: rows of its table `meta`."""

from __future__ import annotations

import secrets
from pathlib import Path
from sqlite3 import Connection

from steelyard.errors import ConfigError
from steelyard.receiver.inbox_file import one


def own(connection: Connection, path: Path, to_node: bool) -> str:
    """The name of the node whose the inbox is from now on, or ""; raises ConfigError."""
    meta = dict(connection.execute("SELECT name, value FROM meta").fetchall())
    node = meta.get("node")
    if node is None:
        applied_before = "applied" in meta  # by a house, before whose it is was written down
        node = secrets.randbits(62) | 1 if to_node and not applied_before else 0
    if bool(node) != to_node:
        raise ConfigError(
            f"The inbox {path} is a {'receiver node' if node else 'worker'}'s.",
            "Give each node a folder of its own with --data or STEELYARD_DATA.",
        )
    connection.execute("INSERT OR IGNORE INTO meta VALUES ('node', ?)", (node,))
    return f"{node:016x}" if node else ""


def begin_after(connection: Connection, number: int) -> None:
    if number <= one(connection, "SELECT seq FROM sqlite_sequence WHERE name = 'bodies'"):
        return
    connection.execute("DELETE FROM sqlite_sequence WHERE name = 'bodies'")
    connection.execute("INSERT INTO sqlite_sequence VALUES ('bodies', ?)", (number,))
    mark_applied(connection, number)


def mark_applied(connection: Connection, position: int) -> None:
    connection.execute(
        "INSERT INTO meta VALUES ('applied', ?)"
        " ON CONFLICT DO UPDATE SET value = max(value, excluded.value)",
        (position,),
    )
