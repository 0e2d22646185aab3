"""A token without its secret, and the hash that stands for the secret. Imports no database."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime

SCOPES = ("ingest", "read", "admin")
PREFIX = "sty_"


@dataclass(frozen=True)
class Token:
    """A token without its secret. `last_used` is a day: finer would be a record of work hours."""

    id: str
    name: str
    scopes: frozenset[str]
    created: datetime
    expires: datetime | None
    revoked: datetime | None
    last_used: date | None

    def is_valid(self, now: datetime) -> bool:
        return self.revoked is None and (self.expires is None or now < self.expires)

    def allows(self, scope: str) -> bool:
        return scope in self.scopes or "admin" in self.scopes


def hash_secret(secret: str) -> str:
    """What is stored and looked up instead of the secret."""
    return hashlib.sha256(secret.encode()).hexdigest()
