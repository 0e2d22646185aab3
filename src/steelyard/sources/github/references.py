"""Who did it: GitHub's accounts as references, and what becomes known of them on the way."""

from __future__ import annotations

import re
from collections.abc import Iterable

from steelyard.model import Account, reference
from steelyard.sources.github.answers import Actor, GitActor
from steelyard.sources.marks import is_bot

_NOREPLY = re.compile(r"(?:\d+\+)?([^+@]+)@users\.noreply\.", re.IGNORECASE)


def login_of(actor: Actor | None) -> str:
    """GraphQL calls dependabot what everybody else calls `dependabot[bot]`. '' once deleted."""
    if actor is None:
        return ""
    bot = actor.typename == "Bot" and not actor.login.endswith("[bot]")
    return f"{actor.login}[bot]" if bot else actor.login


def person(actor: Actor | None) -> str:
    return reference("github", login_of(actor))


def author_login(author: GitActor | None) -> str:
    """A commit's author: GitHub's word on the address, else the login within a noreply address."""
    if author is None:
        return ""
    if author.user:
        return author.user.login
    hidden = _NOREPLY.match(author.email or "")
    return hidden[1] if hidden else ""


def accounts(logins: Iterable[str]) -> list[Account]:
    """One for everyone seen."""
    return [
        Account(key=login.lower(), account=reference("github", login), bot=is_bot(login))
        for login in dict.fromkeys(logins)
        if login
    ]


def author_accounts(authors: Iterable[GitActor | None]) -> list[Account]:
    """Addresses that GitHub itself matched with an account; hidden ones join nothing."""
    found: dict[str, Account] = {}
    for author in authors:
        if author is None or author.user is None or not author.email:
            continue
        if not _NOREPLY.match(author.email):
            account = known(author.user.login, author.email, author.name or "")
            found[account.key] = account
    return list(found.values())


def known(login: str, email: str, name: str = "") -> Account:
    """An account with an address and a name; somebody may have several of both.

    All of it is in the key: whether a list of members or a commit was read last changes nothing.
    """
    email = email.strip().lower()
    return Account(
        key=" ".join(filter(None, (login.lower(), email, name))),
        account=reference("github", login),
        email=email,
        name=name,
        bot=is_bot(login),
    )
