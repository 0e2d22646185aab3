"""Tokens of programs: created once, shown once, kept as a hash.

A secret has 256 random bits, so one round of SHA-256 is enough: there is nothing to guess.
Secrets are never logged and never stored.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, date, datetime

from sqlalchemy import RowMapping, text

from steelyard.errors import BadValue, UnknownName
from steelyard.state.database import State
from steelyard.state.token import PREFIX, SCOPES, Token, hash_secret

__all__ = ["PREFIX", "SCOPES", "Token", "Tokens", "hash_secret"]


def utc_now() -> datetime:
    return datetime.now(UTC)


class Tokens:
    """The tokens in a state database."""

    def __init__(self, state: State, clock: Callable[[], datetime] = utc_now) -> None:
        self.state, self.clock = state, clock

    def create(
        self,
        name: str,
        scopes: Collection[str] = ("ingest",),
        expires: datetime | None = None,
        secret: str = "",
    ) -> tuple[str, str]:
        """A new token's id and its secret, which cannot be shown again.

        A `secret` that was made elsewhere is taken as it is; said again, it is the same token,
        valid or not. Raises UnknownName for a scope that does not exist and BadValue for an empty
        name, a time that has passed, or a secret that can be guessed.
        """
        self._check(name, scopes, expires)
        if secret:
            _check_secret(secret)
            if known := self.by_hash().get(hash_secret(secret)):
                return known.id, secret
        token_id, secret = f"tok_{secrets.token_hex(6)}", secret or new_secret()
        row = {
            "id": token_id,
            "name": name,
            "hash": hash_secret(secret),
            "scopes": " ".join(sorted(set(scopes))),
            "created": _written(self.clock()),
            "expires": _written(expires),
        }
        sql = (
            "INSERT INTO tokens (id, name, hash, scopes, created, expires)"
            " VALUES (:id, :name, :hash, :scopes, :created, :expires)"
        )
        with self.state.transaction() as connection:
            connection.execute(text(sql), row)
        return token_id, secret

    def verify(self, secret: str, scope: str) -> Token | None:
        """The token a secret belongs to, if it is valid now and allows the scope."""
        token = self.by_hash().get(hash_secret(secret))
        now = self.clock()
        if token is None or not token.is_valid(now) or not token.allows(scope):
            return None
        if token.last_used != now.date():
            self.mark_used([token.id])
        return token

    def list(self) -> list[Token]:
        """All tokens, also revoked and expired ones, oldest first."""
        return sorted(self.by_hash().values(), key=lambda token: token.created)

    def by_hash(self) -> dict[str, Token]:
        """Every token under the hash of its secret."""
        with self.state.transaction() as connection:
            rows = connection.execute(text("SELECT * FROM tokens")).mappings().all()
        return {row["hash"]: _token(row) for row in rows}

    def get(self, token_id: str) -> Token | None:
        """The token of an id."""
        sql = "SELECT * FROM tokens WHERE id = :id"
        with self.state.transaction() as connection:
            row = connection.execute(text(sql), {"id": token_id}).mappings().one_or_none()
        return None if row is None else _token(row)

    def any_valid(self, scope: str) -> bool:
        now = self.clock()
        return any(token.is_valid(now) and token.allows(scope) for token in self.list())

    def revoke(self, token_id: str) -> bool:
        """From now on the token is refused; False when there is none of that id."""
        sql = "UPDATE tokens SET revoked = coalesce(revoked, :now) WHERE id = :id"
        row = {"now": _written(self.clock()), "id": token_id}
        with self.state.transaction() as connection:
            return connection.execute(text(sql), row).rowcount > 0

    def mark_used(self, token_ids: Iterable[str]) -> None:
        """Note that these tokens were used today."""
        rows = [{"day": self.clock().date().isoformat(), "id": token_id} for token_id in token_ids]
        if rows:
            with self.state.transaction() as connection:
                connection.execute(text("UPDATE tokens SET last_used = :day WHERE id = :id"), rows)

    def _check(self, name: str, scopes: Collection[str], expires: datetime | None) -> None:
        if not name.strip():
            raise BadValue("A token needs a name.", "Name it after who or what will use it.")
        if not scopes:
            raise BadValue("A token needs a scope.", f"Scopes are {', '.join(SCOPES)}.")
        for scope in scopes:
            if scope not in SCOPES:
                raise UnknownName("scope", scope, SCOPES, f"Scopes are {', '.join(SCOPES)}.")
        if expires is not None and expires <= self.clock():
            raise BadValue(f"The token would expire in the past ({expires:%Y-%m-%d %H:%M}).")


def new_secret() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def _check_secret(secret: str) -> None:
    """Raises BadValue. One round of a hash is enough only for what nobody can guess."""
    letters = secret.removeprefix(PREFIX)
    if not secret.startswith(PREFIX) or len(letters) < 32 or len(set(letters)) < 10:
        raise BadValue(
            f"The secret is not {PREFIX} and 32 or more random letters and digits.",
            f"`echo {PREFIX}$(openssl rand -hex 32)` makes one.",
        )


def _token(row: RowMapping) -> Token:
    return Token(
        id=row["id"],
        name=row["name"],
        scopes=frozenset(row["scopes"].split()),
        created=datetime.fromisoformat(row["created"]),
        expires=_read(row["expires"]),
        revoked=_read(row["revoked"]),
        last_used=date.fromisoformat(row["last_used"]) if row["last_used"] else None,
    )


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds")


def _read(written: str | None) -> datetime | None:
    return None if written is None else datetime.fromisoformat(written)
