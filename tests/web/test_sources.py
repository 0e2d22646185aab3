"""The page Sources says what is read, how far, what stops it and what to do."""

from __future__ import annotations

import csv
import datetime as dt
import io

from starlette.testclient import TestClient
from tests.web.conftest import HTML
from tests.web.world import NOW, World

from steelyard.state.sources import KnownSource, Problem, StreamState
from steelyard.web.app import create_app

HOUR = dt.timedelta(hours=1)
EXPIRED = Problem(
    "source_denied",
    "api.github.com does not accept the token: Bad credentials.",
    "It is wrong, revoked or has expired: make a new one.",
    NOW - HOUR,
)


def known(name: str, kind: str, *streams: StreamState) -> KnownSource:
    options = {"place": "acme", "token": "env:TOKEN"}
    return KnownSource(name, kind, options, HOUR, NOW - 9 * HOUR, streams)


def read(name: str, records: int, **more: object) -> StreamState:
    times = {"started": NOW - HOUR / 2, "succeeded": NOW - HOUR / 3, "newest": NOW - 2 * HOUR}
    return StreamState(name, records=records, **{**times, **more})  # type: ignore[arg-type]


def sources() -> tuple[KnownSource, ...]:
    late = "The story points field `customfield_10016` is gone; `Story Points` looks like it."
    back_fill = read("issues", 9_000, pass_began=NOW - 3 * HOUR, notes=(late,))
    return (
        known("clones", "git", read("commits", 51_234)),
        known("github", "github", read("pull_requests", 320, problem=EXPIRED), read("teams", 8)),
        known("jira", "jira", back_fill),
        known("hours", "tempo"),
    )


def test_those_that_need_help_come_first_with_what_to_do(acme: World) -> None:
    acme.known = sources()
    said = TestClient(create_app(acme), "http://127.0.0.1:8480").get("/sources", headers=HTML).text
    assert "github needs help; everything else is read." in said
    order = [said.index(f'id="source-{name}"') for name in ("github", "hours", "jira", "clones")]
    assert order == sorted(order)
    assert "Bad credentials" in said and "make a new one" in said
    assert "<code>customfield_10016</code> is gone" in said
    assert "under way since" in said
    assert "51,234" in said and "env:TOKEN" in said


def test_an_empty_page_says_what_can_be_read(fresh: TestClient) -> None:
    said = fresh.get("/sources", headers=HTML).text
    assert "No source is read yet" in said
    assert "steelyard source add git PATH" in said


def test_the_same_as_data(acme: World) -> None:
    acme.known = sources()
    client = TestClient(create_app(acme), "http://127.0.0.1:8480")
    rows = client.get("/sources.json").json()["sources"]
    assert [(row["source"], row["stream"], row["status"]) for row in rows] == [
        ("clones", "commits", "ok"),
        ("github", "pull_requests", "failing"),
        ("github", "teams", "ok"),
        ("jira", "issues", "warn"),
        ("hours", "", "new"),
    ]
    table = list(csv.DictReader(io.StringIO(client.get("/sources.csv").text)))
    assert [row["problem"] for row in table] == [row["problem"] for row in rows]
    assert table[1]["hint"] == EXPIRED.hint
