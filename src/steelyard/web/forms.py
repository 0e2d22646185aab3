"""Forms show that they come from a page of ours: each carries a token of the browser's cookie.

A page of another site can send a form with the browser's cookies, but it cannot read the token.
"""

from __future__ import annotations

import hashlib
import hmac
from contextvars import ContextVar
from urllib.parse import parse_qs

from markupsafe import Markup
from starlette.requests import Request

from steelyard.web.problems import WebError

FIELD, HEADER = "csrf", "x-csrf-token"
MOST_BYTES = 1 << 20
MOST_FIELDS = 500
_ENCODED = "application/x-www-form-urlencoded"

# The cookie's secret this request's forms are bound to: its session's, else one of no session.
secret_of_forms: ContextVar[str] = ContextVar("secret_of_forms", default="")


class WrongForm(WebError):
    code, status = "wrong_form", 403


class TooLarge(WebError):
    code, status = "too_large", 413


def token(secret: str) -> str:
    """Tells nothing about the secret."""
    key = hashlib.blake2b(secret.encode()).digest()
    return hashlib.blake2b(b"form", key=key, digest_size=16).hexdigest()


def field() -> Markup:
    """The hidden field that every form of a template begins with: `{{ guard() }}`."""
    made = token(secret_of_forms.get())
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, made)


async def read_body(request: Request) -> bytes:
    """The whole body. Raises TooLarge."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise TooLarge("The form is larger than 1 MiB.", "Send less.")
    return bytes(body)


def check(request: Request, body: bytes, secret: str) -> None:
    """Raises WrongForm unless the form, or a header a script set, carries the token."""
    shown = request.headers.get(HEADER) or _shown(request, body)
    if not secret or not hmac.compare_digest(shown.encode(), token(secret).encode()):
        raise WrongForm(
            "This form is too old, or does not come from a page of this server.",
            "Open the page again and send the form once more; cookies must be allowed.",
        )


def _shown(request: Request, body: bytes) -> str:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _ENCODED:
        return ""
    try:
        fields = parse_qs(body.decode(), max_num_fields=MOST_FIELDS)
    except ValueError:
        return ""
    return fields.get(FIELD, [""])[0]
