"""The company's code hosts: six teams' repositories on GitHub, two teams' on GitLab."""

from __future__ import annotations

import datetime as dt
from typing import Any

from tests.company.history import Node, base_of, login, message, nodes
from tests.company.script import Company, MadeCommit, MadePull
from tests.standins import github_world, gitlab
from tests.standins.github import GitHub
from tests.standins.github_world import Repository, Row
from tests.standins.gitlab import GitLabWorld

TOKEN = "github_pat_company"
GITLAB_TOKEN = "glpat-company"
RUN_MINUTES = 9
_NOTES = {
    "approved": "[approved this merge request]",
    "changes_requested": "[requested changes]",
}


def stamp(at: dt.datetime) -> str:
    """A moment as GitHub writes it."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def github(company: Company) -> GitHub:
    """An organisation with single sign-on, which knows its members' addresses."""
    host = GitHub(token=TOKEN)
    for repo in company.repos:
        if repo.startswith("github.com/"):
            _repository(company, repo, host.world.add(repo.rpartition("/")[2]))
    everybody = [person for person in company.people.values() if person.in_directory]
    host.world.members = {p.login: {"name": p.name, "emails": []} for p in everybody}
    host.world.identities = [{"nameId": p.email, "login": p.login} for p in everybody]
    # Teams of reviewers, which are no teams of the organisation.
    reviewers = {p.login: "MEMBER" for p in everybody[:5]}
    host.world.teams = [github_world.Team("Reviewers", "reviewers", reviewers)]
    return host


def _repository(company: Company, repo: str, row: Repository) -> None:
    row.createdAt = "2025-01-01T00:00:00Z"
    bases = base_of(company, repo)
    for node in nodes(company, repo):
        row.commits[node.sha] = _commit(company, node)
        row.head = node.sha
    pulls = [pull for pull in company.pulls if pull.repo == repo]
    row.pullRequests = [_pull(company, pull, bases[pull.number]) for pull in pulls]
    creators = {pull.merge_sha: company.people[pull.author].login for pull in pulls if pull.merged}
    for made in company.deployments:
        if made.repo == repo:
            begun = made.at - dt.timedelta(minutes=4)
            state = "FAILURE" if made.broken else "SUCCESS"
            said = (state, stamp(made.at))
            more = {"commitOid": made.sha, "creator": creators[made.sha]}
            number = _unique(repo, made.number)
            row.deployments.append(github_world.deployment(number, stamp(begun), said, **more))
    row.runs = [_run(repo, pull, creators[pull.merge_sha]) for pull in pulls if pull.merged]


def _unique(repo: str, number: int) -> int:
    """A number across all repositories."""
    return sum(map(ord, repo)) * 100_000 + number


def _commit(company: Company, node: Node) -> Row:
    who: str | None = "dependabot[bot]"
    if node.author:
        who = login(company, node.author, node.address)
    name = company.people[node.author].name if node.author else "dependabot[bot]"
    row = github_world.commit(
        node.sha,
        stamp(node.at),
        message=node.message,
        additions=node.additions,
        deletions=node.deletions,
        parents=list(node.parents),
    )
    return row | {"author": {"name": name, "email": node.address, "login": who}}


def _pull(company: Company, pull: MadePull, base: str) -> Row:
    parents = [base, *(commit.sha for commit in pull.commits)]
    commits = [
        _commit(company, _written(commit, parent))
        for commit, parent in zip(pull.commits, parents, strict=False)
    ]
    added, deleted = (sum(c[name] for c in commits) for name in ("additions", "deletions"))
    author = company.people[pull.author].login
    merged = {"state": "MERGED", "mergedAt": stamp(pull.merged), "closedAt": stamp(pull.merged),
              "mergedBy": author, "mergeCommit": pull.merge_sha} if pull.merged else {}  # fmt: skip
    return github_world.pull_request(
        pull.number,
        stamp(pull.opened),
        author,
        title="A secret title",
        body="A secret body",
        updatedAt=stamp(_changed(pull)),
        commits=commits,
        additions=added,
        deletions=deleted,
        reviews=[_review(company, pull, place) for place in range(len(pull.reviews))],
        files=[
            github_world.changed_file(f"src/{pull.number}.py", additions=added, deletions=deleted)
        ],
        **merged,
    )


def _written(commit: MadeCommit, parent: str) -> Node:
    who = commit.author, commit.address, message(commit)
    return Node(commit.sha, (parent,), commit.at, *who, commit.additions, commit.deletions)


def _changed(pull: MadePull) -> dt.datetime:
    times = [pull.opened, *(commit.at for commit in pull.commits), *(r[2] for r in pull.reviews)]
    return max([*times, pull.merged] if pull.merged else times)


def _review(company: Company, pull: MadePull, place: int) -> Row:
    who, state, at = pull.reviews[place]
    number = _unique(pull.repo, pull.number * 10 + place)
    return github_world.review(number, company.people[who].login, stamp(at), state.upper())


def _run(repo: str, pull: MadePull, actor: str) -> Row:
    assert pull.merged is not None
    ended = stamp(pull.merged + dt.timedelta(minutes=RUN_MINUTES))
    number, conclusion = (
        _unique(repo, pull.number),
        "failure" if pull.number % 5 == 0 else "success",
    )
    more = {"updated_at": ended, "head_sha": pull.merge_sha, "actor": actor}
    return github_world.run(number, stamp(pull.merged), conclusion, **more)


def gitlab_world(company: Company) -> GitLabWorld:
    """A group whose owner sees addresses. Commits there have no accounts, only addresses."""
    world = GitLabWorld(tokens={GITLAB_TOKEN: {"read_api"}})
    world.groups = [{"id": 1, "full_path": "acme"}, {"id": 2, "full_path": "acme/guild"}]
    members = [
        gitlab.member(
            p.login, id=number, **({"email" if p.in_directory else "public_email": p.email})
        )
        for number, p in enumerate(company.people.values(), 1)
    ]
    world.members = {"acme": members, "acme/guild": members[:5]}
    repos = [repo for repo in company.repos if repo.startswith("gitlab.com/")]
    for number, repo in enumerate(repos, 1):
        world.add_project(number, repo.partition("/")[2])
        _project(company, repo, number, world)
    return world


def _project(company: Company, repo: str, number: int, world: GitLabWorld) -> None:
    for node in nodes(company, repo):
        world.commits[number].insert(0, _gitlab_commit(company, node))
    for pull in (pull for pull in company.pulls if pull.repo == repo):
        _request(company, pull, number, world)
    for made in (made for made in company.deployments if made.repo == repo):
        status = "failed" if made.broken else "success"
        row = gitlab.deployment(_unique(repo, made.number), number, made.at, status)
        author = next(p.author for p in company.pulls if p.merge_sha == made.sha)
        world.deployments.append(
            row
            | {
                "sha": made.sha,
                "user": gitlab.user(company.people[author].login),
                "created_at": gitlab.text(made.at - dt.timedelta(minutes=4)),
                "deployable": {"finished_at": gitlab.text(made.at)},
            }
        )


def _gitlab_commit(company: Company, node: Node) -> dict[str, Any]:
    total = node.additions + node.deletions
    sizes = {"additions": node.additions, "deletions": node.deletions, "total": total}
    name = company.people[node.author].name if node.author else "dependabot[bot]"
    return gitlab.commit(node.sha, node.at, node.message) | {
        "author_name": name,
        "author_email": node.address,
        "parent_ids": list(node.parents),
        "stats": sizes,
    }


def _request(company: Company, pull: MadePull, number: int, world: GitLabWorld) -> None:
    commits = [_gitlab_commit(company, _written(commit, "0" * 40)) for commit in pull.commits]
    author = company.people[pull.author].login
    added, deleted = (sum(c["stats"][k] for c in commits) for k in ("additions", "deletions"))
    row = world.add_request(
        number,
        pull.number,
        pull.opened,
        author=gitlab.user(author),
        sha=commits[-1]["id"],
        _commits=commits,
        _files=[{"path": f"src/{pull.number}.py", "additions": added, "deletions": deleted}],
    )
    for who, state, at in pull.reviews:
        world.note(number, pull.number, at, company.people[who].login, _NOTES[state])
    if pull.merged:
        world.merge(number, pull.number, pull.merged, author)
        row["merge_commit_sha"] = pull.merge_sha
