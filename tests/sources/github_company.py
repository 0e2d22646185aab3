"""A company on GitHub with enough of everything for several pages, and a source that reads it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pydantic import SecretStr
from tests.sources.passes import Waits
from tests.standins.github import GitHub
from tests.standins.github_world import (
    Repository,
    Team,
    World,
    changed_file,
    commit,
    deployment,
    issue,
    pull_request,
    release,
    review,
    run,
    sha,
)

from steelyard.sources.github.source import GitHub as Source
from steelyard.sources.github.source import GitHubOptions

BEGAN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def at(days: float) -> str:
    """A moment after the first of January 2026, as GitHub writes it."""
    return f"{BEGAN + dt.timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"


def request(number: int, **more: Any) -> dict[str, Any]:
    """A pull request of its day, with a commit, a review and a file."""
    return pull_request(
        number,
        at(number),
        **{
            "commits": [commit(sha("request", number), at(number - 0.5))],
            "reviews": [review(number, "ben", at(number + 0.1))],
            "files": [changed_file(f"src/{number}.py")],
            **more,
        },
    )


def company() -> World:
    """acme: an application, a library that is only released, an empty repository."""
    world = World()
    _application(world.add("app"))
    library = world.add("lib")
    library.releases += [release(number, at(number)) for number in range(1, 4)]
    library.pullRequests += [
        request(number, reviews=[review(1000 + number, "cy", at(number))]) for number in (1, 2)
    ]
    library.push(commit(sha("lib"), at(1)))
    world.add("new")
    world.members = {f"dev{n}": {"name": f"Dev {n}", "emails": []} for n in range(120)}
    world.members["ada"] = {"name": "Ada", "emails": ["ada@acme.example"]}
    world.identities = [{"nameId": "Ben@acme.example", "login": "ben"}]
    world.teams = [
        Team("Payments", "payments", {"ada": "MAINTAINER"}),
        Team("Everybody", "everybody", {f"dev{n}": "MEMBER" for n in range(120)}),
    ]
    return world


def _application(app: Repository) -> None:
    app.push(*(commit(sha("main", n), at(n)) for n in range(1, 231)))
    app.pullRequests += [request(number) for number in range(1, 61)]
    app.issues += [issue(number, at(number)) for number in range(100, 230)]
    app.deployments += [
        deployment(number, at(number), ("SUCCESS", at(number + 0.01))) for number in range(1, 121)
    ]
    app.runs += [run(number, at(number / 10)) for number in range(1, 131)]


def opened(github: GitHub, waits: Waits | None = None, **options: Any) -> Source:
    """A source that reads the stand-in, with its token unless another is given."""
    said = {
        "repositories": "acme",
        "token": SecretStr(github.token),
        "base_url": github.url,
        **options,
    }
    return Source(GitHubOptions(**said), (waits or Waits()).network)
