"""Signing in with the organisation's own accounts: there, back, and whose account that is here."""

from __future__ import annotations

import hmac
import logging
import secrets
from datetime import timedelta

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from steelyard.web import cookies
from steelyard.web.access import local_path
from steelyard.web.admission import Oidc
from steelyard.web.frame import Pages
from steelyard.web.oidc import Flow, SignInRefused, new_flow
from steelyard.web.once import Once
from steelyard.web.signing import let_in, refused

START, BACK = "/sign-in/oidc", "/sign-in/oidc/back"
FLOW_LIFE = timedelta(minutes=10)
_FLOWS = 10_000

log = logging.getLogger(__name__)


def add_oidc(routes: APIRouter, pages: Pages, oidc: Oidc) -> None:
    doorman = pages.doorman
    provider, admission = oidc.provider, oidc.admission
    flows = Once[Flow](FLOW_LIFE, doorman.clock, _FLOWS)

    def there(request: Request) -> str:
        return f"{request.url.scheme}://{request.url.netloc}{BACK}"

    @routes.get(START)
    def start(request: Request, next: str = "/") -> Response:
        browser = secrets.token_urlsafe(24)
        flow = new_flow(local_path(next), browser)
        try:
            address = provider.address(flow, flows.put(flow), there(request))
        except SignInRefused as error:
            return refused(pages, request, error)
        answer = RedirectResponse(address, 303)
        cookies.put(request, answer, cookies.FLOW, browser, FLOW_LIFE)
        return answer

    @routes.get(BACK)
    def back(
        request: Request, state: str = "", code: str = "", iss: str = "", error: str = ""
    ) -> Response:
        flow = flows.take(state)
        browser = cookies.get(request, cookies.FLOW)
        try:
            if flow is None or not hmac.compare_digest(flow.browser.encode(), browser.encode()):
                raise SignInRefused("This sign-in was not begun here, or took too long.")
            provider.check_answer(iss)
            if error or not code:
                raise SignInRefused(f"The provider refused: {error[:60] or 'no code'}.")
            who = provider.identity(flow, code, there(request))
            account = admission.account(doorman.accounts, who)
        except SignInRefused as problem:
            log.warning("sign-in refused: %s", problem.message)
            return refused(pages, request, problem)
        answer = let_in(doorman, request, doorman.open(account), flow.next)
        cookies.drop(request, answer, cookies.FLOW)
        return answer
