"""Small careful readers of JSON values: a session file can hold anything anywhere."""

from __future__ import annotations

import datetime as dt
import json
import re
from functools import lru_cache
from typing import Any

Entry = dict[str, Any]
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)
LONGEST_WORD = 200
MOST = 2**62


class BadLine(ValueError):
    """A line that should count but cannot; the message is shown to the user, without its text."""


def micros(text: object) -> int:
    """Microseconds since 1970 of an ISO 8601 time; without a zone it is taken as UTC."""
    if not isinstance(text, str):
        raise BadLine("no time")
    try:
        time = dt.datetime.fromisoformat(text)
    except ValueError:
        raise BadLine("a time that cannot be read") from None
    if time.tzinfo is None:
        time = time.replace(tzinfo=dt.UTC)
    return (time - EPOCH) // MICROSECOND


def word(value: object) -> str:
    """A short text such as a name or id; '' for anything else."""
    return value[:LONGEST_WORD] if isinstance(value, str) else ""


def count(value: object) -> int:
    """A number of tokens; 0 for anything that is not one."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if type(value) is int and 0 <= value < MOST else 0


def mapping(value: object) -> Entry:
    """The value where it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


@lru_cache(maxsize=4096)
def where(cwd: str, branch: str) -> str:
    """The attributes of a row: the last folder of the working directory and the git branch."""
    project = re.split(r"[/\\]", cwd.rstrip("/\\"))[-1]
    known = {"project": word(project), "branch": word(branch)}
    return json.dumps({name: value for name, value in known.items() if value})
