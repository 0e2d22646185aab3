"""Reads Linear's GraphQL API: issues by their last change, users, memberships of teams."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, ClassVar

import msgspec
from msgspec.structs import replace
from pydantic import Field

from steelyard.errors import SourceChanged, SourceDenied
from steelyard.model import Account, Issue, Membership, Record, Transition
from steelyard.sources import shapes
from steelyard.sources.contract import Check, Options, Page, Secret, Source, Stream
from steelyard.sources.linear import answers, queries
from steelyard.sources.linear.answers import Connection, IssueNode
from steelyard.sources.network import Http

# With these a page of issues costs about 1,650 of the 10,000 points a query may.
ISSUES, CHANGES, ROWS = 40, 15, 100
OVERLAP = dt.timedelta(minutes=10)


class LinearOptions(Options):
    token: Secret = Field(description="A personal API key (`lin_api_…`) or an OAuth access token.")
    teams: str = Field("", description="Only issues of these teams, by key: `ENG, PAY`.")
    since: dt.date | None = Field(
        None, description="Issues changed since this day; by default a year before the first run."
    )
    base_url: str = Field("https://api.linear.app", description="Where the API is.")


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """Issues changed since `since`, most lately changed first; `after` is Linear's own cursor."""

    since: dt.datetime
    after: str = ""
    newest: dt.datetime | None = None  # the latest change seen, where the next pass begins

    def cursor(self) -> str:
        return msgspec.json.encode(self).decode()


class Linear(Source):
    kind: ClassVar[str] = "linear"
    title: ClassVar[str] = "Linear"
    Options: ClassVar[type[Options]] = LinearOptions

    options: LinearOptions

    @cached_property
    def http(self) -> Http:
        token = self.options.token.get_secret_value()
        # Linear refuses a personal key behind Bearer, and an OAuth token without it.
        said = token if token.startswith("lin_api_") else f"Bearer {token}"
        return self.network.client(self.options.base_url, headers={"authorization": said})

    def streams(self) -> Sequence[Stream]:
        return (
            Stream("users", self.users, (Account.kind,)),
            Stream("memberships", self.memberships, (Membership.kind,), snapshot=True),
            Stream("issues", self.issues, (Issue.kind, Transition.kind)),
        )

    def users(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        """All users every time, those who left too."""
        return self._all(queries.USERS, "users", cursor, answers.account)

    def memberships(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        return self._all(queries.MEMBERSHIPS, "teamMemberships", cursor, answers.membership)

    def _all(
        self, query: str, name: str, cursor: str | None, record: Callable[[Any], Record]
    ) -> Iterator[Page]:
        for page in self._pages(query, name, cursor or ""):
            yield Page([record(node) for node in page.nodes], page.after)

    def issues(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        """Issues changed since the last pass, with the whole history of their states.

        An issue that changes while a pass runs moves before its beginning: the next pass, which
        begins with the latest change this one saw, has it.
        """
        place = self._place(cursor, now)
        states = dict(self._states())
        first = True
        while True:
            page, place = self._page(place, first)
            records = list(self._records(page, states))
            first = False
            yield Page(records, place.cursor())
            if not page.after:
                return

    def _page(self, place: Place, first: bool) -> tuple[Connection, Place]:
        """A page and the place after it."""
        more = {"history": CHANGES, "filter": self._filter(place.since)}
        try:
            page = self._connection(queries.ISSUES, "issues", ISSUES, place.after, **more)
        except SourceChanged:
            # The issue an old cursor points to may have been deleted: begin the pass anew.
            if not (first and place.after):
                raise
            place = replace(place, after="")
            page = self._connection(queries.ISSUES, "issues", ISSUES, "", **more)
        changed = [shapes.utc(answers.issue_node(node).updated_at) for node in page.nodes]
        newest = max([*changed, *([place.newest] if place.newest else [])], default=None)
        if page.after:
            return page, replace(place, after=page.after, newest=newest)
        return page, Place(since=newest - OVERLAP if newest else place.since)

    def _records(self, page: Connection, states: dict[str, str]) -> Iterator[Record]:
        for data in page.nodes:
            node = answers.issue_node(data)
            yield answers.issue(node)
            yield from answers.transitions(node, self._changes(node), states)

    def _changes(self, node: IssueNode) -> Iterator[Any]:
        """The whole history; what does not fit into the page of issues is asked for."""
        if node.history is None:
            return
        page = answers.connection(node.history, f"the history of {node.identifier}")
        yield from page.nodes
        while page.after:
            said = {"id": node.id, "first": ROWS, "after": page.after}
            data = self.http.graphql("/graphql", queries.HISTORY, said)
            history = answers.field_of(answers.field_of(data, "issue"), "history")
            page = answers.connection(history, f"the history of {node.identifier}")
            yield from page.nodes

    def _states(self) -> Iterator[tuple[str, str]]:
        """Names of workflow states by id, once a pass: a history has only ids."""
        for page in self._pages(queries.STATES, "workflowStates", ""):
            yield from map(answers.state_name, page.nodes)

    def _pages(self, query: str, name: str, after: str) -> Iterator[Connection]:
        while True:
            page = self._connection(query, name, ROWS, after)
            yield page
            after = page.after
            if not after:
                return

    def _connection(self, query: str, name: str, first: int, after: str, **more: Any) -> Connection:
        said = {"first": first, "after": after or None, **more}
        data = self.http.graphql("/graphql", query, said)
        return answers.connection(answers.field_of(data, name), name)

    def _filter(self, since: dt.datetime) -> dict[str, Any]:
        keys = [key.strip().upper() for key in self.options.teams.split(",") if key.strip()]
        teams = {"team": {"key": {"in": keys}}} if keys else {}
        return {"updatedAt": {"gte": since.isoformat()}, **teams}

    def _place(self, cursor: str | None, now: dt.datetime) -> Place:
        if cursor:
            return msgspec.json.decode(cursor, type=Place)
        day = self.options.since or (now - dt.timedelta(days=365)).date()
        return Place(since=dt.datetime.combine(day, dt.time(), dt.UTC))

    def check(self) -> Iterator[Check]:
        try:
            self.http.graphql("/graphql", queries.VIEWER, {})
            yield Check("token", True)
        except SourceDenied as error:
            yield Check("token", False, error.message, error.hint)
            return
        for query, name in (
            (queries.ISSUES, "issues"),
            (queries.USERS, "users"),
            (queries.MEMBERSHIPS, "teamMemberships"),
        ):
            more = {"history": 1} if name == "issues" else {}
            try:
                self._connection(query, name, 1, "", **more)
                yield Check(name, True)
            except SourceDenied as error:
                hint = "The token needs the scope `read`, and its owner must see the teams."
                yield Check(name, False, error.message, hint)
