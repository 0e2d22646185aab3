"""Values in a statement, as an engine reads them."""

from __future__ import annotations

from collections.abc import Iterable


def texts(values: Iterable[str], dialect: str) -> str:
    """Texts in quotes, with commas between them."""
    return ", ".join(_quoted(value, dialect) for value in values)


def _quoted(text: str, dialect: str) -> str:
    if dialect == "clickhouse":  # where a backslash begins an escape
        text = text.replace("\\", "\\\\")
    return "'" + text.replace("'", "''") + "'"
