"""Who signs in where: the doorman over a house, and the first words to the operator."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.config import read_names, read_pairs
from steelyard.errors import ConfigError, UnknownName
from steelyard.people.review import owner_of
from steelyard.receiver.access import is_loopback
from steelyard.state.account import Role, as_role
from steelyard.web.doorman import Doorman

if TYPE_CHECKING:
    from steelyard.app.house import House
    from steelyard.config import Settings
    from steelyard.web.admission import Oidc


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
        oidc=make_oidc(said) if said.oidc_issuer else None,
    )


def make_oidc(settings: Settings) -> Oidc:
    """The organisation's sign-in. Raises ConfigError."""
    from steelyard.web.admission import Admission, Oidc
    from steelyard.web.oidc import Provider, is_safe

    if not is_safe(settings.oidc_issuer) or not settings.oidc_client_id:
        raise ConfigError(
            "The settings of OpenID Connect are not complete.",
            "`oidc_issuer` is an https address, and `oidc_client_id` is what the provider gave.",
        )
    admission = Admission(
        frozenset(name.lower() for name in read_names(settings.oidc_domains)),
        settings.oidc_roles_claim,
        _roles(settings.oidc_roles),
        settings.oidc_default_role,
    )
    secret = _secret(settings.oidc_client_secret_file)
    provider = Provider(settings.oidc_issuer, settings.oidc_client_id, secret, settings.oidc_scope)
    return Oidc(provider, admission)


def _roles(text: str) -> dict[str, Role]:
    try:
        return {value: as_role(role) for value, role in read_pairs(text).items()}
    except UnknownName as error:
        raise ConfigError(f"The setting oidc_roles: {error.message}", error.hint) from error


def _secret(file: Path | None) -> str:
    if file is None:
        return os.environ.get("STEELYARD_OIDC_CLIENT_SECRET", "")
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"The secret in {file} cannot be read: {error}.", "Correct `oidc_client_secret_file`."
        ) from error


def without_tls(settings: Settings, host: str) -> str:
    """A warning where passwords would travel in the clear; else empty."""
    if is_loopback(host) or settings.forwarded_allow:
        return ""
    return (
        "Warning: the pages are reached over the network without TLS. Put a proxy in front and"
        " name it in `forwarded_allow`: docs/guides/sign-in.md."
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
