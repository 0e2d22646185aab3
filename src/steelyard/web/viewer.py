"""Who asks: set for each request at the gate, read where answers are made.

A ContextVar, so that no page can forget to pass it on; without one the viewer is the least of all.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

from steelyard.state.account import ROLES, Role

__all__ = ["ASKER", "LOCAL", "NOBODY", "ROLES", "Role", "Viewer", "current"]


@dataclass(frozen=True)
class Viewer:
    """`account` and `person` are empty where there is none: a token, or the machine's own user.

    `person` is who they are in the people table: their own figures are always theirs to see.
    `signed_in` is true where there is a session to sign out of. `looks` is false for the server
    itself, which opens pages that nobody sees.
    """

    role: Role
    name: str = ""
    account: str = ""
    person: str = ""
    signed_in: bool = False
    looks: bool = True


NOBODY = Viewer("member")
LOCAL = Viewer("admin", "This machine")
# Under this name the server's own requests carry their viewer in the ASGI scope, where nothing that
# comes from outside can put one.
ASKER = "steelyard.viewer"

current: ContextVar[Viewer] = ContextVar("viewer", default=NOBODY)
