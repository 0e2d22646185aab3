"""Numbers as they are printed: ten significant digits, nothing that is not a number."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

DIGITS = 10


def rounded(value: Any) -> Any:
    """The value with every float in it rounded; infinities and NaN become None.

    Takes numpy scalars and arrays as well, and gives plain Python back.
    """
    if isinstance(value, Mapping):
        return {str(key): rounded(each) for key, each in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [rounded(each) for each in value]
    return _number(value) if isinstance(value, float) else value


def _number(value: float) -> float | None:
    return float(f"{value:.{DIGITS}g}") + 0.0 if math.isfinite(value) else None
