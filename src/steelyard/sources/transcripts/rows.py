"""Rows of the events table while they are being put together, and small careful readers of JSON.

Text of prompts, answers and tool output must not be put into a row, only its length.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypedDict

import pyarrow as pa

from steelyard import records

Entry = dict[str, Any]
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)
LONGEST_WORD = 200


class BadEntry(ValueError):
    """A line that should count but lacks something; the message is shown to the user."""


class Row(TypedDict, total=False):
    """The columns that transcripts can fill; `time` in microseconds since 1970."""

    key: int
    time: int
    assistant: str
    name: str
    session: str
    app_version: str
    model: str
    query_source: str
    effort: str
    speed: str
    agent: str
    skill: str
    plugin: str
    mcp_server: str
    prompt_id: str
    request_id: str
    tool_use_id: str
    tool: str
    decision: str
    source: str
    success: str
    error: str
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_creation_tokens: int
    cache_creation_1h_tokens: int | None
    web_searches: int | None
    cost_nanos: int | None
    duration_ms: float | None
    chars: int
    attributes: str


@dataclass(slots=True)
class Reading:
    """A row with what tells copies apart while reading.

    `same` is equal for rows of one response within its session whatever line they came from;
    `replay_of` names the original that a side conversation's row may be a replay of. 0: neither.
    """

    row: Row
    same: int = 0
    replay_of: int = 0


@dataclass(slots=True)
class Found:
    """Everything one file holds: rows, and the originals that replays elsewhere may repeat."""

    readings: list[Reading] = field(default_factory=list)
    originals: set[int] = field(default_factory=set)


def micros(text: object) -> int:
    """Microseconds since 1970 of an ISO 8601 time; without a zone it is taken as UTC."""
    if not isinstance(text, str):
        raise BadEntry("no time")
    try:
        time = dt.datetime.fromisoformat(text)
    except ValueError:
        raise BadEntry("a time that cannot be read") from None
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
    return value if type(value) is int and 0 <= value < 2**62 else 0


def mapping(value: object) -> Entry:
    """The value where it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


@lru_cache(maxsize=4096)
def where(cwd: str, branch: str) -> str:
    """The attributes of a row: the last folder of the working directory and the git branch."""
    project = re.split(r"[/\\]", cwd.rstrip("/\\"))[-1]
    known = {"project": word(project), "branch": word(branch)}
    return json.dumps({name: value for name, value in known.items() if value})


def to_table(rows: Sequence[Row], person: str = "") -> pa.Table:
    """The rows as a table of `records.EVENTS`; `person` is the e-mail they are put down to."""
    time = pa.array([row["time"] for row in rows], pa.int64()).cast(records.TIME)
    fixed = {"time": time, "day": time.cast(pa.date32())}
    constant = {"witness": "transcripts", "email": person}
    columns = []
    for column in records.EVENTS:
        if column.name in fixed:
            columns.append(fixed[column.name])
        elif column.name in Row.__annotations__:
            columns.append(_column(rows, column))
        else:
            columns.append(_constant(constant.get(column.name), column, len(rows)))
    return pa.Table.from_arrays(columns, schema=records.EVENTS)


def _column(rows: Sequence[Row], column: pa.Field) -> pa.Array:
    name, missing = column.name, "" if column.type == pa.string() else None
    values = [row.get(name, missing) for row in rows]
    try:
        return pa.array(values, column.type)
    except UnicodeEncodeError:  # half of a surrogate pair, as JavaScript cuts strings
        clean = [str(value).encode("utf-8", "replace").decode() for value in values]
        return pa.array(clean, column.type)


def _constant(value: str | None, column: pa.Field, length: int) -> pa.Array:
    if column.type == pa.string():
        return pa.repeat(pa.scalar(value or "", pa.string()), length)
    return pa.nulls(length, column.type)
