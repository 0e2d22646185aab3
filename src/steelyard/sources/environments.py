"""Which environments of a code host are production: one default, one option."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, Field

_NAMES = r"^(?!.*(pre|non)[-_ ]?prod).*(?<![a-z])(prod|prd|production|live)(?![a-z])"


def _is_pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return value


Production = Annotated[str, AfterValidator(_is_pattern)]


def production() -> Any:
    """The option's field."""
    return Field(
        _NAMES,
        description="Which environments are production: a regular expression, in any case.",
    )
