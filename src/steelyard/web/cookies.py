"""Cookies nobody but the server reads. Under https their names bind them to this very host."""

from __future__ import annotations

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

SESSION = "steelyard_session"
FORM = "steelyard_form"  # of a browser that is not signed in: what its forms are bound to
FLOW = "steelyard_flow"  # of a sign-in that is away at the identity provider


def get(request: Request, name: str) -> str:
    return request.cookies.get(_named(request, name), "")


def put(
    request: Request, answer: Response, name: str, value: str, life: timedelta | None = None
) -> None:
    """Without a life it ends with the browser."""
    answer.set_cookie(
        _named(request, name),
        value,
        max_age=None if life is None else int(life.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=_is_secure(request),
    )


def drop(request: Request, answer: Response, name: str) -> None:
    answer.delete_cookie(
        _named(request, name), httponly=True, samesite="lax", secure=_is_secure(request)
    )


def _named(request: Request, name: str) -> str:
    return f"__Host-{name}" if _is_secure(request) else name


def _is_secure(request: Request) -> bool:
    return request.url.scheme == "https"
