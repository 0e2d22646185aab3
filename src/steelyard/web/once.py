"""Secrets that are good once, for a while: kept as hashes, in a bounded memory."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """What was put under a secret can be taken once. The oldest gives way when there are many."""

    def __init__(self, life: dt.timedelta, clock: Callable[[], dt.datetime], most: int) -> None:
        self.life, self.clock, self.most = life, clock, most
        self._kept: OrderedDict[bytes, tuple[dt.datetime, T]] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, value: T) -> str:
        """The new secret."""
        secret = secrets.token_urlsafe(24)
        with self._lock:
            self._kept[_hashed(secret)] = (self.clock() + self.life, value)
            if len(self._kept) > self.most:
                self._kept.popitem(last=False)
        return secret

    def take(self, secret: str) -> T | None:
        """None when it is unknown, used or too old."""
        with self._lock:
            until, value = self._kept.pop(_hashed(secret), (None, None))
        return value if until is not None and until > self.clock() else None


def _hashed(secret: str) -> bytes:
    return hashlib.blake2b(secret.encode(), digest_size=16).digest()
