"""The shared nouns: what every source yields, whatever system it reads.

A record is what a system said about one thing, under a `key` that is stable within its source: a
later record with the same key replaces the earlier. Metadata only: no message, title, description
or comment has a field here. Text is never null ('' is "not said"); numbers and times are None when
not said, never 0. Times are aware and in UTC. Money is integer nano-dollars.

People are named by references, `kind:value`, as the system knows them: `github:ada`,
`jira:5b10ac…`, `email:ada@example.com`. Which person that is, the people room says.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import ClassVar

from steelyard.errors import BadValue

# Kinds of references to people. `email` is the one that joins systems.
REFERENCES = (
    "email",
    "github",
    "gitlab",
    "jira",  # account id on Cloud (Tempo's too), user key on Data Center
    "linear",
    "pagerduty",
    "account",  # vendors' account ids and uuids, as in telemetry
    "install",
    "directory",  # the directory's own id, when it gives no e-mail
)

# The host, and what ends it: a port, or the colon of `git@host:path`.
_HOST = re.compile(r"^([^/:]+):(?:\d+(?=/|$))?/*")


def reference(kind: str, value: str) -> str:
    """`kind:value` in the one spelling used for joins; '' for an empty value."""
    value = value.strip()
    if not value:
        return ""
    if kind not in REFERENCES:
        raise BadValue(f"There is no kind of reference called {kind!r}.", ", ".join(REFERENCES))
    return f"{kind}:{value if kind in ('jira', 'account', 'install') else value.lower()}"


def repository(url: str) -> str:
    """The one spelling of a repository's address: `ssh://git@GitHub.com:22/acme/app.git/` and
    `https://user:secret@github.com/acme/app` are both `github.com/acme/app`.

    In lower case, as hosts do not tell cases apart and people type both. Ports go, as one
    repository has several. A local path stays a path.
    """
    address = url.strip().split("://", 1)[-1].rsplit("@", 1)[-1]
    return _HOST.sub(r"\1/", address).rstrip("/").removesuffix(".git").lower()


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """What all kinds share. `kind` names the table, `key` is unique within source and kind."""

    kind: ClassVar[str] = ""
    key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Person(Record):
    """Somebody in a directory, as of the day it was read, or as of `valid_from` when it says so.

    `emails` are all addresses that are theirs alone; `manager` is the `key` or an e-mail of
    another person of the same directory.
    """

    kind: ClassVar[str] = "people"
    email: str = ""
    emails: tuple[str, ...] = ()
    name: str = ""
    team: str = ""
    department: str = ""
    role: str = ""  # job title
    level: str = ""
    manager: str = ""
    rollup: str = ""  # where the organisation names it itself
    office: str = ""
    city: str = ""
    country: str = ""
    company: str = ""
    employee_id: str = ""
    employee_type: str = ""
    account_ids: tuple[str, ...] = ()
    install_ids: tuple[str, ...] = ()
    start_date: dt.date | None = None
    end_date: dt.date | None = None
    active: bool = True
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Membership(Record):
    """A person on a team, open-ended unless it says otherwise."""

    kind: ClassVar[str] = "memberships"
    team: str
    member: str  # reference
    role: str = ""
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Account(Record):
    """An account somewhere and what that system knows of its owner. `bot` is nobody."""

    kind: ClassVar[str] = "accounts"
    account: str  # reference
    email: str = ""
    name: str = ""
    bot: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Commit(Record):
    """A commit; the key is its SHA. `assistants` are those its marks name, a floor."""

    kind: ClassVar[str] = "commits"
    repo: str
    sha: str
    author: str = ""  # reference by the host's login, where there is one
    author_email: str = ""
    author_name: str = ""
    authored_at: dt.datetime | None = None
    committed_at: dt.datetime | None = None
    is_merge: bool = False
    on_default: bool = True  # on the repository's default branch
    additions: int | None = None
    deletions: int | None = None
    files: int | None = None
    assistants: tuple[str, ...] = ()
    evidence: str = ""  # note | trailer | author | text: the best there is
    ai_lines: int | None = None  # added lines that a git-ai note gives to an assistant
    issues: tuple[str, ...] = ()  # issue keys its message names
    reverts: str = ""  # SHA it says it reverts


@dataclass(frozen=True, kw_only=True, slots=True)
class Rework(Record):
    """Of the lines a commit added to the default branch, those rewritten or deleted soon after."""

    kind: ClassVar[str] = "rework"
    repo: str
    sha: str
    added: int
    rewritten: int  # within 21 days
    complete: bool  # whether the 21 days are over


@dataclass(frozen=True, kw_only=True, slots=True)
class PullRequest(Record):
    """A pull or merge request; the key is `repo#number`."""

    kind: ClassVar[str] = "pull_requests"
    repo: str
    number: int
    author: str = ""  # reference
    author_email: str = ""
    state: str = ""  # open | merged | closed
    draft: bool = False
    created_at: dt.datetime | None = None
    ready_at: dt.datetime | None = None
    first_commit_at: dt.datetime | None = None
    merged_at: dt.datetime | None = None
    closed_at: dt.datetime | None = None
    updated_at: dt.datetime | None = None
    merged_by: str = ""  # reference
    base: str = ""
    merge_sha: str = ""
    head_sha: str = ""
    additions: int | None = None
    deletions: int | None = None
    files: int | None = None
    commits: int | None = None
    human_commits_after_open: int | None = None  # without an assistant's mark
    commit_shas: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    assistants: tuple[str, ...] = ()  # from its commits' marks and its own, a floor
    evidence: str = ""  # note | trailer | author | label | text: the best there is
    issues: tuple[str, ...] = ()
    reverts: str = ""  # key of the pull request it says it reverts


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangedFile(Record):
    """A file of a pull request; the key is `repo#number:path`."""

    kind: ClassVar[str] = "changed_files"
    repo: str
    pull_request: str
    path: str
    status: str = ""
    additions: int | None = None
    deletions: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Review(Record):
    kind: ClassVar[str] = "reviews"
    repo: str
    pull_request: str  # its key
    reviewer: str = ""  # reference
    state: str = ""  # approved | changes_requested | commented | dismissed
    submitted_at: dt.datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployment(Record):
    kind: ClassVar[str] = "deployments"
    repo: str
    environment: str = ""
    is_production: bool = True
    sha: str = ""
    ref: str = ""
    status: str = ""  # success | failure | running | cancelled
    created_at: dt.datetime | None = None
    finished_at: dt.datetime | None = None
    deployer: str = ""  # reference
    unplanned: bool | None = None  # known to be a fix of an incident


@dataclass(frozen=True, kw_only=True, slots=True)
class CiRun(Record):
    kind: ClassVar[str] = "ci_runs"
    repo: str
    sha: str = ""
    branch: str = ""
    workflow: str = ""
    event: str = ""
    attempt: int | None = None
    status: str = ""  # success | failure | cancelled | running
    started_at: dt.datetime | None = None
    finished_at: dt.datetime | None = None
    actor: str = ""  # reference


@dataclass(frozen=True, kw_only=True, slots=True)
class Incident(Record):
    kind: ClassVar[str] = "incidents"
    service: str = ""
    repo: str = ""
    severity: str = ""
    status: str = ""
    created_at: dt.datetime | None = None
    acknowledged_at: dt.datetime | None = None
    resolved_at: dt.datetime | None = None
    responders: tuple[str, ...] = ()  # references
    deployment_sha: str = ""  # the deployment it names as its cause


@dataclass(frozen=True, kw_only=True, slots=True)
class Issue(Record):
    """A ticket; the key stays when it moves or is renamed, `name` is what people write (`PAY-12`).

    Where a system's own id survives a move (Jira's), that is key and `id`, and other records may
    name the issue by either.
    """

    kind: ClassVar[str] = "issues"
    id: str = ""
    name: str = ""
    project: str = ""
    type: str = ""
    priority: str = ""
    status: str = ""
    status_category: str = ""  # todo | doing | done
    resolution: str = ""
    reporter: str = ""  # reference
    assignee: str = ""  # reference
    created_at: dt.datetime | None = None
    started_at: dt.datetime | None = None
    resolved_at: dt.datetime | None = None
    updated_at: dt.datetime | None = None
    story_points: float | None = None
    estimate_seconds: int | None = None
    parent: str = ""
    team: str = ""
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Transition(Record):
    """A change of an issue's status; `issue` is its key, its id or its name."""

    kind: ClassVar[str] = "transitions"
    issue: str
    from_status: str = ""
    to_status: str = ""
    happened_at: dt.datetime | None = None
    actor: str = ""  # reference


@dataclass(frozen=True, kw_only=True, slots=True)
class Worklog(Record):
    """Time logged on an issue; `issue` is its key, id or name. Deleted ones come with 0 seconds."""

    kind: ClassVar[str] = "worklogs"
    issue: str = ""
    worker: str = ""  # reference
    day: dt.date
    seconds: int
    billable_seconds: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class UsageDay(Record):
    """What a vendor counted for one actor and UTC day, a row a model (tokens) or '' (the rest)."""

    kind: ClassVar[str] = "usage_days"
    day: dt.date
    assistant: str  # as in telemetry: claude-code, codex …; other products by their name
    provider: str = ""
    actor: str = ""  # reference; '' for an API key
    api_key: str = ""  # name or id, never the key
    workspace: str = ""
    model: str = ""
    customer_type: str = ""
    terminal: str = ""
    remote: bool | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_creation_tokens: int | None = None
    cache_creation_1h_tokens: int | None = None
    web_searches: int | None = None
    list_nanos: int | None = None  # the vendor's own estimate
    sessions: int | None = None
    lines_added: int | None = None
    lines_removed: int | None = None
    commits: int | None = None
    pull_requests: int | None = None
    accepted: int | None = None
    rejected: int | None = None
    messages: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class BillingLine(Record):
    """Money on an invoice or cost report, for the days from `first_day` to `last_day`."""

    kind: ClassVar[str] = "billing_lines"
    first_day: dt.date
    last_day: dt.date
    amount_nanos: int
    currency: str = "USD"
    list_nanos: int | None = None
    cost_type: str = ""  # tokens | web_search | code_execution | session_usage | seat | credit | …
    assistant: str = ""
    provider: str = ""
    model: str = ""
    token_type: str = ""
    workspace: str = ""
    actor: str = ""  # reference; '' where the vendor does not say
    description: str = ""  # the vendor's name of the line
    final: bool = True  # False while the vendor may still revise it


@dataclass(frozen=True, kw_only=True, slots=True)
class SurveyAnswer(Record):
    """A score, never text. Kept apart from productivity."""

    kind: ClassVar[str] = "survey_answers"
    survey: str
    question: str
    day: dt.date
    respondent: str = ""  # reference
    score: float
    scale_max: float | None = None


KINDS: dict[str, type[Record]] = {
    record.kind: record
    for record in (
        *(Person, Membership, Account, Commit, Rework, PullRequest, ChangedFile, Review),
        *(Deployment, CiRun, Incident, Issue, Transition, Worklog, UsageDay, BillingLine),
        SurveyAnswer,
    )
}
# Kinds whose past matters: each change is kept with the day it was seen on.
VERSIONED = ("people", "memberships")
