"""What `source test` asks a Jira: address, token, projects, issues, changelogs, story points."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from steelyard.errors import SteelyardError
from steelyard.sources.contract import Check
from steelyard.sources.jira.fields import READ
from steelyard.sources.jira.site import Flavour, Scope, Site, myself, read_site
from steelyard.sources.network import Http

_BROWSE = "Give the account the permission Browse projects in the projects to be read."


def checks(flavour: Flavour, scope: Scope, cloud: bool, worklogs: bool) -> Iterator[Check]:
    with flavour.open() as http:
        address = _tried("address", lambda: _address(http, flavour.api, cloud))
        yield address
        if not address.ok:
            return
        token = _tried("token", lambda: _token(http, flavour.api))
        yield token
        if not token.ok:
            return
        yield from _content(http, flavour, scope)
        if worklogs:
            yield _tried("worklogs", lambda: _worklogs(http, flavour.api))


def _tried(what: str, look: Callable[[], Check]) -> Check:
    try:
        return look()
    except SteelyardError as error:
        return Check(what, False, error.message, error.hint)


def _address(http: Http, api: str, cloud: bool) -> Check:
    info = http.get(f"{api}/serverInfo").data or {}
    kind, version = str(info.get("deploymentType") or ""), str(info.get("version") or "")
    if kind and (kind == "Cloud") is not cloud:
        other = "jira" if kind == "Cloud" else "jira-dc"
        return Check("address", False, f"This is Jira {kind}.", f"Add it as `{other}`.")
    return Check("address", True, f"Jira {kind or 'here'} {version}".strip())


def _token(http: Http, api: str) -> Check:
    me = myself(http, api)
    return Check("token", True, f"{me.display_name or me.id}, time zone {me.time_zone or '?'}")


def _content(http: Http, flavour: Flavour, scope: Scope) -> Iterator[Check]:
    try:
        site = read_site(http, flavour.api, scope)
    except SteelyardError as error:
        yield Check("projects", False, error.message, error.hint)
        return
    for name in scope.projects:
        yield _tried(f"project {name}", lambda name=name: _project(http, flavour, site, name))  # type: ignore[misc]
    if not scope.projects:
        yield _tried("issues", lambda: _issues(http, flavour, scope, site))
    yield Check("story points", bool(site.custom.points), *_points(site))


def _project(http: Http, flavour: Flavour, site: Site, name: str) -> Check:
    if name in site.hidden:
        return Check(f"project {name}", False, "Jira does not show it to this account.", _BROWSE)
    one = Scope(projects=(name,))
    only = Site(site.zone, site.custom, site.categories, {name: site.shown[name]}, ())
    return _issues(http, flavour, one, only, f"project {name}")


def _issues(http: Http, flavour: Flavour, scope: Scope, site: Site, what: str = "issues") -> Check:
    """One issue and its changelog: both need the same permission, and lack it silently."""
    found = flavour.search(http).find(site.jql(scope), "", READ)
    if not found.issues:
        return Check(what, False, "Jira shows no issue to this account.", _BROWSE)
    flavour.histories(http).of(found.issues[:1])
    return Check(what, True, "issues and their changelogs can be read")


def _points(site: Site) -> tuple[str, str]:
    if site.custom.points:
        return ", ".join(site.custom.points), ""
    return " ".join(site.custom.notes), "Without it everything else is read."


def _worklogs(http: Http, api: str) -> Check:
    http.get(f"{api}/worklog/updated", {"since": 2**42})
    return Check("worklogs", True, "those that the account may see")
