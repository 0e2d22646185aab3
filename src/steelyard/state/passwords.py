"""Passwords: long enough, kept as Argon2id, checked at the same cost with and without one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from steelyard.errors import BadValue, TimedOut

SHORTEST, LONGEST = 12, 256
_AT_ONCE = 2  # a check takes 64 MiB: strangers must not decide how many run beside each other
_PATIENCE_S = 3.0


class Passwords:
    """Hashes and checks. Safe to share between threads."""

    def __init__(
        self, hasher: PasswordHasher | None = None, patience_s: float = _PATIENCE_S
    ) -> None:
        self._hasher, self._patience_s = hasher or PasswordHasher(), patience_s
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
        with self._in_turn():
            return self._hasher.hash(password)

    def matches(self, kept: str | None, password: str) -> bool:
        """Whether it is the password. Without one a made-up one is checked, so that the time
        taken does not tell whether an account exists."""
        with self._in_turn():
            try:
                self._hasher.verify(kept or self._nobody, password[:LONGEST])
            except (Argon2Error, InvalidHashError):
                return False
        return kept is not None and len(password) <= LONGEST

    def is_outdated(self, kept: str) -> bool:
        """Whether it was hashed with other parameters than are used now."""
        return self._hasher.check_needs_rehash(kept)

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """Raises TimedOut rather than let those who wait take up all threads of the server."""
        if not self._turn.acquire(timeout=self._patience_s):
            raise TimedOut("Too many people sign in just now.", "Try again in a moment.")
        try:
            yield
        finally:
            self._turn.release()

    @cached_property
    def _nobody(self) -> str:
        return self._hasher.hash("nobody has this password")
