"""Remembers what was asked of a store while its facts stand still.

Questions of one page share most of their statements (coverage, presence, people); each runs once
per version of the facts. Rows are shared between callers, who must not change them.
"""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Generic, TypeVar

from steelyard.metrics.store import Store

REMEMBERED_STATEMENTS = 2000
_MOST_ROWS = 5000  # a longer result is not worth its memory

Rows = list[tuple[Any, ...]]
Kept = TypeVar("Kept")


class Recent(Generic[Kept]):
    """The last values asked for, at most `size`; safe to use from several threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Kept | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: Hashable, value: Kept) -> None:
        with self._lock:
            self._kept[key] = value
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)

    def found(
        self,
        key: Hashable,
        make: Callable[[], Kept],
        worth: Callable[[Kept], bool] = lambda value: True,
    ) -> Kept:
        """What is kept, or else what `make` gives, kept if `worth` says so. Who asks for the same
        meanwhile waits for it."""
        known = self.get(key)
        if known is not None:
            return known
        with self._lock:
            turn = self._making.setdefault(key, threading.Lock())
        try:
            with turn:
                value = self.get(key)
                if value is None:
                    value = make()
                    if worth(value):
                        self.put(key, value)
                return value
        finally:
            with self._lock:
                self._making.pop(key, None)


class PerStore(Generic[Kept]):
    """What is remembered of each store, for as long as the store lives."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._of: weakref.WeakKeyDictionary[Store, Recent[Kept]] = weakref.WeakKeyDictionary()
        self._lock = threading.Lock()

    def of(self, store: Store) -> Recent[Kept]:
        with self._lock:
            return self._of.setdefault(store, Recent(self._size))


_statements: PerStore[Rows] = PerStore(REMEMBERED_STATEMENTS)


class RememberingStore:
    """A store at one version of its facts."""

    def __init__(self, store: Store, version: int) -> None:
        self._store, self._version = store, version
        self._rows = _statements.of(store)

    @property
    def dialect(self) -> str:
        return self._store.dialect

    @property
    def schema(self) -> str:
        return self._store.schema

    def data_version(self) -> int:
        return self._version

    def query(self, sql: str, parameters: Sequence[Any] = (), /) -> Rows:
        key = (self._version, sql, tuple(parameters))
        return self._rows.found(key, lambda: self._store.query(sql, parameters), _is_short)


def _is_short(rows: Rows) -> bool:
    return len(rows) <= _MOST_ROWS
