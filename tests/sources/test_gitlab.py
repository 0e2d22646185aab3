from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from pydantic import ValidationError
from tests.sources.passes import NOW, Pass, Waits, interrupted, read, stream_of
from tests.standins.gitlab import (
    GitLabWorld,
    commit,
    deployment,
    issue,
    member,
    pipeline,
    text,
    user,
)
from tests.standins.server import Answer, StandIn, serving

from steelyard.errors import SourceChanged, SourceDenied, SourceLimited
from steelyard.model import (
    Account,
    ChangedFile,
    CiRun,
    Commit,
    Deployment,
    Issue,
    Membership,
    PullRequest,
    Review,
)
from steelyard.sources.gitlab.source import GitLab, GitLabOptions
from steelyard.sources.network import Network

DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)
BEGUN = NOW - 100 * DAY
REPO = "gitlab.com/acme/app"
STREAMS = ["members", "teams", "merge requests", "commits", "issues", "deployments", "pipelines"]


@pytest.fixture
def world() -> GitLabWorld:
    """A group of three projects and two teams; many things changed at one moment."""
    made = GitLabWorld()
    for number, path in ((1, "acme"), (2, "acme/pay"), (3, "acme/web"), (4, "other")):
        made.groups.append({"id": number, "full_path": path, "name": path})
    for number, path in ((11, "acme/app"), (12, "acme/pay/api"), (15, "acme/empty")):
        made.add_project(number, path)
    made.add_project(99, "other/secret")
    made.members = {
        "acme": [member("ada", 50, email="ada@acme.example")],
        "acme/pay": [member("bob", expires_at="2027-01-31"), member("group_2_bot_a1b2", 20)],
        "acme/web": [member("ada", 40), *(member(f"dev{n}") for n in range(120))],
    }
    for n in range(1, 46):
        made.add_request(11 if n % 3 else 12, n, BEGUN + (n // 25) * DAY)
    for n in range(230):
        made.commit(11 if n % 4 else 12, BEGUN + n * HOUR)
        made.issues.append(issue(n + 1, 12 if n % 4 else 11, BEGUN + (n // 120) * DAY))
        made.deployments.append(deployment(n + 1, 11 if n % 4 else 12, BEGUN + n * MINUTE))
    for n in range(60):
        made.pipelines.append(pipeline(n + 1, 11 if n % 10 else 12, BEGUN + n * MINUTE))
    return made


@pytest.fixture
def stand_in(world: GitLabWorld) -> Iterator[StandIn]:
    with serving(world) as running:
        yield running


def opened(stand_in: StandIn, network: Network | None = None, **options: object) -> GitLab:
    said = {"groups": "acme", "token": "glpat-1", "base_url": stand_in.url, **options}
    return GitLab(GitLabOptions.model_validate(said), network or Waits().network)


def test_everything_comes_once(stand_in: StandIn) -> None:
    source = opened(stand_in)
    told = {name: read(source, name) for name in STREAMS}
    assert len(told["merge requests"].of("pull_requests")) == 45
    assert len(told["commits"].of("commits")) == 230
    assert len(told["issues"].of("issues")) == 230
    assert len(told["deployments"].of("deployments")) == 230
    assert len(told["pipelines"].of("ci_runs")) == 60
    assert len(told["teams"].of("memberships")) == 123
    assert not any("other" in repr(done.told) for done in told.values())


@pytest.mark.parametrize("stream", STREAMS)
def test_interrupted_after_any_page_nothing_is_lost(stand_in: StandIn, stream: str) -> None:
    places = {"groups": "acme,other", "projects": "acme/app"}
    whole = read(opened(stand_in, **places), stream)
    passes = interrupted(lambda: opened(stand_in, **places), stream)
    assert len(passes) == len(whole.pages) - 1 > 0
    for done in passes:
        assert done.told == whole.told
        assert len(done.pages) == len(whole.pages)  # gone on from there, not begun anew


def test_a_merge_request_with_all_that_belongs_to_it(stand_in: StandIn, world: GitLabWorld) -> None:
    row = world.add_request(11, 77, NOW - 5 * DAY, draft=False, labels=["backend"])
    row["title"] = "PAY-12: revert it"
    row["description"] = "This reverts merge request !5"
    row["_commits"] = [
        commit("c1", NOW - 6 * DAY, "Begin"),
        commit("c2", NOW - 4 * DAY, "More\n\nCo-authored-by: Claude <noreply@anthropic.com>"),
        commit("c3", NOW - 3 * DAY, "By hand"),
    ]
    row["_files"] = [
        {"path": "a.py", "additions": 30, "deletions": 2},
        {"path": "b.py", "additions": 5, "deletions": 1},
    ]
    world.note(11, 77, NOW - 90 * HOUR, "ada", "[marked this merge request as **ready**]")
    world.note(11, 77, NOW - 80 * HOUR, "bob", "A secret comment")
    world.note(11, 77, NOW - 79 * HOUR, "ada", "Thanks")
    world.note(11, 77, NOW - 78 * HOUR, "bob", "[requested changes]")
    world.note(11, 77, NOW - 70 * HOUR, "bob", "[approved this merge request]")
    world.note(11, 77, NOW - 69 * HOUR, "bob", "[mentioned in commit abc]")
    world.merge(11, 77, NOW - 60 * HOUR)
    done = read(opened(stand_in), "merge requests")
    key = f"{REPO}#77"
    assert done.told["pull_requests", key] == PullRequest(
        key=key,
        repo=REPO,
        number=77,
        author="gitlab:ada",
        state="merged",
        created_at=NOW - 5 * DAY,
        ready_at=NOW - 90 * HOUR,
        first_commit_at=NOW - 6 * DAY,
        merged_at=NOW - 60 * HOUR,
        closed_at=NOW - 60 * HOUR,
        updated_at=NOW - 60 * HOUR,
        merged_by="gitlab:bob",
        base="main",
        merge_sha=f"m{77:039x}",
        head_sha=f"{77:040x}",
        additions=35,
        deletions=3,
        files=2,
        commits=3,
        human_commits_after_open=1,
        commit_shas=("c1", "c2", "c3"),
        labels=("backend",),
        assistants=("claude-code",),
        evidence="trailer",
        issues=("PAY-12",),
        reverts=f"{REPO}#5",
    )
    reviews = [r for r in done.of("reviews").values() if isinstance(r, Review)]
    assert [(r.reviewer, r.state) for r in reviews] == [
        ("gitlab:bob", "commented"),
        ("gitlab:bob", "changes_requested"),
        ("gitlab:bob", "approved"),
    ]
    file = done.told["changed_files", f"{key}:a.py"]
    assert isinstance(file, ChangedFile)
    assert (file.additions, file.pull_request) == (30, key)
    assert ("accounts", "gitlab:bob") in done.told
    assert "secret" not in repr(done.records).lower()


def test_drafts_are_not_ready_and_fast_forwards_have_a_sha(
    stand_in: StandIn, world: GitLabWorld
) -> None:
    world.request(11, 1)["draft"] = True
    world.merge(11, 2, NOW)
    world.request(11, 2)["merge_commit_sha"] = None
    found = read(opened(stand_in), "merge requests").of("pull_requests")
    draft, merged, plain = (found[f"{REPO}#{n}"] for n in (1, 2, 4))
    assert isinstance(draft, PullRequest)
    assert isinstance(merged, PullRequest)
    assert isinstance(plain, PullRequest)
    assert (draft.draft, draft.ready_at) == (True, None)
    assert merged.merge_sha == merged.head_sha == f"{2:040x}"
    assert (plain.ready_at, plain.merge_sha, plain.closed_at) == (plain.created_at, "", None)


def test_without_graphql_sizes_are_unknown_and_said_so(
    stand_in: StandIn, world: GitLabWorld
) -> None:
    world.graphql = False
    done = read(opened(stand_in), "merge requests")
    found = done.told["pull_requests", f"{REPO}#1"]
    assert isinstance(found, PullRequest)
    assert (found.additions, found.files) == (None, None)
    assert "Sizes of merge requests are unknown" in done.notes[0]


def test_a_commit(stand_in: StandIn, world: GitLabWorld) -> None:
    message = "Fix PAY-3\n\nThis reverts commit 0123456789abcdef.\n\nAssisted-by: Claude"
    made = world.commit(11, NOW - DAY, message, parent_ids=["a", "b"])
    assert read(opened(stand_in), "commits").told["commits", made["id"]] == Commit(
        key=made["id"],
        repo=REPO,
        sha=made["id"],
        author_email="ada@acme.example",
        author_name="Ada",
        authored_at=NOW - DAY,
        committed_at=NOW - DAY,
        is_merge=True,
        additions=10,
        deletions=4,
        assistants=("claude-code",),
        evidence="trailer",
        issues=("PAY-3",),
        reverts="0123456789abcdef",
    )


def test_commits_written_before_and_merged_after_are_found(
    stand_in: StandIn, world: GitLabWorld
) -> None:
    first = read(opened(stand_in), "commits")
    old = world.commit(11, BEGUN - 30 * DAY, "Merged late")
    second = read(opened(stand_in), "commits", first.cursor, NOW + DAY)
    assert list(second.of("commits")) == [old["id"]]
    stand_in.seen.clear()
    third = read(opened(stand_in), "commits", second.cursor, NOW + 2 * DAY)
    assert not third.told
    assert not [r for r in stand_in.seen if r.path.endswith("/repository/commits")]


@pytest.mark.parametrize("answer", ["404", "empty"])
def test_rewritten_history_is_read_anew(stand_in: StandIn, world: GitLabWorld, answer: str) -> None:
    first = read(opened(stand_in), "commits")
    world.heads_forgotten = answer
    head = world.commits[11].pop(0)
    world.commit(11, NOW, id="f" * 40)
    second = read(opened(stand_in), "commits", first.cursor, NOW + DAY)
    assert "f" * 40 in second.of("commits")
    assert head["id"] not in second.of("commits")
    assert len(second.of("commits")) == len(world.commits[11])


def test_only_commits_from_a_day_on_at_first(stand_in: StandIn) -> None:
    day = BEGUN + 5 * DAY
    done = read(opened(stand_in, since=day.date(), projects="acme/app", groups=""), "commits")
    found = [c for c in done.of("commits").values() if isinstance(c, Commit) and c.committed_at]
    assert min(c.committed_at for c in found if c.committed_at) >= day.replace(hour=0)
    assert 0 < len(found) < 172


def test_an_issue(stand_in: StandIn, world: GitLabWorld) -> None:
    said = {"labels": ["type::bug", "priority::1", "workflow::in dev"], "weight": 3}
    closed = {"state": "closed", "closed_at": text(NOW), "time_stats": {"time_estimate": 7200}}
    world.issues += [issue(501, 11, NOW, **said), issue(502, 11, NOW, **closed)]
    found = read(opened(stand_in), "issues").of("issues")
    assert found[f"{REPO}#501"] == Issue(
        key=f"{REPO}#501",
        id="11501",
        name="acme/app#501",
        project=REPO,
        type="bug",
        priority="1",
        status="opened",
        status_category="doing",
        reporter="gitlab:ada",
        assignee="gitlab:bob",
        created_at=NOW,
        updated_at=NOW,
        story_points=3.0,
        labels=("type::bug", "priority::1", "workflow::in dev"),
    )
    other = found[f"{REPO}#502"]
    assert isinstance(other, Issue)
    assert (other.status_category, other.resolved_at, other.estimate_seconds) == ("done", NOW, 7200)


def test_a_deployment_and_a_pipeline(stand_in: StandIn, world: GitLabWorld) -> None:
    world.deployments += [
        deployment(900, 11, NOW, "failed"),
        deployment(901, 11, NOW, "running", "review/pre-prod"),
    ]
    world.pipelines.append(pipeline(900, 11, NOW, "failed"))
    source = opened(stand_in)
    found = read(source, "deployments").of("deployments")
    assert found["900"] == Deployment(
        key="900",
        repo=REPO,
        environment="production",
        is_production=True,
        sha=f"{900:040x}",
        ref="main",
        status="failure",
        created_at=NOW,
        finished_at=NOW + 2 * MINUTE,
        deployer="gitlab:bob",
    )
    review = found["901"]
    assert isinstance(review, Deployment)
    assert (review.is_production, review.status, review.finished_at) == (False, "running", None)
    assert read(source, "pipelines").of("ci_runs")["900"] == CiRun(
        key="900",
        repo=REPO,
        sha=f"{900:040x}",
        branch="main",
        workflow="Build",
        event="push",
        status="failure",
        started_at=NOW + MINUTE,
        finished_at=NOW + 5 * MINUTE,
        actor="gitlab:ada",
    )


def test_members_and_teams(stand_in: StandIn) -> None:
    source = opened(stand_in, projects="acme/pay/api")
    found = read(source, "members").of("accounts")
    key = "gitlab:ada ada@acme.example"
    ada = Account(key=key, account="gitlab:ada", email="ada@acme.example", name="Ada")
    assert found[key] == ada
    bot = found["gitlab:group_2_bot_a1b2"]
    assert isinstance(bot, Account)
    assert bot.bot
    teams = read(source, "teams").of("memberships")
    assert teams["acme/pay:bob"] == Membership(
        key="acme/pay:bob",
        team="acme/pay",
        member="gitlab:bob",
        role="developer",
        valid_to=dt.date(2027, 1, 31),
    )
    assert "acme:ada" not in teams
    assert "gitlab:dev7" in read(source, "teams").of("accounts")
    assert stream_of(source, "teams").snapshot


def test_the_next_pass_reads_what_changed(stand_in: StandIn, world: GitLabWorld) -> None:
    source = opened(stand_in)
    first = {name: read(source, name).cursor for name in STREAMS}
    world.merge(11, 1, NOW)
    world.issues.append(issue(900, 11, NOW))
    world.deployments.append(deployment(900, 12, NOW))
    world.pipelines.append(pipeline(900, 12, NOW))
    source = opened(stand_in)
    second = {name: read(source, name, first[name], NOW + DAY) for name in STREAMS}
    assert f"{REPO}#1" in second["merge requests"].of("pull_requests")
    assert f"{REPO}#900" in second["issues"].of("issues")
    assert "900" in second["deployments"].of("deployments")
    assert "900" in second["pipelines"].of("ci_runs")
    again = {name: read(source, name, second[name].cursor, NOW + DAY) for name in STREAMS}
    assert len(again["merge requests"].of("pull_requests")) < 40
    assert len(again["deployments"].of("deployments")) < 30


def test_a_new_project_is_read_whole(stand_in: StandIn, world: GitLabWorld) -> None:
    first = read(opened(stand_in), "issues")
    world.add_project(20, "acme/new")
    world.issues.append(issue(1, 20, BEGUN - 50 * DAY))
    second = read(opened(stand_in), "issues", first.cursor)
    assert "gitlab.com/acme/new#1" in second.of("issues")


def test_an_archived_project_is_read_once(stand_in: StandIn, world: GitLabWorld) -> None:
    world.projects[0]["archived"] = True
    first = read(opened(stand_in), "issues")
    assert f"{REPO}#1" in first.of("issues")
    stand_in.seen.clear()
    read(opened(stand_in), "issues", first.cursor)
    assert not [r for r in stand_in.seen if "/projects/11/" in r.path]


def test_what_changes_while_it_is_read_is_not_lost(stand_in: StandIn, world: GitLabWorld) -> None:
    done = Pass()
    for count, page in enumerate(opened(stand_in).issues(None, NOW)):
        done.take(page)
        for number in (count, count + 100):
            world.issues[number] |= {"state": "closed", "updated_at": text(NOW + count * MINUTE)}
    later = read(opened(stand_in), "issues", done.cursor, NOW + DAY)
    assert {**done.told, **later.told} == read(opened(stand_in), "issues").told


def test_hundreds_that_changed_at_one_moment(stand_in: StandIn, world: GitLabWorld) -> None:
    world.issues[:] = [issue(n, 11, BEGUN) for n in range(350)]
    done = read(opened(stand_in), "issues")
    assert len(done.of("issues")) == 350
    assert max(int(r.one("page", "1")) for r in stand_in.seen) == 4


def test_offsets_stay_small(stand_in: StandIn, world: GitLabWorld) -> None:
    for n in range(500):
        world.issues.append(issue(1000 + n, 11, BEGUN + 2 * DAY + n * MINUTE))
    read(opened(stand_in), "issues")
    asked = [int(r.one("page", "1")) for r in stand_in.seen if r.path.endswith("/issues")]
    assert max(asked) <= 2


def test_a_project_that_does_not_show_something_is_named_and_others_go_on(
    stand_in: StandIn, world: GitLabWorld
) -> None:
    off = ("issues", "repository/branches/main", "pipelines", "merge_requests", "deployments")
    world.switched_off = {(11, what) for what in off}
    source = opened(stand_in)
    for name in ("issues", "commits", "pipelines", "merge requests", "deployments"):
        done = read(source, name)
        assert done.told
        assert [note for note in done.notes if note.startswith("acme/app shows no ")]
    world.switched_off.clear()
    cursor = read(opened(stand_in), "issues").cursor
    assert f"{REPO}#1" in read(opened(stand_in), "issues").of("issues")
    assert cursor


def test_a_project_shown_later_is_read_from_its_beginning(
    stand_in: StandIn, world: GitLabWorld
) -> None:
    world.switched_off = {(11, "issues"), (11, "repository/branches/main")}
    cursors = {name: read(opened(stand_in), name).cursor for name in ("issues", "commits")}
    world.switched_off.clear()
    assert len(read(opened(stand_in), "issues", cursors["issues"]).of("issues")) >= 58
    assert len(read(opened(stand_in), "commits", cursors["commits"]).of("commits")) == 172


@pytest.mark.parametrize("hours", [-9, 9])
def test_the_cursor_goes_by_gitlabs_clock(
    stand_in: StandIn, world: GitLabWorld, hours: int
) -> None:
    off = dt.timedelta(hours=hours)
    first = read(opened(stand_in), "issues")
    world.issues.append(issue(901, 11, NOW + off))
    second = read(opened(stand_in), "issues", first.cursor, NOW + MINUTE)
    world.issues.append(issue(902, 11, NOW + off + MINUTE))
    third = read(opened(stand_in), "issues", second.cursor, NOW + 2 * MINUTE)
    assert f"{REPO}#901" in second.of("issues")
    assert f"{REPO}#902" in third.of("issues")


def test_an_instance_below_a_path(stand_in: StandIn, world: GitLabWorld) -> None:
    world.projects[0]["web_url"] = "https://code.acme.example:8443/gitlab/acme/App"
    done = read(opened(stand_in, groups="", projects="acme/app"), "issues")
    assert "code.acme.example/gitlab/acme/app#1" in done.of("issues")


def test_limits_are_waited_out_as_asked(stand_in: StandIn) -> None:
    waits = Waits()
    reset = str(int(NOW.timestamp()) + 42)
    headers = {"ratelimit-remaining": "0", "ratelimit-reset": reset}
    stand_in.trouble += [
        Answer({"message": "Retry later"}, 429, {"retry-after": "9"}),
        Answer({"message": "Retry later"}, 429, headers),
        Answer(status=502),
    ]
    assert len(read(opened(stand_in, waits.network), "issues").of("issues")) == 230
    assert waits.seconds[:2] == [9.0, 43.0]


def test_a_limit_that_does_not_end_is_said(stand_in: StandIn) -> None:
    stand_in.trouble += [Answer({}, 429, {"retry-after": "9"})] * 4
    with pytest.raises(SourceLimited, match="limits our requests"):
        read(opened(stand_in), "issues")


def test_a_connection_cut_in_the_middle_is_tried_again(stand_in: StandIn) -> None:
    whole = read(opened(stand_in), "commits")
    stand_in.trouble += [Answer([{"id": 1}], cut=True)]
    assert read(opened(stand_in), "commits").told == whole.told


def test_a_missing_field_is_named(stand_in: StandIn, world: GitLabWorld) -> None:
    source = opened(stand_in)
    assert source.projects
    del world.request(11, 1)["state"]
    with pytest.raises(SourceChanged, match=r"GitLab's merge request 1 has no `state`"):
        read(source, "merge requests")
    stand_in.trouble += [Answer({"message": "hello"})]
    with pytest.raises(SourceChanged, match="is not a list"):
        read(source, "issues")


def test_fields_nobody_knows_do_no_harm(stand_in: StandIn, world: GitLabWorld) -> None:
    whole = read(opened(stand_in), "issues")
    for row in world.issues:
        row["brand_new"] = {"a": [1]}
    assert read(opened(stand_in), "issues").told == whole.told


def test_check(stand_in: StandIn, world: GitLabWorld) -> None:
    found = list(opened(stand_in, projects="acme/app").check())
    assert [check.what for check in found] == [
        *("group acme", "project acme/app"),
        *("merge_requests", "issues", "pipelines", "deployments", "GraphQL"),
    ]
    assert all(check.ok for check in found)


def test_check_names_what_is_wrong(stand_in: StandIn, world: GitLabWorld) -> None:
    (token,) = opened(stand_in, token="glpat-old").check()
    assert (token.ok, token.hint) == (
        False,
        "It is wrong, revoked or has expired: make a new one.",
    )
    world.tokens["glpat-2"] = {"read_user"}
    (scope,) = opened(stand_in, token="glpat-2").check()
    assert not scope.ok
    assert "read_api" in scope.hint
    *_, place = opened(stand_in, groups="acme,nowhere").check()
    assert place.detail == "There is no group nowhere that the token may see."
    world.switched_off = {(11, "pipelines")}
    world.graphql = False
    wrong = [check.what for check in opened(stand_in).check() if not check.ok]
    assert wrong == ["pipelines", "GraphQL"]


def test_a_token_without_its_scope_stops_the_stream(stand_in: StandIn, world: GitLabWorld) -> None:
    source = opened(stand_in)
    assert source.projects
    world.tokens["glpat-1"] = {"read_user"}
    for name in ("issues", "commits"):
        with pytest.raises(SourceDenied, match="higher privileges"):
            read(source, name)
    world.tokens.clear()
    with pytest.raises(SourceDenied, match="does not accept the token"):
        read(source, "issues")


def test_something_must_be_named() -> None:
    with pytest.raises(ValidationError, match="groups or projects"):
        GitLabOptions.model_validate({"token": "x"})


def test_who_acts_without_being_somebody() -> None:
    from steelyard.sources.gitlab.answers import is_bot

    assert is_bot("project_7_bot")
    assert is_bot("group_7_bot_0a1b")
    assert not is_bot(user("ada")["username"])
