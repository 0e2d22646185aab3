"""A decision about who is who. Light: rooms that only read decisions need no database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Decision:
    """The reference is this person's (`same`), or is not."""

    reference: str
    person: str
    same: bool
    by: str
    at: datetime
