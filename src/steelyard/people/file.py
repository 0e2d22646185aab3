"""A people file is a directory called `csv` whose rows say themselves since when they hold."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa

from steelyard.people.told import script


def keep_people(cursor: Any, people: pa.Table, now: dt.datetime) -> None:
    """Keep what a file says, in the caller's transaction; people are built from it later.

    Rows of the people it names replace those of earlier files, and an account or install that it
    gives to somebody is no longer anybody else's. Files must be kept in the order they came.
    """
    cursor.register("told_people", people)
    cursor.execute("create or replace temp table file as select * from told_people")
    cursor.unregister("told_people")
    for statement in cursor.extract_statements(script("keep_file")):
        wants = statement.named_parameters
        at = now.astimezone(dt.UTC).replace(tzinfo=None)
        cursor.execute(statement, {"now": at} if wants else None)
