"""Passwords: long enough, kept as Argon2id, checked at the same cost with and without one."""

from __future__ import annotations

import threading
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from steelyard.errors import BadValue

SHORTEST, LONGEST = 12, 256
_AT_ONCE = 2  # a check takes 64 MiB: strangers must not decide how many run beside each other


class Passwords:
    """Hashes and checks. Safe to share between threads."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turn = threading.BoundedSemaphore(_AT_ONCE)

    def check_length(self, password: str) -> None:
        """Raises BadValue for one too short or too long."""
        if not SHORTEST <= len(password) <= LONGEST:
            raise BadValue(
                f"A password has {SHORTEST} to {LONGEST} characters; this one has {len(password)}.",
                "A few words with blanks between them are easy to keep and hard to guess.",
            )

    def hash(self, password: str) -> str:
        """What is kept instead of the password. Raises BadValue for one too short or too long."""
        self.check_length(password)
        with self._turn:
            return self._hasher.hash(password)

    def matches(self, kept: str | None, password: str) -> bool:
        """Whether it is the password. Without one a made-up one is checked, so that the time
        taken does not tell whether an account exists."""
        with self._turn:
            try:
                self._hasher.verify(kept or self._nobody, password[:LONGEST])
            except (Argon2Error, InvalidHashError):
                return False
        return kept is not None and len(password) <= LONGEST

    def is_outdated(self, kept: str) -> bool:
        """Whether it was hashed with other parameters than are used now."""
        return self._hasher.check_needs_rehash(kept)

    @cached_property
    def _nobody(self) -> str:
        return self._hasher.hash("nobody has this password")
