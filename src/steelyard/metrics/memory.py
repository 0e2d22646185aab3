"""Remembers what was asked of a store while its facts stand still.

Questions of one page share most of their statements (coverage, presence, people); each runs once
per version of the facts. Rows are shared between callers, who must not change them.
"""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Hashable, Sequence
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


_statements: weakref.WeakKeyDictionary[Store, Recent[Rows]] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


class RememberingStore:
    """A store at one version of its facts."""

    def __init__(self, store: Store, version: int) -> None:
        self._store, self._version = store, version
        with _lock:
            self._rows = _statements.setdefault(store, Recent(REMEMBERED_STATEMENTS))

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
        rows = self._rows.get(key)
        if rows is None:
            rows = self._store.query(sql, parameters)
            if len(rows) <= _MOST_ROWS:
                self._rows.put(key, rows)
        return rows
