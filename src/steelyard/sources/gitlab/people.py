"""Members of groups and projects, and which subgroups they belong to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from steelyard.model import Account, Membership
from steelyard.sources.contract import Page
from steelyard.sources.gitlab import answers
from steelyard.sources.gitlab.answers import Group, Member, who
from steelyard.sources.gitlab.api import Api

_ROLES = {
    5: "minimal access",
    10: "guest",
    15: "planner",
    20: "reporter",
    30: "developer",
    40: "maintainer",
    50: "owner",
}


def accounts(api: Api, places: Sequence[str], cursor: str | None) -> Iterator[Page]:
    """Everyone who may see a group or project (`groups/acme`), by whatever way."""
    start = int(cursor or 0)
    for number, place in list(enumerate(places))[start:]:
        kind, _, path = place.partition("/")
        listed = api.all(f"{kind}/{quote(path, safe='')}/members/all")
        found = [_account(answers.read("member", Member, row)) for row in listed]
        yield Page(found, "" if number + 1 == len(places) else str(number + 1))


def _account(member: Member) -> Account:
    """With its address where GitLab shows one: to owners of a group, or when it is public."""
    identity = member.group_saml_identity
    signed_on = (identity and identity.extern_uid) or ""
    said = member.email or (signed_on if "@" in signed_on else "") or member.public_email
    return answers.account(member, said or "")


def teams(api: Api, groups: Sequence[str], cursor: str | None) -> Iterator[Page]:
    """Direct members of the groups below: each is a team by its path.

    Their accounts too: a group does not list who belongs only to a group below it.
    """
    below = {group.id: group for path in groups for group in api.groups_below(path)}
    left = sorted(number for number in below if number >= int(cursor or 0))
    for number in left:
        following = next((other for other in left if other > number), None)
        members = list(_direct(api, number))
        records = [_membership(below[number], member) for member in members]
        yield Page([*records, *map(_account, members)], "" if following is None else str(following))
    if not left:
        yield Page((), "")


def _direct(api: Api, group: int) -> Iterator[Member]:
    for row in api.all(f"groups/{group}/members"):
        yield answers.read("member", Member, row)


def _membership(group: Group, member: Member) -> Membership:
    ends = member.expires_at
    return Membership(
        key=f"{group.full_path}:{member.username}".lower(),
        team=group.full_path,
        member=who(member),
        role=_ROLES.get(member.access_level or 0, ""),
        valid_to=dt.date.fromisoformat(ends[:10]) if ends else None,
    )
