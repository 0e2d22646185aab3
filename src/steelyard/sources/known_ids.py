"""Ids a source has seen, small enough for a cursor.

Systems that do not tell of deletions are asked from time to time what there is; what was there
before and is not any more has gone.
"""

from __future__ import annotations

import base64
import zlib
from array import array
from collections.abc import Collection
from itertools import accumulate, pairwise


def pack(ids: Collection[int]) -> str:
    """Whole numbers as text, about two bytes each where they are dense."""
    ordered = sorted(ids)
    steps = array("Q", [*ordered[:1], *(after - before for before, after in pairwise(ordered))])
    return base64.b85encode(zlib.compress(steps.tobytes(), 9)).decode()


def unpack(text: str) -> set[int]:
    """The ids of `pack`; none of an empty text."""
    if not text:
        return set()
    steps = array("Q")
    steps.frombytes(zlib.decompress(base64.b85decode(text)))
    return set(accumulate(steps))


def too_many(vanished: int, known: int) -> bool:
    """Whether so much went at once that a lost permission is likelier than deletions."""
    return vanished > max(50, known // 10)
