"""Regular expressions over bytes, compiled by RE2 where it is installed.

RE2 needs one pass over the bytes whatever the pattern, and its time is linear; the standard
library's engine finds the same, many times slower. No look-ahead and no groups, then.
"""

from __future__ import annotations

import re
from typing import Any

try:
    import re2  # type: ignore[import-untyped, unused-ignore]
except ImportError:  # no wheel for this platform
    re2 = None

MAX_MEMORY_BYTES = 64 * 1024**2  # of a pattern's automaton; with too little it crawls


def compiled(pattern: bytes) -> Any:
    """An object with `search` and `fullmatch`."""
    if re2 is None:
        return re.compile(pattern, re.DOTALL)
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.dot_nl = True
    options.never_capture = True
    options.max_mem = MAX_MEMORY_BYTES
    return re2.compile(pattern, options)


def exactly(raw: bytes) -> bytes:
    """A pattern for these bytes."""
    return b"".join(b"\\x%02x" % byte for byte in raw)


def other_than(raw: bytes) -> bytes:
    """A pattern for what begins otherwise than these bytes, without looking ahead."""
    first = exactly(raw[:1])
    if len(raw) == 1:
        return b"[^%s]" % first
    return b"(?:[^%s]|%s%s)" % (first, first, other_than(raw[1:]))
