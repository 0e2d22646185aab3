"""Signing in with a token or as an App, and what `source test` says of missing rights."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from joserfc.jwk import RSAKey
from pydantic import SecretStr, ValidationError
from tests.sources.github_company import company, opened
from tests.sources.passes import NOW, Waits, read, stream_of
from tests.standins.github import ALL, App, GitHub
from tests.standins.server import StandIn

from steelyard.errors import ConfigError, SourceDenied
from steelyard.sources.contract import Check
from steelyard.sources.github.api import Api
from steelyard.sources.github.source import GitHub as Source
from steelyard.sources.github.source import GitHubOptions
from steelyard.sources.network import Network
from steelyard.sources.registry import check_options, secret_names


@pytest.fixture(scope="module")
def key() -> RSAKey:
    return RSAKey.generate_key(2048)


@pytest.fixture
def github() -> Iterator[GitHub]:
    github = GitHub(company())
    with github.serving() as stand_in:
        github.stand_in = stand_in  # type: ignore[attr-defined]
        yield github


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> dt.datetime:
        return self.now


def as_app(github: GitHub, key: RSAKey, clock: Clock, **more: str) -> Source:
    said = {
        "repositories": "acme",
        "app_id": "12",
        "installation_id": "34",
        "private_key": SecretStr(key.as_pem(private=True).decode()),
        "base_url": github.url,
        **more,
    }
    network = Network(attempts=2, pause=lambda seconds: None, clock=clock)
    return Source(GitHubOptions.model_validate(said), network)


def asked_for_tokens(github: GitHub) -> int:
    stand_in: StandIn = github.stand_in  # type: ignore[attr-defined]
    return sum(request.path.endswith("/access_tokens") for request in stand_in.seen)


def test_an_app_renews_its_token_before_the_hour_ends(github: GitHub, key: RSAKey) -> None:
    clock = Clock()
    github.app, github.clock = App("12", "34", key), clock
    source = as_app(github, key, clock)
    numbers = set()
    for page in stream_of(source, "pull requests").pages(None, NOW):
        numbers |= {one.key for one in page.records if one.kind == "pull_requests"}
        clock.now += dt.timedelta(minutes=20)
    assert len(numbers) == 62
    assert asked_for_tokens(github) == 2


def test_a_token_revoked_early_is_renewed_once(github: GitHub, key: RSAKey) -> None:
    clock = Clock()
    github.app, github.clock = App("12", "34", key), clock
    source = as_app(github, key, clock)
    read(source, "issues")
    github.issued.clear()
    assert len(read(source, "issues").of("issues")) == 130


@pytest.mark.parametrize(
    ("app", "what"),
    [(("13", "34"), "too far"), (("12", "35"), "Not Found")],
)
def test_an_app_that_github_does_not_know(
    github: GitHub, key: RSAKey, app: tuple[str, str], what: str
) -> None:
    clock = Clock()
    github.app, github.clock = App(*app, key), clock
    with pytest.raises(SourceDenied, match=what) as denied:
        read(as_app(github, key, clock), "issues")
    assert "clock" in denied.value.hint


def test_another_private_key_is_refused_and_a_broken_one_is_said(
    github: GitHub, key: RSAKey
) -> None:
    clock = Clock()
    github.app = App("12", "34", RSAKey.generate_key(2048))
    with pytest.raises(SourceDenied, match="could not be decoded"):
        read(as_app(github, key, clock), "issues")
    with pytest.raises(ConfigError, match="not a private key"):
        read(as_app(github, key, clock, private_key="nonsense"), "issues")


def checks(github: GitHub, **options: object) -> dict[str, Check]:
    found = list(opened(github, Waits(attempts=1), **options).check())
    assert len({check.what for check in found}) == len(found)
    return {check.what: check for check in found}


def test_a_good_token_passes_every_check(github: GitHub) -> None:
    found = checks(github)
    assert all(check.ok for check in found.values())
    assert found["repositories"].detail == "3 found"
    assert len(found) == 8


@pytest.mark.parametrize(
    ("lacking", "what", "scope"),
    [
        ("pull_requests", "Pull requests: read", "repo"),
        ("contents", "Contents: read", "repo"),
        ("issues", "Issues: read", "repo"),
        ("deployments", "Deployments: read", "repo"),
        ("actions", "Actions: read", "repo"),
        ("members", "Members: read", "read:org"),
    ],
)
def test_each_missing_permission_is_named(
    github: GitHub, lacking: str, what: str, scope: str
) -> None:
    github.permissions = ALL - {lacking}
    found = checks(github)
    assert [check.what for check in found.values() if not check.ok] == [what]
    assert what in found[what].hint
    assert scope in found[what].hint


def test_what_is_not_wanted_needs_no_permission(github: GitHub) -> None:
    github.permissions = ALL - {"actions", "members"}
    found = checks(github, runs="none", teams="no", members="no")
    assert all(check.ok for check in found.values())


def test_a_wrong_token_ends_the_checks(github: GitHub) -> None:
    found = checks(github, token=SecretStr("ghp_old"))
    assert list(found) == ["token"]
    assert not found["token"].ok
    assert "expired" in found["token"].hint


def test_a_classic_token_s_scopes_are_shown_and_unknown_names_are_said(github: GitHub) -> None:
    github.scopes = "repo, read:org"
    assert checks(github)["token"].detail == "classic, with repo, read:org"
    found = checks(github, repositories="acmee")
    assert not found["repositories"].ok
    assert "acmee" in found["repositories"].detail


def test_members_explain_themselves_and_teams_stop_when_not_permitted(github: GitHub) -> None:
    github.permissions = ALL - {"organization_administration"}
    told = read(opened(github), "members")
    assert len(told.of("accounts")) == 121
    assert "single sign-on of acme" in told.notes[0]
    assert "admin:org" in told.notes[0]
    github.permissions = ALL - {"verified_domains"}
    told = read(opened(github), "members")
    assert {one.email for one in told.of("accounts").values()} == {"", "ben@acme.example"}  # type: ignore[attr-defined]
    assert len(told.of("accounts")) == 122
    github.permissions = ALL - {"members"}
    assert read(opened(github), "members").notes
    with pytest.raises(SourceDenied, match="does not show teams") as denied:
        read(opened(github), "teams")
    assert "teams=no" in denied.value.hint


def test_single_repositories_have_neither_members_nor_teams(github: GitHub) -> None:
    streams = opened(github, repositories="acme/app").streams()
    assert not {"members", "teams"} & {stream.name for stream in streams}


@pytest.mark.parametrize(
    ("base_url", "graphql"),
    [
        ("https://api.github.com", "https://api.github.com/graphql"),
        ("https://git.acme.example/api/v3", "https://git.acme.example/api/graphql"),
        ("https://git.acme.example/api/v3/", "https://git.acme.example/api/graphql"),
        ("https://api.acme.ghe.com", "https://api.acme.ghe.com/graphql"),
    ],
)
def test_where_graphql_is(base_url: str, graphql: str) -> None:
    options = GitHubOptions(repositories="acme", token=SecretStr("x"), base_url=base_url)
    assert Api(options, Network()).graphql_url == graphql


def test_options_are_checked_and_secrets_stay_references() -> None:
    assert set(secret_names(GitHubOptions)) == {"token", "private_key"}
    said = {"repositories": "acme", "token": "env:GITHUB_TOKEN", "runs": "default-branch"}
    assert check_options("github", said) == said
    with pytest.raises(ConfigError, match="token"):
        check_options("github", {"repositories": "acme"})
    with pytest.raises(ValidationError, match="regular expression"):
        GitHubOptions(repositories="acme", token=SecretStr("x"), production="(")
