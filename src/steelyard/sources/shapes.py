"""Answers of systems as typed shapes: what is missing or mistyped is said in the vendor's words.

Nothing here knows a vendor. A shape requires only what a record cannot be without.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, TypeVar, overload

import msgspec

from steelyard.errors import SourceChanged

Shape = TypeVar("Shape")
_MISSING = re.compile(r"missing required field `([^`]+)`(?: - at `([^`]+)`)?")


def read(vendor: str, what: str, shape: type[Shape], data: Any) -> Shape:
    """The data as a shape; unknown fields are ignored. `what` names the object: "user 12".

    Raises SourceChanged: "GitHub's pull request 12 has no `updated_at`."
    """
    try:
        return msgspec.convert(data, type=shape, strict=False)
    except msgspec.ValidationError as error:
        raise SourceChanged(
            f"{vendor}'s {what} {_trouble(str(error))}.",
            "The vendor may have changed its answers: an upgrade of Steelyard may help.",
        ) from None


def _trouble(said: str) -> str:
    if missing := _MISSING.search(said):
        name, place = missing[1], (missing[2] or "$").removeprefix("$").lstrip(".")
        return f"has no `{place}.{name}`" if place else f"has no `{name}`"
    return f"is not as documented ({said[:1].lower()}{said[1:]})"


@overload
def utc(moment: dt.datetime) -> dt.datetime: ...
@overload
def utc(moment: None) -> None: ...
def utc(moment: dt.datetime | None) -> dt.datetime | None:
    """In UTC; a time without a zone is taken to be in UTC already."""
    if moment is None:
        return None
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
