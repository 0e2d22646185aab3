"""Which kept requests hold somebody: by what stands in their bytes, and in tables of importers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow as pa

from steelyard.app import work_bodies
from steelyard.errors import SteelyardError
from steelyard.receiver.decode import TABLE_OF

if TYPE_CHECKING:
    from steelyard.people.erase import Named
    from steelyard.people.forgotten import Forgotten
    from steelyard.receiver.body import Body
    from steelyard.receiver.inbox import Inbox

_SHORTEST = 6  # a shorter value, such as an employee number, stands in bytes by chance
_BODIES, _BYTES = 200, 8 * 1024**2


def holding(inbox: Inbox, who: Named, forgotten: Forgotten) -> Iterator[int]:
    """The numbers of kept requests that hold any of somebody's marks."""
    values = {text.split(":", 1)[1] for text in who.marks if not text.startswith("key:")}
    needles = sorted(value for value in values if len(value) >= _SHORTEST)
    pattern = re.compile(b"|".join(re.escape(each.encode()) for each in needles), re.IGNORECASE)
    position = 0
    while bodies := inbox.after(position, _BODIES, _BYTES):
        position = bodies[-1].number
        yield from (
            body.number for body in bodies if _holds(body, pattern, bool(needles), forgotten)
        )
    for aside in inbox.poison():
        copy = inbox.body(aside.number)
        if copy is not None and needles and pattern.search(_bytes(copy)):
            yield aside.number


def _holds(body: Body, pattern: re.Pattern[bytes], wanted: bool, forgotten: Forgotten) -> bool:
    if body.signal in TABLE_OF:
        return wanted and pattern.search(_bytes(body)) is not None
    try:
        if body.signal == work_bodies.SIGNAL:
            told = work_bodies.read(body)
            return not forgotten.told(told.kind, told.table).equals(told.table)
        table = pa.ipc.open_stream(body.payload()).read_all()
        if body.signal == "people":
            return not forgotten.file(table).equals(table)
        return not forgotten.records({"": table})[""].equals(table)
    except Exception:  # it cannot be read, so it cannot be applied again either
        return wanted and pattern.search(_bytes(body)) is not None


def _bytes(body: Body) -> bytes:
    try:
        return body.payload()
    except SteelyardError:
        return body.data
