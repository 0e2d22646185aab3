"""What an answer over HTTP says beside its data: limits, refusals, GraphQL's errors, the time.

Nothing here calls anybody.
"""

from __future__ import annotations

import datetime as dt
import email.utils
from collections.abc import Mapping
from typing import Any

import httpx

from steelyard.errors import SourceChanged, SourceDenied, SourceError, SteelyardError

MAX_BYTES = 64 * 1024**2
BROKEN = object()  # instead of data that are not JSON
# Headers of what is left (-remaining), and when there is more (-reset); Linear has three purses.
_LINEARS = tuple(f"x-ratelimit-{what}" for what in ("requests", "complexity", "endpoint-requests"))
_PURSES = ("x-ratelimit", "ratelimit", "x-rate-limit", *_LINEARS)


def body_of(response: httpx.Response) -> bytes:
    """The whole body. Raises SourceChanged when it is larger than anything we ask for."""
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MAX_BYTES:
            raise SourceChanged(
                f"{response.request.url.host} sent more than {MAX_BYTES >> 20} MiB in one answer.",
                "Ask for smaller pages, or for less.",
            )
    return bytes(body)


def json_of(body: bytes) -> Any:
    """None for an empty body, BROKEN for one that is not JSON."""
    if not body:
        return None
    try:
        return httpx.Response(200, content=body).json()
    except ValueError:
        return BROKEN


def is_limit(response: httpx.Response, data: Any) -> bool:
    """Limits that do not come as 429: GitHub's 403, and GraphQL's errors in a 200 or 400."""
    if response.status_code == 403:
        said = message_of(data).lower()
        secondary = "secondary rate limit" in said or "abuse detection" in said
        return secondary or "retry-after" in response.headers or bool(_empty(response))
    found = data.get("errors") if isinstance(data, dict) else None
    errors = found if type(found) is list else []
    codes = {_code(error) for error in errors if isinstance(error, dict)}
    return bool(codes & {"RATELIMITED", "RATE_LIMITED"})


def raise_graphql(host: str, data: Any) -> None:
    """GraphQL's errors raise as others do, though they come with HTTP 200."""
    errors = _graphql_errors(data)
    if not errors:
        return
    said = "; ".join(str(error.get("message", "")) for error in errors)[:300]
    code = _code(errors[0])
    if code in ("FORBIDDEN", "INSUFFICIENT_SCOPES", "AUTHENTICATION_ERROR", "UNAUTHENTICATED"):
        raise SourceDenied(f"{host} does not allow this: {said}.", "A permission is missing.")
    raise SourceChanged(
        f"{host} does not understand our GraphQL: {said}.", "An upgrade of Steelyard may help."
    )


def _graphql_errors(data: Any) -> list[dict[str, Any]]:
    """GraphQL's errors; not those of other APIs, which have no extensions."""
    found = data.get("errors") if isinstance(data, dict) else None
    errors = [error for error in found if isinstance(error, dict)] if type(found) is list else []
    return errors if any("data" in data or "extensions" in error for error in errors) else []


def _code(error: Mapping[str, Any]) -> str:
    return str((error.get("extensions") or {}).get("code") or error.get("type") or "").upper()


def message_of(data: Any) -> str:
    """The sentence in an error answer, whatever the vendor calls it; at most 200 characters."""
    if isinstance(data, dict):
        names = ("message", "error_description", "detail", "error", "errorMessages", "title")
        for name in (*names, "errorSummary", "errors"):
            if found := data.get(name):
                return message_of(found)
        return ""
    if isinstance(data, list):
        return message_of(data[0]) if data else ""
    return str(data)[:200].rstrip(".") if isinstance(data, str) else ""


def _colon(said: str) -> str:
    return f": {said}" if said else ""


def _reset(response: httpx.Response) -> float | None:
    """When the purse that is empty is filled again, as the system says it."""
    resets = (response.headers.get(reset, "") for reset in _empty(response))
    return max((float(reset) for reset in resets if reset.isdigit()), default=None)


def _empty(response: httpx.Response) -> list[str]:
    """The purses that are empty, by the headers that say until when."""
    said = response.headers
    return [f"{purse}-reset" for purse in _PURSES if said.get(f"{purse}-remaining") == "0"]


def date_of(text: str) -> dt.datetime | None:
    """A date as HTTP writes it."""
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def wait_of(response: httpx.Response, now: dt.datetime) -> float | None:
    """Seconds the system asks us to wait; None when it does not say."""
    after = response.headers.get("retry-after", "")
    if after.isdigit():
        return float(after)
    if after and (moment := date_of(after)):
        return max(0.0, (moment - now).total_seconds())
    reset = _reset(response)
    if reset is None:
        return None
    # Some send a moment, in seconds or milliseconds, some the seconds until it.
    seconds = reset / 1000 if reset > 1e11 else reset
    late = seconds - now.timestamp() if seconds > 1e9 else seconds
    return max(1.0, late + 1)


def refusal(host: str, response: httpx.Response, data: Any) -> SteelyardError:
    """A refusal in words a person can act on."""
    said = message_of(data)
    path = response.request.url.path
    if response.status_code == 401:
        return SourceDenied(
            f"{host} does not accept the token{_colon(said)}.",
            "It is wrong, revoked or has expired: make a new one.",
        )
    if response.status_code == 403:
        needed = response.headers.get("x-accepted-oauth-scopes", "") or response.headers.get(
            "x-accepted-github-permissions", ""
        )
        return SourceDenied(
            f"{host} does not allow {path}{_colon(said)}.",
            f"Give the token the permission {needed}." if needed else "A permission is missing.",
            needed,
        )
    return SourceError(
        f"{host} answered {response.status_code} to {path}{_colon(said)}.",
        "Check the source's options with `steelyard source test`.",
    )
