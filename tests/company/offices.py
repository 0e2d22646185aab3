"""The company's directory on Microsoft Graph, and what Anthropic counted and billed."""

from __future__ import annotations

import datetime as dt
from typing import Any

from tests.company.script import GITLAB_TEAMS, SHARED, START, Company, Human, MadeSession
from tests.standins.anthropic import Anthropic
from tests.standins.microsoft_graph import GraphTenant, user

TENANT, CLIENT, SECRET = "acme-tenant", "steelyard-app", "graph-company-secret"
ANTHROPIC_KEY = "sk-ant-admin01-console"  # the one the stand-in knows
MODEL = "claude-opus-5"
# As in the recorded session that telemetry repeats.
TOKENS = {"input": 24, "output": 162, "cache_read": 27_678, "cache_creation": 2_286}
CENTS = "12.5"  # the vendor's estimate of a session
FIRST_USED = START + dt.timedelta(weeks=6)
_WORKSPACE = {"id": "wrkspc_1", "name": "Claude Code", "archived_at": None}


def graph(company: Company, day: dt.date) -> GraphTenant:
    """The directory as of a day: who has not come yet is not there, who has left is disabled."""
    there = [p for p in company.employees if p.started <= day]
    keys = {person.email: f"id-{place:03}" for place, person in enumerate(company.employees)}
    present = {person.email for person in there}
    return GraphTenant(
        users=[_user(person, keys[person.email], day) for person in there],
        managers={keys[p.email]: keys[p.manager] for p in there if p.manager in present},
        tenant=TENANT,
        client=CLIENT,
        secret=SECRET,
    )


def _user(person: Human, key: str, day: dt.date) -> dict[str, Any]:
    """Two people typed in the shared mailbox; those on GitLab their address at home."""
    on_gitlab = any(team in GITLAB_TEAMS for _, team in person.teams)
    home = [each for each in person.git[1:] if each.endswith("home.example") and on_gitlab]
    shared = [SHARED] if SHARED in person.git else []
    return user(
        key,
        person.name,
        mail=person.email,
        userPrincipalName=person.email,
        otherMails=[*home, *shared],
        proxyAddresses=[f"SMTP:{person.email}"],
        department=person.team(day),
        jobTitle=person.title,
        employeeHireDate=f"{person.started}T00:00:00Z",
        accountEnabled=person.works(day),
    )


def seen(session: MadeSession) -> int:
    """How often the vendor counted a session: one person in three also works where nothing is
    sent to us."""
    return 2 if sum(map(ord, session.person)) % 3 == 0 else 1


def anthropic(company: Company, moment: dt.datetime) -> Anthropic:
    """Person-days and a cost report, until a moment."""
    rows = [_day(session) for session in company.sessions]
    days = sorted({session.at.date() for session in company.sessions})
    billed = {day: billed_cents(company, day) for day in days}
    return Anthropic(
        moment,
        claude_code=rows,
        costs=[_cost(day, cents) for day, cents in billed.items()],
        users=[
            {"id": f"user_{place:03}", "email": p.email, "name": p.name, "type": "user"}
            for place, p in enumerate(company.people.values())
        ],
        workspaces=[_WORKSPACE],
    )


def billed_cents(company: Company, day: dt.date) -> int:
    """What the cost report says of a day."""
    return sum(13 * seen(session) for session in company.sessions if session.at.date() == day)


def _day(session: MadeSession) -> dict[str, Any]:
    """A row per session: terminals differ, so that a day of somebody may have several."""
    times = seen(session)
    return {
        "date": f"{session.at.date()}T00:00:00Z",
        "actor": {"type": "user_actor", "email_address": session.person},
        "organization_id": "org_1",
        "customer_type": "api",
        "subscription_type": None,
        "is_remote": False,
        "terminal_type": f"terminal-{session.session[-6:]}",
        "core_metrics": {
            "num_sessions": times,
            "lines_of_code": {"added": 20 * times, "removed": 3 * times},
            "commits_by_claude_code": 0,
            "pull_requests_by_claude_code": 0,
        },
        "tool_actions": {"edit_tool": {"accepted": 2 * times, "rejected": times}},
        "model_breakdown": [
            {
                "model": MODEL,
                "tokens": {kind: count * times for kind, count in TOKENS.items()},
                "estimated_cost": {"currency": "USD", "amount": float(CENTS) * times},
            }
        ],
    }


def _cost(day: dt.date, cents: int) -> dict[str, Any]:
    return {
        "date": day.isoformat(),
        "amount": str(cents),
        "currency": "USD",
        "workspace_id": _WORKSPACE["id"],
        "description": f"{MODEL} Usage - Input Tokens",
        "cost_type": "tokens",
        "model": MODEL,
        "token_type": "uncached_input_tokens",
        "service_tier": "standard",
        "context_window": "0-200k",
        "inference_geo": "global",
    }
