"""What an asker may see: everything, single people, or only groups that are large enough."""

from __future__ import annotations

from dataclasses import dataclass

SMALL = "\u2026small groups"  # stands for all groups that are too small to be shown alone


@dataclass(frozen=True)
class Sight:
    """`persons` are those whose own figures may be shown; None is everybody.

    `smallest` is how many people a group has at least. With `pseudonyms` single people have no
    name. `everything` lifts all of it: whoever holds the data folder can read it anyway.
    """

    everything: bool = False
    persons: frozenset[str] | None = frozenset()
    smallest: int = 5
    pseudonyms: bool = False


OPEN = Sight(everything=True, persons=None, smallest=1)
