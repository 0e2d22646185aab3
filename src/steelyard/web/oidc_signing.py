"""Signing in with the organisation's own accounts: there, back, and whose account that is here."""

from __future__ import annotations

import hmac
import logging

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from steelyard.web import cookies
from steelyard.web.access import local_path
from steelyard.web.admission import Oidc
from steelyard.web.frame import Pages
from steelyard.web.oidc import FLOW_LIFE, SignInRefused, new_flow, unpacked
from steelyard.web.signing import let_in, refused

START, BACK = "/sign-in/oidc", "/sign-in/oidc/back"

log = logging.getLogger(__name__)


def add_oidc(routes: APIRouter, pages: Pages, oidc: Oidc) -> None:
    doorman = pages.doorman
    provider, admission = oidc.provider, oidc.admission

    def there(request: Request) -> str:
        return f"{request.url.scheme}://{request.url.netloc}{BACK}"

    @routes.get(START)
    def start(request: Request, next: str = "/") -> Response:
        flow = new_flow(local_path(next), doorman.clock())
        try:
            address = provider.address(flow, there(request))
        except SignInRefused as error:
            return refused(pages, request, error)
        answer = RedirectResponse(address, 303)
        cookies.put(request, answer, cookies.FLOW, flow.packed(), FLOW_LIFE)
        return answer

    @routes.get(BACK)
    def back(
        request: Request, state: str = "", code: str = "", iss: str = "", error: str = ""
    ) -> Response:
        flow = unpacked(cookies.get(request, cookies.FLOW))
        try:
            begun = flow is not None and hmac.compare_digest(flow.state.encode(), state.encode())
            if flow is None or not begun or flow.is_late(doorman.clock()):
                raise SignInRefused("This sign-in was not begun here, or took too long.")
            provider.check_answer(iss)
            if error or not code:
                raise SignInRefused(f"The provider refused: {error[:60] or 'no code'}.")
            who = provider.identity(flow, code, there(request))
            account = admission.account(doorman.accounts, who)
        except SignInRefused as problem:
            log.warning("sign-in refused: %s", problem.message)
            answer = refused(pages, request, problem)
        else:
            answer = let_in(doorman, request, doorman.open(account), local_path(flow.next))
        cookies.drop(request, answer, cookies.FLOW)  # it is good once
        return answer
