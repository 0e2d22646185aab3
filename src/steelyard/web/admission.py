"""Whose account it is that a provider's word stands for, and as what they come in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from steelyard.errors import BadValue, UsageError
from steelyard.state.account import ROLES, Account, Role
from steelyard.state.accounts import Accounts
from steelyard.web.oidc import Identity, Provider, SignInRefused


@dataclass(frozen=True)
class Admission:
    """Who may come in, and as what.

    `domains` are those of e-mail addresses for which an account is made, `*` is any; without any,
    only who has an account may come in. `roles` gives the role of a value of the claim; with it,
    the provider decides about roles, at every sign-in.
    """

    domains: frozenset[str] = frozenset()
    claim: str = "groups"
    roles: Mapping[str, Role] = field(default_factory=dict)
    default: Role = "member"

    def role(self, claims: Mapping[str, Any]) -> Role:
        """The highest that the claim gives."""
        said = claims.get(self.claim)
        values = said if isinstance(said, list) else [said]
        given = {self.roles[v] for v in values if isinstance(v, str) and v in self.roles}
        return next((role for role in ROLES if role in given), self.default)

    def account(self, accounts: Accounts, who: Identity) -> Account:
        """Their account, made if it may be. Raises SignInRefused."""
        account = accounts.of_subject(who.issuer, who.subject) or self._first_time(accounts, who)
        if account.disabled is not None:
            raise SignInRefused("This account is disabled.", "Ask an admin.")
        return self._with_role(accounts, account, who)

    def _first_time(self, accounts: Accounts, who: Identity) -> Account:
        """By e-mail address, which the provider must not call unverified."""
        if not who.email or not who.verified:
            raise SignInRefused("The provider vouches for no e-mail address of yours.")
        known = {account.email: account for account in accounts.list()}
        if who.email not in known:
            domain = who.email.rpartition("@")[2]
            if not self.domains & {domain, "*"}:
                raise SignInRefused(f"{who.email} has no account here.", "Ask an admin for one.")
        try:
            account = known.get(who.email) or accounts.create(who.email, who.name, self.default)
            if account.disabled is None:
                accounts.link(account.id, who.issuer, who.subject)
        except UsageError as error:
            raise SignInRefused(error.message, error.hint) from error
        return account

    def _with_role(self, accounts: Accounts, account: Account, who: Identity) -> Account:
        role = self.role(who.claims)
        if not self.roles or role == account.role:
            return account
        try:
            return accounts.change(account.id, role=role)
        except BadValue:  # the last who administers stays what they are
            return account


@dataclass(frozen=True)
class Oidc:
    """A provider and whom it may send."""

    provider: Provider
    admission: Admission
