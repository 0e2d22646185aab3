"""Who signs in where: the doorman over a house, and the first words to the operator."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from steelyard.people.review import owner_of
from steelyard.receiver.access import is_loopback
from steelyard.web.doorman import Doorman

if TYPE_CHECKING:
    from steelyard.app.house import House
    from steelyard.config import Settings


def asks_to_sign_in(settings: Settings, host: str) -> bool:
    """Not on loopback, unless it is asked for or a proxy makes it reachable from elsewhere."""
    proxied = bool(settings.hosts or settings.forwarded_allow)
    return settings.require_token or proxied or not is_loopback(host)


def make_doorman(house: House, required: bool) -> Doorman:
    said = house.settings
    return Doorman(
        house.state,
        required,
        life=timedelta(days=said.session_days),
        idle=timedelta(hours=said.session_idle_hours),
        person_of=lambda email: _person(house, email),
    )


def _person(house: House, email: str) -> str:
    """Whom an address belongs to; one that no directory knows is a person of its own.

    A warehouse that cannot be read for a moment keeps nobody from signing in.
    """
    try:
        return owner_of(house.warehouse, f"email:{email}") or email
    except Exception:
        return email


def first_words(doorman: Doorman, url: str) -> str:
    """Where to go now. A link that lets its reader in is printed only while there is no admin."""
    if not doorman.required:
        return f"Open {url}"
    if doorman.has_admin():
        return f"Sign in at {url}/sign-in"
    return f"Sign in once with {url}{doorman.sign_in_path()}"


def names(text: str) -> list[str]:
    """What stands between commas."""
    return [part.strip() for part in text.split(",") if part.strip()]
