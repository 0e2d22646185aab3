"""The gate before every page: names, origins, who it is, what they may open, forms of our own.

Where nobody has to sign in, the Host header is checked instead: a page of a stranger that points
its own name at 127.0.0.1 (DNS rebinding) must read nothing. Rights stand in `rights`.
"""

from __future__ import annotations

import secrets
from urllib.parse import quote, urlsplit

import anyio.to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from steelyard import errors
from steelyard.web import cookies, forms, rights
from steelyard.web.doorman import Doorman, Known
from steelyard.web.problems import Answer, NoSuchPage, WebError, WrongMethod, wants_page
from steelyard.web.viewer import NOBODY, Viewer, current

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
SAFE = ("GET", "HEAD")
SIGN_IN = "Sign in, or send a token."
PROGRAMS = (
    "Programs send `Authorization: Bearer …`; `steelyard token create NAME --scope read`"
    " makes a token."
)


class NotSignedIn(WebError):
    code, status = "unauthorized", 401


class NotAllowed(WebError):
    code, status = "forbidden", 403


class WrongHost(WebError):
    code, status = "wrong_host", 421


class WrongOrigin(WebError):
    code, status = "wrong_origin", 403


class Gate:
    """ASGI middleware: lets through what `rights` allows to whom the doorman recognises.

    It answers to loopback names and to `hosts`; where all must sign in and no names are given,
    to any. `answer` turns an error into a page or JSON.
    """

    def __init__(
        self, app: ASGIApp, doorman: Doorman, hosts: frozenset[str], answer: Answer
    ) -> None:
        self.app, self.doorman, self.answer = app, doorman, answer
        self.hosts = None if doorman.required and not hosts else LOOPBACK | hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":  # there are none, so none is let in
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        known = None
        try:
            _check_origin(request)
            if not rights.is_public(request.url.path):
                self._check_host(request)
                known = await anyio.to_thread.run_sync(self.doorman.recognise, request)
        except errors.SteelyardError as error:
            await (await self._refusal(request, error))(scope, receive, send)
            return
        await self._let_in(request, known, send)

    async def _let_in(self, request: Request, known: Known | None, send: Send) -> None:
        """Sets who asks and what forms are bound to, for all that answers this request."""
        visit = Visit(request, known)
        viewer = current.set(known.viewer if known else NOBODY)
        bound = forms.secret_of_forms.set(visit.secret)
        try:
            app, receive = await self._admitted(visit)
            await app(request.scope, receive, visit.sending(send))
        finally:
            forms.secret_of_forms.reset(bound)
            current.reset(viewer)

    async def _admitted(self, visit: Visit) -> tuple[ASGIApp, Receive]:
        """The application, or the answer that says why not."""
        request, known = visit.request, visit.known
        try:
            if not rights.is_open(request.method, request.url.path):
                if known is None:
                    return await self._not_signed_in(request), request.receive
                _check_rights(request, known.viewer)
            if request.method in SAFE or (known and known.by_token):
                return self.app, request.receive
            body = await forms.read_body(request)
            forms.check(request, body, visit.secret)
            return self.app, _again(body)
        except errors.SteelyardError as error:
            return await self._refusal(request, error), request.receive

    async def _refusal(self, request: Request, error: errors.SteelyardError) -> Response:
        """Beside the event loop: a page asks the server how it is."""
        return await anyio.to_thread.run_sync(self.answer, request, error)

    async def _not_signed_in(self, request: Request) -> Response:
        if not wants_page(request) or request.method not in SAFE:
            return await self._refusal(request, NotSignedIn(SIGN_IN, PROGRAMS))
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?next={quote(back, safe='')}", 303)

    def _check_host(self, request: Request) -> None:
        name = hostname(request.headers)
        if self.hosts is not None and name not in self.hosts:
            raise WrongHost(
                f"This server does not answer to the name {name!r}.",
                "Open it as http://localhost or http://127.0.0.1; other names stand in the setting"
                " `hosts`, and then everybody is asked to sign in.",
            )


class Visit:
    """A request on its way in: what its forms are bound to, with a cookie for it if need be."""

    def __init__(self, request: Request, known: Known | None) -> None:
        self.request, self.known = request, known
        self.secret = (known.session if known else "") or cookies.get(request, cookies.FORM)
        self._new = not self.secret
        self.secret = self.secret or secrets.token_urlsafe(24)

    def sending(self, send: Send) -> Send:
        """Sends a page with the cookie to whom has none."""

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    carrier = Response()
                    cookies.put(self.request, carrier, cookies.FORM, self.secret)
                    headers.append("set-cookie", carrier.headers["set-cookie"])
            await send(message)

        return with_cookie if self._new else send


def _again(body: bytes) -> Receive:
    """Gives a body that was read already to the application."""
    messages = iter(({"type": "http.request", "body": body, "more_body": False},))

    async def receive() -> Message:
        return next(messages, {"type": "http.disconnect"})

    return receive


def hostname(headers: Headers) -> str:
    """The name in the Host header, without port and brackets, in lower case."""
    try:
        return urlsplit(f"//{headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""


def _check_origin(request: Request) -> None:
    """Refuses a form sent by another site. Reading is guarded by the same-origin policy."""
    origin = request.headers.get("origin")
    if request.method in SAFE or origin is None:
        return
    if urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower():
        raise WrongOrigin("This request comes from another site's page.")


def _check_rights(request: Request, viewer: Viewer) -> None:
    path = request.url.path
    roles = rights.roles(request.method, path)
    if roles is None:
        if rights.is_known(path):
            raise WrongMethod(f"{path} does not take {request.method}.", "Use GET.")
        raise NoSuchPage(f"There is nothing at {path}.")
    if viewer.role not in roles:
        raise NotAllowed(
            f"{viewer.role.capitalize()}s may not open {path}.",
            f"It is for {' and '.join(sorted(roles))}; an admin can give an account another role.",
        )


def local_path(address: str) -> str:
    """Where to go after signing in: an address of this site only, else the first page."""
    parts = urlsplit(address)
    safe = address.startswith("/") and not address.startswith(("//", "/\\"))
    clean = address.isprintable() and "\\" not in address
    return address if safe and clean and not parts.netloc else "/"
