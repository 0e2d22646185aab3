"""Knows who somebody is: by a session, a token, a password, a link used once, or nobody at all.

Where no sign-in is asked for, whoever reaches the server is its own machine's user.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from starlette.requests import Request

from steelyard.errors import BadValue, StoreError
from steelyard.state.account import Account
from steelyard.state.accounts import Accounts
from steelyard.state.database import State
from steelyard.state.passwords import Passwords
from steelyard.state.sessions import IDLE, LIFE, Sessions
from steelyard.state.token import Token
from steelyard.state.tokens import Tokens, utc_now
from steelyard.state.views import Views
from steelyard.web import cookies
from steelyard.web.limiter import Limiter, network_of
from steelyard.web.once import Once
from steelyard.web.viewer import ASKER, LOCAL, Viewer, current

if TYPE_CHECKING:
    from steelyard.web.admission import Oidc

SCOPE = "read"
CODE_LIFE = dt.timedelta(hours=24)
OPERATOR = Viewer("admin", "Operator", signed_in=True)
_TRIES_OF_ACCOUNT, _TRIES_OF_ADDRESS = 8, 60
_CODES = 100


@dataclass(frozen=True)
class Known:
    """Who a request is from. `session` is the secret of the browser's; a token needs none."""

    viewer: Viewer
    session: str = ""
    by_token: bool = False


class Doorman:
    """`required` asks everybody to sign in; without a state database nobody can.

    `person_of` gives the person whom an account's e-mail address belongs to, or ''. `oidc` is the
    organisation's own sign-in, where there is one.
    """

    def __init__(
        self,
        state: State | None = None,
        required: bool = False,
        *,
        clock: Callable[[], dt.datetime] = utc_now,
        life: dt.timedelta = LIFE,
        idle: dt.timedelta = IDLE,
        passwords: Passwords | None = None,
        person_of: Callable[[str], str] = str,
        oidc: Oidc | None = None,
    ) -> None:
        self.state, self.required, self.clock = state, required, clock
        self.person_of, self.life = person_of, life
        self._idle, self._passwords, self.oidc = idle, passwords, oidc
        self._codes: Once[bool] = Once(CODE_LIFE, clock, _CODES)
        self._of_account = Limiter(_TRIES_OF_ACCOUNT, clock)
        self._of_address = Limiter(_TRIES_OF_ADDRESS, clock)

    @cached_property
    def accounts(self) -> Accounts:
        return Accounts(self._kept, self.clock, self._passwords)

    @cached_property
    def sessions(self) -> Sessions:
        return Sessions(self._kept, self.clock, self.life, self._idle)

    @cached_property
    def tokens(self) -> Tokens:
        return Tokens(self._kept, self.clock)

    @cached_property
    def views(self) -> Views:
        return Views(self._kept, self.clock)

    def keeps_views(self) -> bool:
        """Whether the viewer can save views: with an account, or as who runs the server."""
        viewer = current.get()
        return self.state is not None and bool(viewer.account or viewer.role == "admin")

    @property
    def _kept(self) -> State:
        if self.state is None:
            raise StoreError("This server keeps no accounts.", "Start it with `steelyard serve`.")
        return self.state

    def recognise(self, request: Request) -> Known | None:
        """Who it is, as far as shown; None where signing in is required and did not happen."""
        if ASKER in request.scope:
            return Known(request.scope[ASKER])
        known = self._shown(request) if self.state is not None else None
        return known or (None if self.required else Known(LOCAL))

    def _shown(self, request: Request) -> Known | None:
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            token = self.tokens.verify(secret.strip(), SCOPE)
            return None if token is None else Known(_of_token(token), by_token=True)
        session = cookies.get(request, cookies.SESSION)
        viewer = self._of_session(session) if session else None
        return None if viewer is None else Known(viewer, session)

    def _of_session(self, secret: str) -> Viewer | None:
        session = self.sessions.find(secret)
        if session is None:
            return None
        if session.account:
            account = self.accounts.get(session.account)
            return None if account is None or account.disabled else self.viewer(account)
        if not session.token:
            return OPERATOR
        token = self.tokens.get(session.token)
        now = self.clock()
        valid = token is not None and token.is_valid(now) and token.allows(SCOPE)
        return replace(_of_token(token), signed_in=True) if token is not None and valid else None

    def viewer(self, account: Account) -> Viewer:
        """An account as the one who asks."""
        person = account.person or self.person_of(account.email)
        return Viewer(account.role, account.name, account.id, person, signed_in=True)

    def sign_in_path(self) -> str:
        """A fresh link that signs one browser in as the operator, once, within a day."""
        return f"/sign-in?code={self._codes.put(True)}"

    def redeem(self, code: str, address: str) -> str | None:
        """A new session for an unused code; None when it is unknown, used or too old."""
        self._of_address.count(network_of(address))
        if not self._codes.take(code):
            return None
        self._of_address.uncount(network_of(address))
        return self.sessions.open()

    def exchange(self, secret: str, address: str) -> str | None:
        """A new session for a token that may read; None when it may not."""
        self._of_address.count(network_of(address))
        token = self.tokens.verify(secret, SCOPE)
        if token is None:
            return None
        self._of_address.uncount(network_of(address))
        return self.sessions.open(token=token.id)

    def sign_in(self, email: str, password: str, address: str) -> str | None:
        """A new session for the right password. Raises TooManyTries, whoever is asked for."""
        account = self.checked(email, password, address)
        return None if account is None else self.open(account)

    def checked(self, email: str, password: str, address: str) -> Account | None:
        """Whose e-mail address and password they are. Raises TooManyTries."""
        self._of_address.count(network_of(address))
        self._of_account.count(email)
        account = self.accounts.check(email, password)
        if account is not None:
            self._of_account.forget(email)
            self._of_address.uncount(network_of(address))
        return account

    def invited(self, code: str, address: str) -> Account | None:
        """Whose invitation it is; None when it is unknown, used or too old."""
        self._of_address.count(network_of(address))
        account = self.accounts.invited(code)
        if account is not None:
            self._of_address.uncount(network_of(address))
        return account

    def accept(self, code: str, password: str, address: str) -> Account | None:
        """The account of an invitation, with its password set. Raises BadValue."""
        return self.accounts.accept(code, password) if self.invited(code, address) else None

    def first_admin(self, email: str, name: str, password: str) -> Account:
        """The first account. Raises BadValue where somebody administers already."""
        if self.has_admin():
            raise BadValue("There is an admin already.", "Make accounts under Settings, Accounts.")
        self.accounts.passwords.check_length(password)
        account = self.accounts.create(email, name, "admin")
        self.accounts.set_password(account.id, password)
        return account

    def has_admin(self) -> bool:
        """Whether somebody can sign in as admin."""
        return self.accounts.any_admin()

    def open(self, account: Account) -> str:
        """A new session of an account."""
        self.accounts.seen(account)
        return self.sessions.open(account=account.id)

    def close(self, session: str) -> None:
        if session and self.state is not None:
            self.sessions.close(session)

    def close_all(self, account: str) -> None:
        """Sign an account out everywhere."""
        if account and self.state is not None:
            self.sessions.close_all(account)


def _of_token(token: Token) -> Viewer:
    return Viewer("admin" if token.allows("admin") else "member", token.name)
