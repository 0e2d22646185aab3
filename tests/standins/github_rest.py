"""REST rows in full: what GitHub's description calls required, made from the world's rows."""

from __future__ import annotations

from typing import Any

from tests.standins.github_world import Repository, Row

_API = "https://api.github.com"
_REPOSITORY_LINKS = """
    archive assignees blobs branches collaborators comments commits compare contents
    contributors deployments downloads events forks git_commits git_refs git_tags hooks html
    issue_comment issue_events issues keys labels languages merges milestones notifications
    pulls releases stargazers statuses subscribers subscription tags teams trees
"""
_USER_LINKS = """
    avatar events followers following gists html organizations received_events repos starred
    subscriptions
"""
_RUN_LINKS = """
    artifacts cancel check_suite html jobs logs rerun workflow
"""


def _links(names: str, root: str) -> dict[str, str]:
    return {f"{name}_url": f"{root}/{name}" for name in names.split()}


def _number(text: str) -> int:
    return sum(map(ord, text))


def user(login: str) -> Row:
    url = f"{_API}/users/{login}"
    return {
        **_links(_USER_LINKS, url),
        "login": login,
        "id": _number(login),
        "node_id": f"U_{login}",
        "gravatar_id": "",
        "url": url,
        "type": "Bot" if login.endswith("[bot]") else "User",
        "site_admin": False,
    }


def repository_row(repository: Repository) -> Row:
    owner, _, name = repository.nameWithOwner.partition("/")
    url = f"{_API}/repos/{repository.nameWithOwner}"
    return {
        **_links(_REPOSITORY_LINKS, url),
        "id": _number(repository.id),
        "node_id": repository.id,
        "name": name,
        "full_name": repository.nameWithOwner,
        "owner": user(owner),
        "private": True,
        "fork": bool(repository.flags.get("isFork")),
        "description": None,
        "url": url,
    }


def workflow_run(row: Row, repository: Repository) -> Row:
    url = f"{_API}/repos/{repository.nameWithOwner}/actions/runs/{row['id']}"
    return {
        **_links(_RUN_LINKS, url),
        "node_id": f"WFR_{row['id']}",
        "run_number": row["id"],
        "display_title": "A title that must not be kept",
        "path": ".github/workflows/ci.yml",
        "workflow_id": 1,
        "url": url,
        "pull_requests": [],
        "head_commit": None,
        "repository": repository_row(repository),
        "head_repository": repository_row(repository),
        **row,
        "actor": user(row["actor"]),
    }


def commit_row(row: Row, repository: Repository) -> Row:
    url = f"{_API}/repos/{repository.nameWithOwner}/commits/{row['oid']}"
    who = {
        "name": row["author"]["name"],
        "email": row["author"]["email"],
        "date": row["authoredDate"],
    }
    login = row["author"]["login"]
    return {
        "sha": row["oid"],
        "node_id": row["id"],
        "url": url,
        "html_url": url,
        "comments_url": f"{url}/comments",
        "author": user(login) if login else None,
        "committer": user(login) if login else None,
        "parents": [{"sha": oid, "url": url} for oid in row["parents"]],
        "commit": {
            "url": url,
            "author": who,
            "committer": {**who, "date": row["committedDate"]},
            "message": row["message"],
            "comment_count": 0,
            "tree": {"sha": row["oid"], "url": url},
        },
    }


def comparison(
    repository: Repository, base: str, head: str, shown: list[Row], total: int
) -> dict[str, Any]:
    """Of which the changed files, with their patches, are left out."""
    url = f"{_API}/repos/{repository.nameWithOwner}/compare/{base}...{head}"
    shared = commit_row(repository.commits[base], repository)
    links = ("url", "html_url", "permalink_url", "diff_url", "patch_url")
    return {
        **dict.fromkeys(links, url),
        "base_commit": shared,
        "merge_base_commit": shared,
        "status": "ahead",
        "ahead_by": total,
        "behind_by": 0,
        "total_commits": total,
        "commits": [commit_row(row, repository) for row in shown],
    }
