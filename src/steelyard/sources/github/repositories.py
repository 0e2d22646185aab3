"""Which repositories there are, and the newest thing in each: where nothing is new, none is asked.

A repository is known by GitHub's id, which survives renames and transfers.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from steelyard import model
from steelyard.errors import SourceDenied
from steelyard.sources.github.answers import Raw, RepositoryNode
from steelyard.sources.github.api import VENDOR, Api, Refusal, Size
from steelyard.sources.shapes import read, utc

_PROBES = ("pullRequests", "issues", "deployments", "releases")
SIGN_ON = "Authorize the token for the organisation's single sign-on (Configure SSO)."


@dataclass(frozen=True)
class Repository:
    """`key` names it in records; `newest` is when the probed kind of thing last changed there."""

    id: str
    owner: str
    name: str
    key: str
    created_at: dt.datetime
    branch: str = ""
    head: str = ""  # of the default branch
    newest: dt.datetime | None = None
    deployed: bool = False  # told where deployments or releases are probed

    @property
    def path(self) -> str:
        return f"{self.owner}/{self.name}"

    @property
    def variables(self) -> Mapping[str, str]:
        return {"owner": self.owner, "name": self.name}


@dataclass
class Scope:
    """What `acme,other/lib` names: whole owners, and single repositories."""

    owners: tuple[str, ...]
    single: tuple[str, ...]
    forks: bool

    @classmethod
    def of(cls, text: str, forks: bool) -> Scope:
        names = [name.strip().strip("/") for name in text.split(",") if name.strip()]
        owners = tuple(name for name in names if "/" not in name)
        return cls(owners, tuple(name for name in names if "/" in name), forks)


class Listing:
    """All repositories of a scope in the order of their ids; `notes` say what is not among them."""

    def __init__(self, api: Api, scope: Scope, probe: str = "") -> None:
        self.api, self.scope, self.probe = api, scope, probe
        self.notes: list[str] = []
        self.refused = 0

    def repositories(self) -> list[Repository]:
        """Raises SourceDenied when nothing at all may be seen."""
        found: dict[str, Repository] = {}
        for owner in self.scope.owners:
            found.update((one.id, one) for one in self._owned(owner))
        for path in self.scope.single:
            found.update((one.id, one) for one in self._single(path))
        if not found and self.refused:
            raise SourceDenied(
                f"{VENDOR} shows none of the repositories: {self.notes[-1].rstrip('.')}.",
                self._hint(),
                _permission(self.probe),
            )
        return [found[id] for id in sorted(found)]

    def _hint(self) -> str:
        if any("single sign-on" in note for note in self.notes):
            return SIGN_ON
        needed = _permission(self.probe)
        return f"Check the names, and give the token the permission {needed} for them."

    def _owned(self, owner: str) -> Iterator[Repository]:
        size, after = Size(50), None
        while True:
            variables = {"owner": owner, "after": after, **self._probes()}
            data, refusals = self.api.query("repositories", variables, size)
            found = data.get("repositoryOwner") or {}
            self._note(refusals)
            if not found:
                self._say(f"{VENDOR} knows no organisation or user {owner}.")
                return
            page = read(VENDOR, f"list of {owner}'s repositories", Raw, found.get("repositories"))
            for node in page.found:
                one = read(VENDOR, f"repository of {owner}", RepositoryNode, node)
                if self.scope.forks or not one.is_fork:
                    yield from self._readable(one)
            if (after := page.after) is None:
                return

    def _single(self, path: str) -> Iterator[Repository]:
        owner, _, name = path.partition("/")
        variables = {"owner": owner, "name": name, **self._probes()}
        data, refusals = self.api.query("repository", variables)
        if node := data.get("repository"):
            yield from self._readable(read(VENDOR, f"repository {path}", RepositoryNode, node))
        else:
            said = refusals[0].message if refusals else "it is not there"
            self._say(f"{path} cannot be read: {said}.")
            self._note([refusal for refusal in refusals if refusal.sign_on])

    def _readable(self, node: RepositoryNode) -> Iterator[Repository]:
        if node.is_disabled:
            self._say(f"{node.name_with_owner} is disabled and is not read.")
        else:
            yield _repository(node, self.probe)

    def _probes(self) -> dict[str, bool]:
        # Whether releases count depends on whether there are deployments.
        also = {"releases": "deployments"}.get(self.probe)
        return {name: name in (self.probe, also) for name in _PROBES}

    def _note(self, refusals: list[Refusal]) -> None:
        for refusal in refusals:
            more = f" {SIGN_ON}" if refusal.sign_on else ""
            self._say(f"{VENDOR} does not show everything: {refusal.message}.{more}")

    def _say(self, note: str) -> None:
        self.refused += 1
        if note not in self.notes:
            self.notes.append(note)


def _repository(node: RepositoryNode, probe: str) -> Repository:
    owner, _, name = node.name_with_owner.partition("/")
    branch = node.default_branch_ref
    probed = {
        "pullRequests": node.pull_requests,
        "issues": node.issues,
        "deployments": node.deployments,
        "releases": node.releases,
    }.get(probe)
    newest = probed.found[0] if probed and probed.found else None
    return Repository(
        id=node.id,
        owner=owner,
        name=name,
        key=model.repository(node.url),
        created_at=utc(node.created_at),
        branch=branch.name if branch else "",
        head=branch.target.oid if branch and branch.target else "",
        newest=utc(newest.updated_at or newest.created_at) if newest else None,
        deployed=bool(node.deployments and node.deployments.found),
    )


def _permission(probe: str) -> str:
    return {
        "pullRequests": "Pull requests: read",
        "issues": "Issues: read",
        "deployments": "Deployments: read",
        "releases": "Contents: read",
    }.get(probe, "Metadata: read")
