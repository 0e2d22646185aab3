"""Members with the addresses their organisation knows, and teams.

Both need rights over the organisation. Who has none is told so, and loses nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from steelyard.errors import SourceDenied
from steelyard.model import Account, Membership, Record, reference
from steelyard.sources.contract import Page
from steelyard.sources.github.answers import Identity, Member, Raw, TeamMembers, TeamNode
from steelyard.sources.github.api import VENDOR, Api, BadCursor, Refusal, Size
from steelyard.sources.github.references import known
from steelyard.sources.github.repositories import SIGN_ON
from steelyard.sources.shapes import read

_TEAMS_HINT = "Give the token Members: read (read:org for a classic one), or set teams=no."


def members(api: Api, organizations: Sequence[str], cursor: str | None) -> Iterator[Page]:
    """Accounts of all members, then the addresses their sign-on knows; all of it every time."""
    parts = [(name, part) for name in organizations for part in (_members, _identities)]
    at: dict[str, Any] = json.loads(cursor) if cursor else {"part": 0, "after": None}
    for number in range(at["part"], len(parts)):
        organization, part = parts[number]
        after = at["after"] if number == at["part"] else None
        while True:
            records, after, notes = part(api, organization, after)
            last = after is None and number + 1 == len(parts)
            place = {"part": number + (after is None), "after": after}
            yield Page(records, "" if last else json.dumps(place), notes=tuple(notes))
            if after is None:
                break


def _members(api: Api, organization: str, after: str | None) -> _Part:
    found, notes = _asked(api, "members", organization, after, addresses=True)
    if notes:  # without the addresses there may be more to see
        found, refused = _asked(api, "members", organization, after, addresses=False)
        notes = refused or notes
    connection = (found.get("organization") or {}).get("membersWithRole")
    if connection is None:
        return [], None, notes or [f"{organization} is no organisation: it has no members."]
    page = read(VENDOR, f"list of {organization}'s members", Raw, connection)
    people = [read(VENDOR, f"member of {organization}", Member, row) for row in page.found]
    return [one for member in people for one in _accounts(member)], page.after, notes


def _accounts(member: Member) -> list[Account]:
    emails = member.organization_verified_domain_emails or [""]
    return [known(member.login, email, member.name or "") for email in emails]


def _identities(api: Api, organization: str, after: str | None) -> _Part:
    found, notes = _asked(api, "identities", organization, after)
    provider = (found.get("organization") or {}).get("samlIdentityProvider")
    if provider is None:
        return [], None, notes  # no single sign-on of its own
    connection = provider.get("externalIdentities")
    page = read(VENDOR, f"list of {organization}'s identities", Raw, connection)
    rows = [read(VENDOR, f"identity of {organization}", Identity, row) for row in page.found]
    return [one for row in rows for one in _signed_on(row)], page.after, notes


def _signed_on(identity: Identity) -> list[Account]:
    if identity.user is None:
        return []  # known to the identity provider, never signed on to GitHub
    names = [
        name
        for said in (identity.saml_identity, identity.scim_identity)
        if said
        for name in (said.name_id, said.username, *(one.value for one in said.emails or ()))
        if name and "@" in name
    ]
    emails = dict.fromkeys(name.lower() for name in names)
    return [known(identity.user.login, email) for email in emails]


_Part = tuple[Sequence[Record], str | None, list[str]]


def _asked(
    api: Api, query: str, organization: str, after: str | None, **more: bool
) -> tuple[dict[str, Any], list[str]]:
    try:
        data, refusals = api.query(query, {**_variables(organization, after), **more}, Size())
    except BadCursor:
        data, refusals = api.query(query, {**_variables(organization, None), **more}, Size())
    return data, [_explained(query, organization, one) for one in refusals[:1]]


def _variables(organization: str, after: str | None) -> dict[str, Any]:
    return {"organization": organization, "after": after}


def _explained(query: str, organization: str, refusal: Refusal) -> str:
    what = "addresses from single sign-on" if query == "identities" else "members and addresses"
    hint = "an owner's token with admin:org" if query == "identities" else "Members: read"
    need = SIGN_ON if refusal.sign_on else f"It takes {hint}; all else is read."
    return f"{VENDOR} does not show all {what} of {organization}: {refusal.message}. {need}"


def teams(api: Api, organizations: Sequence[str], cursor: str | None) -> Iterator[Page]:
    """Who is on which team, of all teams. Raises SourceDenied rather than tell of no teams."""
    at: dict[str, Any] = json.loads(cursor) if cursor else {"number": 0, "after": None}
    size, number, after = Size(20), at["number"], at["after"]
    while number < len(organizations):
        page = _team_page(api, organizations[number], after, size)
        nodes = [read(VENDOR, "team", TeamNode, row) for row in page.found]
        records = [one for node in nodes for one in _memberships(api, organizations[number], node)]
        after = page.after
        number += after is None
        more = number < len(organizations)
        yield Page(records, json.dumps({"number": number, "after": after}) if more else "")


def _team_page(api: Api, organization: str, after: str | None, size: Size) -> Raw:
    try:
        data, refusals = api.query("teams", _variables(organization, after), size)
    except BadCursor:
        data, refusals = api.query("teams", _variables(organization, None), size)
    found = (data.get("organization") or {}).get("teams")
    if refusals or found is None:
        said = refusals[0].message if refusals else f"{organization} is no organisation"
        hint = SIGN_ON if any(one.sign_on for one in refusals) else _TEAMS_HINT
        raise SourceDenied(f"{VENDOR} does not show teams: {said}.", hint, "Members: read")
    return read(VENDOR, f"list of {organization}'s teams", Raw, found)


def _memberships(api: Api, organization: str, team: TeamNode) -> Iterator[Membership]:
    """Directly on the team; the page of members is followed to its end."""
    members, size = team.members, Size(1)
    while True:
        for edge in members.edges or ():
            if edge and edge.node:
                yield Membership(
                    key=f"{organization}/{team.slug}:{edge.node.login}".lower(),
                    team=team.name,
                    member=reference("github", edge.node.login),
                    role=(edge.role or "").lower(),
                )
        if not members.page_info.has_next_page:
            return
        variables = {"id": team.id, "after": members.page_info.end_cursor}
        data, _ = api.query("team_more", variables, size)
        rest = (data.get("node") or {}).get("members")
        members = read(VENDOR, f"team {team.slug}", TeamMembers, rest)
