"""Where people stand in what is kept: one list, read by whatever cleans, erases or copies.

A person is known by marks, `kind:value`: an address, a login, an account, a directory's key.
"""

from __future__ import annotations

from dataclasses import dataclass

# Columns of telemetry's records that say who, and the kind of reference each holds.
WHO = {
    "email": "email",
    "account_id": "account",
    "account_uuid": "account",
    "install_id": "install",
}
# What else of a record could lead back to its author: emptied with them.
TRACES = ("prompt_id", "request_id", "tool_use_id", "trace_id", "span_id", "parent_id")

# Kinds of records that are about people: they go whole. Columns and the kind of mark they hold;
# '' where the text is a reference already.
ABOUT = {
    "people": {
        "email": "email",
        "emails": "email",
        "account_ids": "account",
        "install_ids": "install",
        "key": "key",
    },
    "memberships": {"member": ""},
    "accounts": {"account": "", "email": "email"},
}


@dataclass(frozen=True)
class Hand:
    """Columns of a kind that name one person together; `also` is emptied with them."""

    kind: str
    columns: tuple[str, ...]
    also: tuple[str, ...] = ()
    own: bool = False  # the record is this person's work, not only touched by them


# Records of work that name people: these stay, without them.
HANDS = (
    Hand("commits", ("author", "author_email"), ("author_name",), own=True),
    Hand("pull_requests", ("author", "author_email"), own=True),
    Hand("pull_requests", ("merged_by",)),
    Hand("reviews", ("reviewer",), own=True),
    Hand("deployments", ("deployer",)),
    Hand("ci_runs", ("actor",)),
    Hand("incidents", ("responders",)),
    Hand("issues", ("reporter",)),
    Hand("issues", ("assignee",)),
    Hand("transitions", ("actor",)),
    Hand("worklogs", ("worker",), own=True),
    Hand("usage_days", ("actor",), ("api_key",), own=True),
    Hand("billing_lines", ("actor",), ("description",)),
    Hand("survey_answers", ("respondent",), own=True),
)
# Kinds whose keys may be made of who they are of.
TELLING_KEYS = frozenset({"reviews", "worklogs", "usage_days", "billing_lines", "survey_answers"})
LISTS = frozenset({"emails", "account_ids", "install_ids", "responders"})
E_MAILS = frozenset({"author_email"})

# Facts that know a session, and those that only know a person.
SESSION_FACTS = (
    *("usage", "costs", "witnesses", "requests", "decisions", "tool_calls", "counters"),
    *("prompts", "session_days", "sessions"),
)
PERSON_FACTS = (
    *("person_days", "usage_days", "cost_days", "vendor_days", "bills", "work_commits"),
    *("work_pull_requests", "work_reviews", "work_reverts", "work_deployments"),
    *("work_lead_times", "work_issues", "work_worklogs", "work_incidents", "work_ci_runs"),
    "work_surveys",
)
# Tables whose rows are about a person and nothing else.
PERSON_ROWS = (
    *("people", "people_shown", "people_seen", "segments", "segments_shown", "session_people"),
    "identities",
)


def mark(kind: str, value: str) -> str:
    """The one spelling of who somebody is: `kind:value`. Without a kind the value is one."""
    value = value.strip()
    if not value:
        return ""
    text = f"{kind}:{value}" if kind else value
    return text if text.startswith(("account:", "install:", "jira:")) else text.lower()


def session_mark(assistant: str, session: str) -> str:
    """A session as one of somebody's marks."""
    return f"session:{assistant}:{session}"


def kind_of(column: str) -> str:
    """The kind of mark in a column of a record of work."""
    return "email" if column in E_MAILS else ""
