"""Values as both engines read them in a statement."""

from __future__ import annotations


def literal(text: str) -> str:
    """A text in quotes. Both read a doubled quote; ClickHouse takes a backslash for an escape, so it
    is for `where` of `bring`, which ClickHouse alone reads."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
