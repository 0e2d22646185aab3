"""Things that are one: joined in pairs, found as groups. Order makes no difference."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

T = TypeVar("T", int, str)


class Groups(Generic[T]):
    """A union-find; the least member stands for its group."""

    def __init__(self) -> None:
        self._parent: dict[T, T] = {}

    def find(self, thing: T) -> T:
        root = thing
        while (up := self._parent.get(root, root)) != root:
            root = up
        while thing != root:
            following = self._parent.get(thing, thing)
            self._parent[thing] = root
            thing = following
        return root

    def join(self, a: T, b: T) -> None:
        low, high = sorted((self.find(a), self.find(b)))
        self._parent[high] = low

    def members(self, things: Iterable[T]) -> list[list[T]]:
        """The groups among the given things, each in their order."""
        found: dict[T, list[T]] = {}
        for thing in things:
            found.setdefault(self.find(thing), []).append(thing)
        return list(found.values())
