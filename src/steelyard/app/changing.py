"""Calls that change something are refused where another node writes to the warehouse."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Protocol, TypeVar

if TYPE_CHECKING:
    from steelyard.config import Settings


class _MayRefuse(Protocol):
    def check_writes(self) -> None: ...


P = ParamSpec("P")
S = TypeVar("S", bound=_MayRefuse)
T = TypeVar("T")


def changes(method: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
    """A method that changes something: refused before it begins, where only reading is allowed."""

    @wraps(method)
    def checked(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        self.check_writes()
        return method(self, *args, **kwargs)

    return checked


def working(settings: Settings) -> AbstractContextManager[bool]:
    """`roles.working`, imported only where it is asked: most commands need no state."""
    from steelyard.app import roles

    return roles.working(settings)
