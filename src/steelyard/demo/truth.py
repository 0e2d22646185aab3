"""What truly happened in the demo company, as tables: the other side of every test of a figure.

Nothing of the pipeline is used: rows are what the generator did, amounts its own arithmetic
(`rates.py`). Money is integer nano-dollars of list price. Days are UTC days, people are e-mail
addresses, teams are those of the day. Sum, count and group them as pandas likes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from steelyard.demo import rates
from steelyard.demo.use import ERRORS

if TYPE_CHECKING:
    from steelyard.demo.company import Company


class Truth:
    """Tables of one company; each is made when first asked for.

    sessions    session day person team assistant model effort terminal version start_type
                begins minutes (its length, with silence at both ends) prompts requests errors
                list_nanos active_user active_cli lines_added lines_removed commits
                pull_requests context (the largest) covered (by a seat)
    tokens      session day person team assistant model query_source effort token_type tokens
                list_nanos: a row per session, model, source and type
    prompts     session day person chars
    decisions   session day person assistant tool decision source language: of edits only
    tools       session day person assistant tool decision source success
    errors      session day person assistant status error: those of Claude Code, as others tell none
    pull_requests  key day person team repo assisted cycle_hours lines reverts (merged ones; the
                day of the merge)
    commits     sha day person team repo assisted additions
    reviews     day person state
    issues      name created resolved (days; None: open) person team type priority points hours
    deployments repo day succeeded
    incidents   repo day hours
    worklogs    day person hours
    bills       first_day last_day cost_type assistant amount_nanos
    people      person team department role level country started ended (today's, without time)
    """

    def __init__(self, company: Company) -> None:
        self.company = company
        self._of_login = {f"github:{m.login}": m for m in company.staff.members}
        self._of_email = {m.email: m for m in company.staff.members}

    @cached_property
    def sessions(self) -> pd.DataFrame:
        return pd.DataFrame(
            {
                **self._whose(made),
                "model": made.model,
                "effort": made.effort,
                "terminal": made.terminal,
                "version": made.version,
                "start_type": made.start_type,
                "begins": made.begins,
                "minutes": made.seconds / 60,
                "prompts": len(made.prompts),
                "requests": len(made.requests),
                "errors": len(made.errors),
                "list_nanos": made.list_nanos,
                "active_user": made.active_user,
                "active_cli": made.active_cli,
                "lines_added": made.lines[0],
                "lines_removed": made.lines[1],
                "commits": made.commits,
                "pull_requests": made.pull_requests,
                "context": max((call.context for call in made.requests), default=0),
                "covered": made.assistant == "claude-code" and made.person.is_seat,
            }
            for made in self.company.sessions
        )

    @cached_property
    def tokens(self) -> pd.DataFrame:
        sums: dict[tuple[object, ...], list[int]] = {}
        names: tuple[str, ...] = ()
        for made in self.company.sessions:
            whose = self._whose(made)
            for call in made.requests:
                effort = made.effort if call.source != "auxiliary" else ""
                for kind, count in zip(rates.TYPES, call.tokens(), strict=True):
                    about = {"model": call.model, "query_source": call.source, "effort": effort}
                    row = {**whose, **about, "token_type": kind}
                    names = tuple(row)
                    hour = call.hour if kind == "cacheCreation" else 0
                    both = sums.setdefault(tuple(row.values()), [0, 0])
                    both[0] += count
                    both[1] += rates.nanos(call.model, kind, count, made.day, hour)
        rows = [(*key, *both) for key, both in sums.items()]
        return pd.DataFrame(rows, columns=[*names, "tokens", "list_nanos"])

    @cached_property
    def prompts(self) -> pd.DataFrame:
        return self._each(lambda made: ({"chars": chars} for _, chars in made.prompts))

    @cached_property
    def decisions(self) -> pd.DataFrame:
        return self._each(
            lambda made: (
                {
                    "tool": use.tool,
                    "decision": use.decision,
                    "source": use.source,
                    "language": use.language,
                }
                for use in made.edits
            )
        )

    @cached_property
    def tools(self) -> pd.DataFrame:
        return self._each(
            lambda made: (
                {
                    "tool": use.tool,
                    "decision": use.decision,
                    "source": use.source,
                    "success": use.success,
                }
                for use in made.tools
            )
        )

    @cached_property
    def errors(self) -> pd.DataFrame:
        return self._each(
            lambda made: (
                {"status": status, "error": ERRORS[status]}
                for _, status, _ in made.errors
                if made.assistant == "claude-code"
            )
        )

    @cached_property
    def pull_requests(self) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "key": made.key,
                **self._author(made.author, made.merged_at),
                "repo": made.repo,
                "assisted": bool(made.assistants),
                "cycle_hours": _hours(made.first_commit_at, made.merged_at),
                "lines": (made.additions or 0) + (made.deletions or 0),
                "reverts": made.reverts,
            }
            for made in self.company.work.pull_requests
        )

    @cached_property
    def commits(self) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "sha": made.sha,
                **self._author(made.author, made.committed_at),
                "repo": made.repo,
                "assisted": bool(made.assistants),
                "additions": made.additions,
            }
            for made in self.company.work.commits
        )

    @cached_property
    def reviews(self) -> pd.DataFrame:
        return pd.DataFrame(
            {**self._author(made.reviewer, made.submitted_at), "state": made.state}
            for made in self.company.work.reviews
        )

    @cached_property
    def issues(self) -> pd.DataFrame:
        numbers = {f"jira:0de3{m.number:08}": m.email for m in self.company.staff.members}
        return pd.DataFrame(
            {
                "name": made.name,
                "created": made.created_at and made.created_at.date(),
                "resolved": made.resolved_at and made.resolved_at.date(),
                "person": numbers[made.assignee],
                "team": made.team,
                "type": made.type,
                "priority": made.priority,
                "points": made.story_points,
                "hours": _hours(made.created_at, made.resolved_at),
            }
            for made in self.company.work.issues
        )

    @cached_property
    def deployments(self) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "repo": made.repo,
                "day": made.finished_at and made.finished_at.date(),
                "succeeded": made.status == "success",
            }
            for made in self.company.work.deployments
        )

    @cached_property
    def incidents(self) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "repo": made.repo,
                "day": made.created_at and made.created_at.date(),
                "hours": _hours(made.created_at, made.resolved_at),
            }
            for made in self.company.work.incidents
        )

    @cached_property
    def worklogs(self) -> pd.DataFrame:
        numbers = {f"jira:0de3{m.number:08}": m.email for m in self.company.staff.members}
        return pd.DataFrame(
            {"day": made.day, "person": numbers[made.worker], "hours": made.seconds / 3600}
            for made in self.company.work.worklogs
        )

    @cached_property
    def bills(self) -> pd.DataFrame:
        names = ("first_day", "last_day", "cost_type", "assistant", "amount_nanos")
        return pd.DataFrame({n: getattr(b, n) for n in names} for b in self.company.bills)

    @cached_property
    def people(self) -> pd.DataFrame:
        end = self.company.shape.end
        return pd.DataFrame(
            {
                "person": m.email,
                "team": m.on(end).name,
                "department": m.on(end).department,
                "role": m.role,
                "level": m.level,
                "country": m.country,
                "started": m.started,
                "ended": m.ended,
            }
            for m in self.company.staff.members
        )

    def _whose(self, made: Any) -> dict[str, Any]:
        return {
            "session": made.id,
            "day": made.day,
            "person": made.person.email,
            "team": made.person.on(made.day).name,
            "assistant": made.assistant,
        }

    def _each(self, rows: Callable[[Any], Any]) -> pd.DataFrame:
        found = [self._whose(made) | row for made in self.company.sessions for row in rows(made)]
        return pd.DataFrame(found)

    def _author(self, login: str, at: dt.datetime | None) -> dict[str, Any]:
        assert at is not None
        member = self._of_login[login]
        day = at.date()
        return {"day": day, "person": member.email, "team": member.on(day).name}


def _hours(first: dt.datetime | None, last: dt.datetime | None) -> float | None:
    return (last - first).total_seconds() / 3600 if first and last else None
