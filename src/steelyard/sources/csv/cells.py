"""What a cell may hold: a text in, a value out, or a sentence about what is wrong with it.

Strict on purpose: a decimal comma, a day in local spelling or a bare name could mean two things.
Only exports of vendors may write `$1,234.50`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from steelyard.errors import BadValue
from steelyard.model import REFERENCES, reference, repository
from steelyard.sources.csv.lines import EMAIL
from steelyard.sources.money import from_dollars

Reader = Callable[[str], Any]
_WHOLE = re.compile(r"\d{1,18}")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_GROUPED = re.compile(r"-?\$?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?")
_SHA = re.compile(r"[0-9a-f]{7,64}")
_YES, _NO = ("yes", "true", "1"), ("no", "false", "0")


def text(cell: str) -> str:
    return cell


def number(cell: str) -> float:
    return float(_decimal(cell, "a number such as 2.5"))


def whole(cell: str) -> int:
    if not _WHOLE.fullmatch(cell):
        raise ValueError("not a whole number such as 1200")
    return int(cell)


def loose_whole(cell: str) -> int:
    """A count as vendors' exports write it: `35,497`."""
    if not _GROUPED.fullmatch(cell):
        raise ValueError("not a whole number")
    return whole(cell.replace(",", ""))


def dollars(cell: str) -> int:
    """US dollars, as nano-dollars."""
    return _stored(from_dollars(_decimal(cell, "an amount in US dollars such as 1234.56")))


def loose_dollars(cell: str) -> int:
    """US dollars as vendors' exports write them: `$1,234.56`."""
    if not _GROUPED.fullmatch(cell):
        raise ValueError("not an amount in US dollars")
    return _stored(from_dollars(Decimal(cell.replace(",", "").replace("$", ""))))


def hours(cell: str) -> int:
    """Hours, as whole seconds."""
    return _stored(round(_decimal(cell, "a number of hours such as 1.5") * 3600))


def flag(cell: str) -> bool:
    if cell.lower() not in (*_YES, *_NO):
        raise ValueError("neither yes nor no")
    return cell.lower() in _YES


def date(cell: str) -> dt.date:
    try:
        return dt.date.fromisoformat(cell)
    except ValueError:
        raise ValueError("not a date such as 2026-03-31") from None


def moment(cell: str) -> dt.datetime:
    """A time; one without a zone comes back naive, and whoever asked says what it is taken for."""
    try:
        return dt.datetime.fromisoformat(cell)
    except ValueError:
        raise ValueError("not a time such as 2026-03-31T09:30:00Z") from None


def who(cell: str) -> str:
    """A reference to a person: an e-mail, or a login with the system it is of."""
    kind, colon, value = cell.partition(":")
    if EMAIL.fullmatch(cell):
        return reference("email", cell)
    if not colon or not value:
        raise ValueError("neither an e-mail nor a login such as github:ada")
    try:
        return reference(kind.strip().lower(), value)
    except BadValue:
        raise ValueError(f"of no known system: {', '.join(REFERENCES)}") from None


def several(cell: str) -> tuple[str, ...]:
    """Words with blanks or semicolons between."""
    return tuple(filter(None, re.split(r"[\s;]+", cell)))


def labels(cell: str) -> tuple[str, ...]:
    """Texts with semicolons between."""
    return tuple(filter(None, (label.strip() for label in cell.split(";"))))


def people(cell: str) -> tuple[str, ...]:
    return tuple(who(each) for each in several(cell))


def repo(cell: str) -> str:
    return repository(cell)


def sha(cell: str) -> str:
    if not _SHA.fullmatch(cell.lower()):
        raise ValueError("not a commit's SHA")
    return cell.lower()


def shas(cell: str) -> tuple[str, ...]:
    return tuple(sha(each) for each in several(cell))


def one_of(*words: str) -> Reader:
    """One of some words, whatever their case."""

    def read(cell: str) -> str:
        if cell.lower() not in words:
            raise ValueError(f"not one of {', '.join(words)}")
        return cell.lower()

    return read


def _stored(value: int) -> int:
    if abs(value) >= 2**63:
        raise ValueError("more than can be stored")
    return value


def _decimal(cell: str, wanted: str) -> Decimal:
    if "," in cell:
        raise ValueError("written with a comma: write a decimal point and no thousands, as 1234.56")
    if not _NUMBER.fullmatch(cell):
        raise ValueError(f"not {wanted}")
    return Decimal(cell)
