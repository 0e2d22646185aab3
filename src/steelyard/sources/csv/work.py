"""Files about work: teams, issues, code, deployments, incidents, hours and surveys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from steelyard.model import (
    Commit,
    Deployment,
    Incident,
    Issue,
    Membership,
    PullRequest,
    Record,
    SurveyAnswer,
    Worklog,
)
from steelyard.sources.csv import cells
from steelyard.sources.csv.kind import Column, CsvKind, Row

C = Column
_WHO = "e-mail, or a login such as github:ada"
_PRODUCTION = ("production", "prod", "live", "")
ID = C("id", cells.text, "tells rows apart that are the same in everything else")
_SIZE = (
    C("additions", cells.whole, "lines added", "120"),
    C("deletions", cells.whole, "lines deleted", "35"),
    C("files", cells.whole, "files changed", "4"),
)
_MARKS = (
    C("assistants", cells.several, "assistants that helped, if known", "claude-code"),
    C("issues", cells.several, "issues it names", "PAY-12"),
)
_REPO = C("repo", cells.repo, "address of the repository", "github.com/acme/app", required=True)


def when(name: str, meaning: str, example: str = "", required: bool = False) -> Column:
    return C(name, cells.moment, meaning, example, required)


def teams(row: Row) -> Iterator[Record]:
    yield Membership(**row.fields(Membership, key=row.text("team", "member")))


def issues(row: Row) -> Iterator[Record]:
    project = row["project"] or row["key"].rpartition("-")[0]
    yield Issue(**row.fields(Issue, name=row["key"], project=project))


def pull_requests(row: Row) -> Iterator[Record]:
    open_or_closed = "closed" if row["closed_at"] else "open"
    yield PullRequest(
        **row.fields(
            PullRequest,
            key=f"{row['repo']}#{row['number']}",
            state=row["state"] or ("merged" if row["merged_at"] else open_or_closed),
            **_author(row),
        )
    )


def commits(row: Row) -> Iterator[Record]:
    yield Commit(**row.fields(Commit, key=row["sha"], **_author(row)))


def _author(row: Row) -> dict[str, str]:
    """An author by login is a reference; one by e-mail is known by that."""
    kind, _, value = (row["author"] or ":").partition(":")
    return {"author": "", "author_email": value} if kind == "email" else {}


def deployments(row: Row) -> Iterator[Record]:
    environment = row["environment"] or "production"
    production = row["is_production"]
    if production is None:
        production = environment.lower() in _PRODUCTION
    yield Deployment(
        **row.fields(
            Deployment,
            key=row["id"] or row.text("repo", "environment", "sha", "ref", "created_at"),
            environment=environment,
            is_production=production,
            status=row["status"] or "success",
        )
    )


def incidents(row: Row) -> Iterator[Record]:
    yield Incident(**row.fields(Incident, key=row["id"]))


def worklogs(row: Row) -> Iterator[Record]:
    yield Worklog(
        **row.fields(
            Worklog,
            key=row["id"] or row.text("issue", "worker", "day"),
            seconds=row["hours"],
            billable_seconds=row["billable_hours"],
        )
    )


def surveys(row: Row) -> Iterator[Record]:
    """Answers without a name or an id are told apart by their line."""
    whose = row["id"] or row["respondent"] or f"line {row.line}"
    key = f"{row.text('survey', 'question', 'day')}|{whose}"
    yield SurveyAnswer(**row.fields(SurveyAnswer, key=key))


def _kind(
    name: str,
    what: str,
    records: Callable[[Row], Iterator[Record]],
    *columns: Column,
    later: tuple[tuple[str, str], ...] = (),
) -> CsvKind:
    return CsvKind(name, what, columns, records, later)


def _date(name: str, meaning: str, example: str = "", **more: Any) -> Column:
    return C(name, cells.date, meaning, example, **more)


KINDS = (
    _kind(
        "teams",
        "who is on which team since when",
        teams,
        C("team", cells.text, "name of the team", "payments", required=True),
        C("member", cells.who, _WHO, "ada@example.com", required=True),
        C("role", cells.text, "role in the team", "lead"),
        _date("valid_from", "first day on the team", "2026-01-01"),
        _date("valid_to", "last day on the team"),
        later=(("valid_from", "valid_to"),),
    ),
    _kind(
        "issues",
        "tickets",
        issues,
        C("key", cells.text, "what people write", "PAY-12", required=True),
        C("project", cells.text, "else what stands before the number in the key", "PAY"),
        C("type", cells.text, "story, bug …", "bug"),
        C("priority", cells.text, "as the tracker says it", "high"),
        C("status", cells.text, "as the tracker says it", "Done"),
        C(
            "status_category",
            cells.one_of("todo", "doing", "done"),
            "todo, doing or done",
            "done",
        ),
        C("resolution", cells.text, "as the tracker says it", "fixed"),
        C("reporter", cells.who, _WHO, "grace@example.com"),
        C("assignee", cells.who, _WHO, "ada@example.com"),
        when("created_at", "when it was made", "2026-03-02T09:00:00Z", required=True),
        when("started_at", "when work on it began", "2026-03-03T08:30:00Z"),
        when("resolved_at", "when it was resolved", "2026-03-05T16:00:00Z"),
        C("story_points", cells.number, "estimate in points", "3"),
        C("parent", cells.text, "key of the epic or parent", "PAY-1"),
        C("team", cells.text, "team it belongs to", "payments"),
        C("labels", cells.labels, "with semicolons between"),
        later=(("created_at", "resolved_at"),),
    ),
    _kind(
        "pull_requests",
        "pull and merge requests",
        pull_requests,
        _REPO,
        C("number", cells.whole, "its number in the repository", "42", required=True),
        C("author", cells.who, _WHO, "github:ada"),
        C("state", cells.one_of("open", "merged", "closed"), "else from the times", "merged"),
        C("draft", cells.flag, "yes while it is a draft"),
        when("created_at", "when it was opened", "2026-03-04T10:00:00Z", required=True),
        when("ready_at", "when it stopped being a draft"),
        when("first_commit_at", "time of its first commit", "2026-03-03T12:00:00Z"),
        when("merged_at", "when it was merged", "2026-03-05T15:00:00Z"),
        when("closed_at", "when it was closed", "2026-03-05T15:00:00Z"),
        C("merged_by", cells.who, _WHO, "github:grace"),
        C("base", cells.text, "branch it goes into", "main"),
        C("merge_sha", cells.sha, "commit it became", "0123abc4567"),
        *_SIZE,
        C("commits", cells.whole, "number of commits", "3"),
        C("commit_shas", cells.shas, "its commits, with blanks between"),
        C("labels", cells.labels, "with semicolons between"),
        *_MARKS,
        C("reverts", cells.text, "the request it takes back, as repo#number"),
        later=(("created_at", "merged_at"), ("created_at", "closed_at")),
    ),
    _kind(
        "commits",
        "commits",
        commits,
        _REPO,
        C("sha", cells.sha, "its SHA", "0123abc4567", required=True),
        C("author", cells.who, _WHO, "ada@example.com"),
        C("author_name", cells.text, "name of the author", "Ada Lovelace"),
        when("authored_at", "when it was written", "2026-03-03T12:00:00+01:00"),
        when("committed_at", "when it was committed", "2026-03-03T12:00:00+01:00", required=True),
        C("is_merge", cells.flag, "yes for a merge", "no"),
        C("on_default", cells.flag, "no when not on the default branch", "yes"),
        *_SIZE,
        *_MARKS,
        C("ai_lines", cells.whole, "added lines an assistant wrote, if known", "80"),
        C("reverts", cells.sha, "SHA of the commit it takes back"),
    ),
    _kind(
        "deployments",
        "deployments",
        deployments,
        ID,
        _REPO,
        C("environment", cells.text, "else production", "production"),
        C("is_production", cells.flag, "else from the environment's name", "yes"),
        C("sha", cells.sha, "commit that was deployed", "0123abc4567"),
        C("ref", cells.text, "branch or tag", "v1.4.0"),
        C(
            "status",
            cells.one_of("success", "failure", "running", "cancelled"),
            "success, failure, running or cancelled; else success",
            "success",
        ),
        when("created_at", "when it began", "2026-03-06T08:00:00Z", required=True),
        when("finished_at", "when it ended", "2026-03-06T08:12:00Z"),
        C("deployer", cells.who, _WHO, "ada@example.com"),
        C("unplanned", cells.flag, "yes when it mends an incident", "no"),
        later=(("created_at", "finished_at"),),
    ),
    _kind(
        "incidents",
        "incidents",
        incidents,
        C("id", cells.text, "its number", "INC-7", required=True),
        C("service", cells.text, "what was hit", "checkout"),
        C("repo", cells.repo, "address of its repository", "github.com/acme/app"),
        C("severity", cells.text, "as you call it", "sev2"),
        C("status", cells.text, "as you call it", "resolved"),
        when("created_at", "when it began", "2026-03-06T09:00:00Z", required=True),
        when("acknowledged_at", "when somebody took it", "2026-03-06T09:05:00Z"),
        when("resolved_at", "when it was over", "2026-03-06T10:30:00Z"),
        C("responders", cells.people, "with blanks between", "ada@example.com"),
        C("deployment_sha", cells.sha, "deployed commit that caused it", "0123abc4567"),
        later=(("created_at", "acknowledged_at"), ("created_at", "resolved_at")),
    ),
    _kind(
        "surveys",
        "answers to surveys, as scores",
        surveys,
        ID,
        C("survey", cells.text, "which survey", "2026-q1", required=True),
        C("question", cells.text, "a short name of the question", "focus", required=True),
        _date("day", "day of the answer", "2026-03-31", required=True),
        C("respondent", cells.who, f"{_WHO}; may be left out", "ada@example.com"),
        C("score", cells.number, "the answer as a number", "4", required=True),
        C("scale_max", cells.number, "best score there is", "5"),
    ),
    _kind(
        "worklogs",
        "hours logged on issues",
        worklogs,
        ID,
        C("issue", cells.text, "key of the issue", "PAY-12"),
        C("worker", cells.who, _WHO, "ada@example.com", required=True),
        _date("day", "day of the work", "2026-03-04", required=True),
        C("hours", cells.hours, "hours worked", "1.5", required=True),
        C("billable_hours", cells.hours, "of them billable", "1.5"),
    ),
)
