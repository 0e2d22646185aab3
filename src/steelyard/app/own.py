"""What somebody may see of what is kept of themselves: counts, who looked, and a copy of it all."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from steelyard.app.kept import fill
from steelyard.app.life import find
from steelyard.errors import UnknownName
from steelyard.people.kept import counted
from steelyard.people.listing import times
from steelyard.state.looks import Looks
from steelyard.web.own import KeptOf, OwnData

if TYPE_CHECKING:
    from steelyard.app.house import House
    from steelyard.people.erase import Named

LOOKS_SHOWN = 100


def own_data(house: House, person: str) -> OwnData | None:
    """Of one person; None where nothing names them."""
    who = _found(house, person)
    if who is None:
        return None
    with house.warehouse.transaction() as cursor:
        found = [KeptOf(*each) for each in counted(house.warehouse, cursor, who) if each[2]]
    looks = Looks(house.state).latest(person, LOOKS_SHOWN)
    return OwnData(
        person,
        who.name,
        tuple(sorted(who.marks)),
        tuple(found),
        looks,
        times(house.warehouse, person),
    )


def write_own(house: House, person: str, out: IO[bytes]) -> None:
    """Everything kept of them, as a zip. Raises UnknownName where nothing is."""
    who = _found(house, person)
    if who is None:
        raise UnknownName("person", person, ())
    fill(house, who, out)


def _found(house: House, person: str) -> Named | None:
    """Exactly this person: never somebody whose name is alike."""
    if not person:
        return None
    try:
        who = find(house, person)
    except UnknownName:
        return None
    return who if who.person == person else None
