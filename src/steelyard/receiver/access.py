"""Who may send: tokens, looked up in memory and read anew from the state database every second."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from steelyard.errors import Refused, SteelyardError
from steelyard.state.token import Token, hash_secret

if TYPE_CHECKING:
    from steelyard.state.tokens import Tokens

REFRESH_SECONDS = 1.0
SCOPE = "ingest"

log = logging.getLogger(__name__)


def is_loopback(host: str) -> bool:
    """Whether only programs of the same machine reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class OpenAccess:
    """On loopback nobody has to show a token, and one that is shown is not looked at."""

    def token_of(self, authorization: str) -> str:
        return ""

    async def watch(self) -> None:
        """Nothing changes."""


class TokenAccess:
    """Only valid tokens of the right scope."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._known: dict[str, Token] = tokens.by_hash()
        self._used: set[str] = set()

    def token_of(self, authorization: str) -> str:
        """The id of the token in an Authorization header. Raises Refused 401."""
        scheme, _, secret = authorization.replace("%20", " ").partition(" ")
        token = self._known.get(hash_secret(secret.strip())) if scheme.lower() == "bearer" else None
        now = datetime.now(UTC)
        if token is None or not token.is_valid(now) or not token.allows(SCOPE):
            reason = "no_token" if not authorization else "bad_token"
            raise Refused(
                401,
                reason,
                "A valid token is needed." if authorization else "A token is needed.",
                "Send the header `Authorization: Bearer <secret>`; `steelyard token create`"
                " makes one.",
            )
        if token.last_used != now.date():
            self._used.add(token.id)
        return token.id

    async def watch(self) -> None:
        """Keep up with new, revoked and expired tokens; note the day of use."""
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            used, self._used = self._used, set()
            try:
                self._known = await asyncio.to_thread(self._refresh, used)
            except SteelyardError as error:  # go on with what is known; it will come back
                log.warning("tokens cannot be read: %s", error.message)

    def _refresh(self, used: set[str]) -> dict[str, Token]:
        self._tokens.mark_used(used)
        return self._tokens.by_hash()


Access = OpenAccess | TokenAccess
