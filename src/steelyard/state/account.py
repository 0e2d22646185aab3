"""An account and its role. Light: whoever only needs to know the roles opens no database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from steelyard.errors import UnknownName

Role = Literal["admin", "finance", "manager", "member"]
ROLES: tuple[Role, ...] = ("admin", "finance", "manager", "member")


def as_role(name: str) -> Role:
    """Raises UnknownName."""
    for role in ROLES:
        if role == name:
            return role
    raise UnknownName("role", name, ROLES, f"Roles are {', '.join(ROLES)}.")


@dataclass(frozen=True)
class Account:
    """Somebody who may sign in. `person` is who they are in the people table; empty is whoever
    has the e-mail address. `last_seen` is a day: finer would be a record of work hours."""

    id: str
    email: str
    name: str
    role: Role
    person: str
    created: datetime
    disabled: datetime | None
    last_seen: date | None
    has_password: bool
    by_oidc: bool

    @property
    def state(self) -> str:
        """`active`, `disabled`, or `invited` where there is no way yet to sign in."""
        if self.disabled is not None:
            return "disabled"
        return "active" if self.has_password or self.by_oidc else "invited"
