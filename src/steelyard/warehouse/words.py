"""Values in a statement."""

from __future__ import annotations


def literal(text: str) -> str:
    """A text in quotes, for `where` of `bring`: ClickHouse takes a backslash for an escape."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
