"""Guesses are counted, by account and by address, in a bounded memory."""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
import threading
from collections import OrderedDict
from collections.abc import Callable

from steelyard.web.problems import WebError

WINDOW = dt.timedelta(minutes=15)
_KEYS = 20_000  # of some 100 bytes each


class TooManyTries(WebError):
    code, status = "too_many_tries", 429


class Limiter:
    """At most `most` tries of a key within a window. Safe to share between threads."""

    def __init__(
        self, most: int, clock: Callable[[], dt.datetime], window: dt.timedelta = WINDOW
    ) -> None:
        self.most, self.clock, self.window = most, clock, window
        self._tries: OrderedDict[bytes, tuple[dt.datetime, int]] = OrderedDict()
        self._lock = threading.Lock()

    def count(self, key: str) -> None:
        """Before a try, so that many at once are counted too. Raises TooManyTries."""
        hashed, now = _hashed(key), self.clock()
        with self._lock:
            since, tries = self._tries.get(hashed, (now, 0))
            if now - since >= self.window:
                since, tries = now, 0
            if tries < self.most:
                self._tries[hashed] = (since, tries + 1)
                self._tries.move_to_end(hashed)
                if len(self._tries) > _KEYS:
                    self._tries.popitem(last=False)
                return
        wait = max(1, round((since + self.window - now).total_seconds() / 60))
        raise TooManyTries(
            "There were too many tries.",
            f"Try again in {wait} {'minute' if wait == 1 else 'minutes'}.",
        )

    def uncount(self, key: str) -> None:
        """The last try was none: it went well."""
        hashed = _hashed(key)
        with self._lock:
            since, tries = self._tries.get(hashed, (None, 0))
            if since is not None and tries:
                self._tries[hashed] = (since, tries - 1)

    def forget(self, key: str) -> None:
        """All tries of who signed in after all."""
        with self._lock:
            self._tries.pop(_hashed(key), None)


def network_of(address: str) -> str:
    """Whom failures are counted against: of IPv6 a whole /64, which one customer has."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def _hashed(key: str) -> bytes:
    return hashlib.blake2b(key.strip().lower().encode(), digest_size=16).digest()
