"""Tempo Timesheets on Jira Cloud, REST API version 4."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence

from pydantic import Field

from steelyard.errors import SteelyardError
from steelyard.sources.contract import Check, Options, Page, Secret, Source, Stream
from steelyard.sources.network import Http
from steelyard.sources.tempo import teams, worklogs


class TempoOptions(Options):
    token: Secret = Field(
        description="API token, made in Tempo under Settings, Data Access, API integration."
    )
    url: str = Field(
        "https://api.tempo.io/4",
        description="Address of the API; https://api.eu.tempo.io/4 and https://api.us.tempo.io/4"
        " are nearer for data kept there.",
    )
    since: dt.date | None = Field(
        None, description="Leave out worklogs that were not updated since this day."
    )
    days: int = Field(
        62, ge=1, le=731, description="How many days back deleted worklogs are looked for."
    )
    teams: bool = Field(True, description="Read teams and their members.")


class Tempo(Source):
    kind, title, Options = "tempo", "Tempo", TempoOptions
    options: TempoOptions

    def streams(self) -> Sequence[Stream]:
        kinds = ("accounts", "worklogs")
        found = (
            Stream("recent-worklogs", self._recent, kinds),
            Stream("worklogs", self._changed, kinds),
        )
        if not self.options.teams:
            return found
        return *found, Stream("teams", self._teams, ("memberships",), snapshot=True)

    def check(self) -> Iterator[Check]:
        with self._open() as http:
            yield _tried("worklogs", lambda: worklogs.fetch(http, {"limit": 1}, 0), "View Worklogs")
            if self.options.teams:
                yield _tried("teams", lambda: teams.teams(http), "View Teams")

    def _changed(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        with self._open() as http:
            yield from worklogs.changed(http, self.options.since, cursor, now)

    def _recent(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        with self._open() as http:
            yield from worklogs.recent(http, self.options.days, cursor, now)

    def _teams(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        with self._open() as http:
            yield from teams.memberships(http, cursor, now)

    def _open(self) -> Http:
        token = self.options.token.get_secret_value()
        headers = {"authorization": f"Bearer {token}"}
        return self.network.client(self.options.url.rstrip("/") + "/", headers=headers)


def _tried(what: str, call: Callable[[], object], permission: str) -> Check:
    try:
        call()
    except SteelyardError as error:
        hint = f"{error.hint} The token's owner needs {permission} in Tempo's permission roles."
        return Check(what, False, error.message, hint)
    return Check(what, True, f"with what the token's owner may see ({permission})")
