"""Names as they can be compared: without accents, case, punctuation and order."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_LETTERS = str.maketrans({"ß": "ss", "ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "ı": "i"})
_WORD = re.compile(r"[^\W_]+")
_NUMBERED = re.compile(r"(\d+)\+[^@]+@users\.noreply\.github\.com")


def words(name: str) -> tuple[str, ...]:
    """The words of a name in plain letters: `Łukasz O'Neil` is lukasz, o, neil."""
    folded = unicodedata.normalize("NFKD", name.casefold().translate(_LETTERS))
    plain = "".join(c for c in folded if not unicodedata.combining(c))
    return tuple(_WORD.findall(plain))


def normal(name: str) -> str:
    """Equal for two spellings of one name, whichever part comes first."""
    return " ".join(sorted(words(name)))


def local_part(address: str) -> str:
    """What stands before the @, without what follows a plus."""
    return address.partition("@")[0].partition("+")[0]


def compact(text: str) -> str:
    """Letters and digits alone, in plain letters."""
    return "".join(words(text))


def patterns(name: str) -> Iterator[tuple[str, float]]:
    """How logins are made of a name, without dots, and how much one that is equal says."""
    parts = words(name)
    if len(parts) < 2:
        return
    first, last = parts[0], parts[-1]
    yield "".join(parts), 0.85
    yield first + last, 0.85
    yield last + first, 0.85
    yield first[0] + last, 0.7
    yield first + last[0], 0.7
    yield last + first[0], 0.7


def number_of_noreply(email: str) -> str:
    """GitHub's number of the account in a no-reply address: it survives a change of the login."""
    found = _NUMBERED.fullmatch(email)
    return found[1] if found else ""
