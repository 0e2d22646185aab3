"""Who may open what: the one table the gate goes by. An address that is not in it does not exist.

A new page is one line of PAGES: its address and who may open it, which covers GET of the same with
its files (SUFFIXES) too. Other addresses are lines of READS (GET) or FORMS (POST). What
is shown on a page a role may open is decided elsewhere: `metrics/sight.py`.
"""

from __future__ import annotations

import re
from functools import cache

from starlette.routing import compile_path

from steelyard.web.viewer import ROLES, Role

Roles = frozenset[Role]
EVERYBODY: Roles = frozenset(ROLES)
ADMIN: Roles = frozenset({"admin"})
MONEY: Roles = frozenset({"admin", "finance"})
LEADS: Roles = frozenset({"admin", "manager"})
SUFFIXES = (".json", ".csv", ".parquet", ".svg", ".png")

PAGES: dict[str, Roles] = {
    "/": EVERYBODY,
    "/overview": EVERYBODY,
    "/spend": EVERYBODY,
    "/adoption": EVERYBODY,
    "/delivery": EVERYBODY,
    "/roi": EVERYBODY,
    "/impact": EVERYBODY,
    "/impact/{name}": EVERYBODY,
    "/organisation": EVERYBODY,
    "/people": EVERYBODY,
    "/sessions": EVERYBODY,  # groups, and the rows one may see
    "/sessions/{session}": EVERYBODY,
    "/person": EVERYBODY,  # of oneself, and of those one may see
    "/me": EVERYBODY,
    "/views": EVERYBODY,
    "/definitions": EVERYBODY,
    "/get-started": EVERYBODY,
    "/sources": ADMIN,
    "/settings": ADMIN,
    "/settings/accounts": ADMIN,
    "/settings/tokens": ADMIN,
    "/settings/privacy": ADMIN,
    "/settings/plans": MONEY,
    "/settings/prices": MONEY,
}
READS: dict[str, Roles] = {
    "/palette.json": EVERYBODY,
    "/chart.svg": EVERYBODY,
    "/chart.png": EVERYBODY,
    "/account": EVERYBODY,
    "/first-account": ADMIN,
    "/settings/accounts/{account}": ADMIN,
    "/me.zip": EVERYBODY,
    "/api/v1/ask": EVERYBODY,
    "/api/v1/metrics": EVERYBODY,
    "/api/v1/metrics/{name}": EVERYBODY,
    "/api/v1/status": EVERYBODY,
    "/api/v1/openapi.json": EVERYBODY,
}
FORMS: dict[str, Roles] = {
    "/theme": EVERYBODY,
    "/sign-out": EVERYBODY,
    "/sign-out/everywhere": EVERYBODY,
    "/account/password": EVERYBODY,
    "/views": EVERYBODY,
    "/views/{name}/delete": EVERYBODY,
    "/first-account": ADMIN,
    "/settings/accounts": ADMIN,
    "/settings/accounts/{account}": ADMIN,
    "/settings/accounts/{account}/invite": ADMIN,
    "/settings/accounts/{account}/disable": ADMIN,
    "/settings/accounts/{account}/enable": ADMIN,
    "/settings/tokens": ADMIN,
    "/settings/tokens/{token}/revoke": ADMIN,
    "/demo/load": ADMIN,
    "/demo/remove": ADMIN,
}
# Without signing in: what shows that the server is there, and the ways to sign in.
OPEN_READS = frozenset(
    {
        *("/healthz", "/readyz", "/static/{name}"),
        *("/sign-in", "/sign-in/oidc", "/sign-in/oidc/back", "/invitation"),
    }
)
OPEN_FORMS = frozenset({"/sign-in", "/sign-in/token", "/invitation"})


def is_public(path: str) -> bool:
    """Whether it tells nothing, to whomever and under whatever name it is asked for."""
    return path.startswith("/static/") or path in ("/healthz", "/readyz")


def is_open(method: str, path: str) -> bool:
    """Whether nobody needs to sign in for it."""
    return _found(path, _kind(method, "open reads", "open forms")) is not None


def roles(method: str, path: str) -> Roles | None:
    """The roles that may; None where there is no such address."""
    return _found(path, _kind(method, "reads", "forms"))


def may(role: Role, path: str) -> bool:
    """Whether a role may open an address: links that lead nowhere are not shown."""
    return role in (roles("GET", path.partition("?")[0]) or ())


def is_known(path: str) -> bool:
    """Whether the address takes any method at all."""
    return any(_found(path, kind) is not None for kind in compiled())


def _kind(method: str, reads: str, forms: str) -> str:
    return {"GET": reads, "HEAD": reads, "POST": forms}.get(method, "")


def _found(path: str, kind: str) -> Roles | None:
    plain, patterns = compiled().get(kind, ({}, ()))
    if path in plain:
        return plain[path]
    return next((those for pattern, those in patterns if pattern.match(path)), None)


@cache
def compiled() -> dict[str, tuple[dict[str, Roles], tuple[tuple[re.Pattern[str], Roles], ...]]]:
    """The tables as they are looked up: plain addresses and patterns of each kind."""
    siblings = {path + end: those for path, those in PAGES.items() for end in SUFFIXES}
    return {
        "reads": _sorted(PAGES | siblings | READS),
        "forms": _sorted(FORMS),
        "open reads": _sorted(dict.fromkeys(OPEN_READS, EVERYBODY)),
        "open forms": _sorted(dict.fromkeys(OPEN_FORMS, EVERYBODY)),
    }


def _sorted(
    table: dict[str, Roles],
) -> tuple[dict[str, Roles], tuple[tuple[re.Pattern[str], Roles], ...]]:
    patterns = tuple((compile_path(p)[0], those) for p, those in table.items() if "{" in p)
    return {path: those for path, those in table.items() if "{" not in path}, patterns
