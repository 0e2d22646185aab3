"""The history of a repository of the scripted company, as a host shows it and as git makes it.

A merged pull request is its commits and a merge commit; a root commit by a bot comes before all.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import subprocess
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tests.company.script import SHARED, START, Company, MadeCommit, MadeIssue, MadePull

ROOT_AT = dt.datetime.combine(START - dt.timedelta(days=7), dt.time(9), dt.UTC)
BOT = "49699333+dependabot[bot]@users.noreply.github.com"
TRAILER = "Co-Authored-By: Claude <noreply@anthropic.com>"


@dataclass(frozen=True)
class Node:
    """A commit of the default branch: the script's, a merge, or the root by a bot."""

    sha: str
    parents: tuple[str, ...]
    at: dt.datetime
    author: str  # the person's e-mail, '' for the bot
    address: str
    message: str
    additions: int = 0
    deletions: int = 0
    on_branch: bool = False  # of a pull request

    @property
    def is_merge(self) -> bool:
        return len(self.parents) > 1


def by(company: Company, moment: dt.datetime) -> Company:
    """What had happened by a moment. What is open then may be merged or resolved later."""
    return Company(
        company.people,
        [c for c in company.commits if c.at <= moment],
        [_pull_by(p, moment) for p in company.pulls if p.opened <= moment],
        [_issue_by(i, moment) for i in company.issues if i.created <= moment],
        [d for d in company.deployments if d.at <= moment],
        [i for i in company.incidents if i.resolved <= moment],
        [w for w in company.worklogs if w.day < moment.date()],
        [s for s in company.sessions if s.at <= moment],
        company.roots,
    )


def _pull_by(pull: MadePull, moment: dt.datetime) -> MadePull:
    merged = pull.merged if pull.merged and pull.merged <= moment else None
    return replace(
        pull,
        merged=merged,
        merge_sha=pull.merge_sha if merged else "",
        commits=tuple(commit for commit in pull.commits if commit.at <= moment),
        reviews=tuple(review for review in pull.reviews if review[2] <= moment),
    )


def _issue_by(issue: MadeIssue, moment: dt.datetime) -> MadeIssue:
    started = issue.started if issue.started and issue.started <= moment else None
    resolved = issue.resolved if issue.resolved and issue.resolved <= moment else None
    return replace(issue, started=started, resolved=resolved)


def message(commit: MadeCommit) -> str:
    """What its author wrote, with the words that must never leave a source."""
    text = f"{commit.issue} A secret message".strip()
    return f"{text}\n\n{TRAILER}" if commit.assisted else text


def login(company: Company, email: str, address: str) -> str | None:
    """Whose account a host gives a commit's address to: nobody's, where two share it."""
    return None if address == SHARED else company.people[email].login


def nodes(company: Company, repo: str) -> list[Node]:
    """The default branch in the order in which it grew, branches before what merged them."""
    return list(_Branch(company, repo).grow())


def base_of(company: Company, repo: str) -> dict[int, str]:
    """What each pull request began from."""
    branch = _Branch(company, repo)
    list(branch.grow())
    pulls = (pull for pull in company.pulls if pull.repo == repo)
    return {pull.number: branch.head_at(pull.opened) for pull in pulls}


class _Branch:
    def __init__(self, company: Company, repo: str) -> None:
        self.company, self.repo = company, repo
        root = company.roots.get(repo) or hashlib.sha1(repo.encode()).hexdigest()
        self.heads: list[tuple[dt.datetime, str]] = [(ROOT_AT, root)]

    def head_at(self, moment: dt.datetime) -> str:
        place = bisect_right(self.heads, moment, key=lambda head: head[0])
        return self.heads[place - 1][1]

    def grow(self) -> Iterator[Node]:
        yield Node(self.heads[0][1], (), ROOT_AT, "", BOT, "Begin")
        direct = [c for c in self.company.commits if c.repo == self.repo and not c.pull_request]
        merged = [p for p in self.company.pulls if p.repo == self.repo and p.merged]
        events = [(c.at, c.sha, c) for c in direct]
        events += [(p.merged, p.merge_sha, p) for p in merged]  # type: ignore[misc]
        for at, sha, event in sorted(events, key=lambda one: one[:2]):
            head = self.heads[-1][1]
            yield from (
                self._merge(event, head) if isinstance(event, MadePull) else (_node(event, head),)
            )
            self.heads.append((at, sha))

    def _merge(self, pull: MadePull, head: str) -> Iterator[Node]:
        assert pull.merged is not None
        parent = self.head_at(pull.opened)
        for commit in pull.commits:
            yield _node(commit, parent)
            parent = commit.sha
        text = f"Merge pull request #{pull.number}"
        yield Node(pull.merge_sha, (head, parent), pull.merged, pull.author, pull.author, text)


def _node(commit: MadeCommit, parent: str) -> Node:
    sizes = commit.additions, commit.deletions, commit.pull_request is not None
    who = commit.author, commit.address, message(commit)
    return Node(commit.sha, (parent,), commit.at, *who, *sizes)


def really(company: Company, repo: str, folder: Path) -> Company:
    """Make one repository with git itself, and the company with the names git gave its commits."""
    folder.mkdir(parents=True)
    _git(folder, "init", "-q", "--bare", "-b", "main")
    grown = nodes(company, repo)
    _git(folder, "fast-import", "--quiet", "--force", "--export-marks=marks", given=_import(grown))
    lines = (folder / "marks").read_text().split("\n")
    marks = dict(line[1:].split(" ") for line in lines if line)
    shas = {node.sha: marks[str(place)] for place, node in enumerate(grown, 1)}
    return _renamed(company, repo, shas, shas[grown[0].sha])


def show(company: Company, repo: str, folder: Path) -> None:
    """Let the repository that git made end where the company's history does."""
    _git(folder, "update-ref", "refs/heads/main", nodes(company, repo)[-1].sha)


def _import(grown: list[Node]) -> bytes:
    """As a stream of git's fast-import. Each commit writes a file of lines that are nobody else's
    and deletes one that was there from the beginning, so that its numbers are as scripted."""
    places = {node.sha: place for place, node in enumerate(grown, 1)}
    branch: list[bytes] = []  # what the merge at its end brings
    out = [b"feature done\n"]
    for node in grown:
        place = places[node.sha]
        changes = [_changes(place, node)] if node.parents else [_seed(grown)]
        if node.is_merge:
            changes, branch = branch, []
        elif node.on_branch:
            branch += changes
        out.append(_commit(place, node, [places[parent] for parent in node.parents]))
        out += changes
    # The last node is always on the default branch: a commit or what merged some.
    return b"".join([*out, b"reset refs/heads/main\nfrom :%d\n\n" % len(grown), b"done\n"])


def _commit(place: int, node: Node, parents: list[int]) -> bytes:
    who = f"{node.author or 'bot'} <{node.address}> {int(node.at.timestamp())} +0000"
    text = node.message.encode()
    links = b"".join(
        b"%s :%d\n" % (word, parent)
        for word, parent in zip((b"from", b"merge"), parents, strict=False)
    )
    head = f"commit refs/heads/work\nmark :{place}\nauthor {who}\ncommitter {who}\n"
    return head.encode() + b"data %d\n%s\n" % (len(text), text) + links


def _seed(grown: list[Node]) -> bytes:
    return b"".join(
        _file(f"old/{place}.txt", place, node.deletions)
        for place, node in enumerate(grown, 1)
        if node.deletions
    )


def _changes(place: int, node: Node) -> bytes:
    gone = f"D old/{place}.txt\n".encode() if node.deletions else b""
    return gone + _file(f"src/{place}.txt", -place, node.additions)


def _file(path: str, key: int, lines: int) -> bytes:
    digest = hashlib.sha256(str(key).encode()).hexdigest()
    data = "".join(f"{digest} {number}\n" for number in range(lines)).encode()
    return f"M 644 inline {path}\ndata {len(data)}\n".encode() + data + b"\n"


def _git(folder: Path, *words: str, given: bytes = b"") -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    env = kept | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(["git", *words], cwd=folder, env=env, input=given, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


def _renamed(company: Company, repo: str, shas: dict[str, str], root: str) -> Company:
    def commit(made: MadeCommit) -> MadeCommit:
        return replace(made, sha=shas.get(made.sha, made.sha))

    return replace(
        company,
        commits=[commit(made) for made in company.commits],
        pulls=[
            replace(
                pull,
                commits=tuple(map(commit, pull.commits)),
                merge_sha=shas.get(pull.merge_sha, pull.merge_sha),
            )
            for pull in company.pulls
        ],
        deployments=[replace(d, sha=shas.get(d.sha, d.sha)) for d in company.deployments],
        roots=company.roots | {repo: root},
    )
