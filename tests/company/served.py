"""The scripted company behind all its systems: stand-ins on loopback, a repository of git, and the
sources that read them. Secrets are in variables of the environment, and nowhere else.
"""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from steelyard.app.house import House
from steelyard.app.syncing import Runner, SyncReport
from steelyard.config import Settings, load_settings
from steelyard.sources.network import Network
from steelyard.sources.registry import check_options
from steelyard.state.sources import Sources
from tests.company import hosts, offices, trackers
from tests.company.history import by, really, show
from tests.company.script import END, START, Company, company
from tests.server.running import environment
from tests.standins.server import Answer, Request, StandIn, serving

AFTER = dt.datetime.combine(END + dt.timedelta(days=1), dt.time(12), dt.UTC)
IN_GIT = "github.com/acme/search"  # the same commits as on GitHub
SECRETS = {
    "ACME_GRAPH_SECRET": offices.SECRET,
    "ACME_GITHUB_TOKEN": hosts.TOKEN,
    "ACME_GITLAB_TOKEN": hosts.GITLAB_TOKEN,
    "ACME_JIRA_TOKEN": trackers.JIRA_TOKEN,
    "ACME_LINEAR_KEY": trackers.LINEAR_KEY,
    "ACME_TEMPO_TOKEN": trackers.TEMPO_TOKEN,
    "ACME_PAGERDUTY_KEY": trackers.PAGERDUTY_KEY,
    "ACME_ANTHROPIC_KEY": offices.ANTHROPIC_KEY,
}
# Teams are the directory's departments; hosts and trackers have teams of their own.
SETTINGS = {"STEELYARD_TEAM_SOURCES": "department", "STEELYARD_THREADS": "2"}
NAMES = ("graph", "github", "gitlab", "jira", "linear", "tempo", "pagerduty", "anthropic")
Speak = Callable[[Request], Answer]


@dataclass
class Served:
    """The company as served now; `worlds` and what they answer may be changed at any time."""

    script: Company
    standins: dict[str, StandIn]
    repository: Path
    worlds: dict[str, Any] = field(default_factory=dict)

    def tell(self, moment: dt.datetime) -> None:
        """Let all systems show what had happened by a moment."""
        known = by(self.script, moment)
        show(known, IN_GIT, self.repository)
        self.worlds = {
            "graph": offices.graph(known, moment.date()),
            "github": hosts.github(known),
            "gitlab": hosts.gitlab_world(known),
            "jira": trackers.jira_cloud(known),
            "linear": trackers.linear_world(known),
            "tempo": trackers.tempo(known),
            "pagerduty": trackers.pagerduty_world(known),
            "anthropic": offices.anthropic(known, max(moment, trackers.now())),
        }
        for name, world in self.worlds.items():
            world.url = self.standins[name].url
            self.standins[name].answer = getattr(world, "answer", world)

    @property
    def seen(self) -> int:
        """Requests so far, to all systems."""
        return sum(len(standin.seen) for standin in self.standins.values())

    def options(self) -> dict[str, tuple[str, dict[str, str]]]:
        """Each source by its name: its kind and options."""
        url = {name: standin.url for name, standin in self.standins.items()}
        since = str(START)
        graph = {"tenant": offices.TENANT, "client_id": offices.CLIENT}
        graph |= {"client_secret": "env:ACME_GRAPH_SECRET"}
        graph |= {"login_host": url["graph"], "graph_host": url["graph"]}
        jira = {"site": url["jira"], "email": trackers.JIRA_EMAIL, "token": "env:ACME_JIRA_TOKEN"}
        on_call = {"repositories": trackers.services(self.script), "since": since}
        vendor = {"key": "env:ACME_ANTHROPIC_KEY", "base_url": url["anthropic"]}
        vendor |= {"since": str(offices.FIRST_USED)}
        return {
            "microsoft-graph": ("microsoft-graph", graph),
            "github": ("github", {"repositories": "acme", **_at(url, "github", "GITHUB_TOKEN")}),
            "gitlab": ("gitlab", {"groups": "acme", **_at(url, "gitlab", "GITLAB_TOKEN")}),
            "clone": ("git", {"path": str(self.repository), "repo": IN_GIT}),
            "jira": ("jira", jira),
            "linear": ("linear", {"since": since, **_at(url, "linear", "LINEAR_KEY")}),
            "tempo": ("tempo", {"token": "env:ACME_TEMPO_TOKEN", "url": f"{url['tempo']}/4"}),
            "pagerduty": ("pagerduty", on_call | _at(url, "pagerduty", "PAGERDUTY_KEY")),
            "claude-code-analytics": ("claude-code-analytics", vendor),
            "anthropic-usage-cost": ("anthropic-usage-cost", vendor),
        }


def _at(url: dict[str, str], name: str, secret: str) -> dict[str, str]:
    return {"token": f"env:ACME_{secret}", "base_url": url[name]}


@contextmanager
def served(folder: Path, until: dt.datetime = AFTER) -> Iterator[Served]:
    """The company, and what happened in it until a moment, served until the block ends."""
    repository = folder / "search.git"
    real = really(by(company(), until), IN_GIT, repository)
    with ExitStack() as stack:
        standins = {name: stack.enter_context(serving(_nobody)) for name in NAMES}
        found = Served(real, standins, repository)
        found.tell(until)
        yield found


def _nobody(request: Request) -> Answer:
    return Answer(status=503)


def house_settings(data: Path) -> Settings:
    return load_settings(data, threads=2, memory_limit="1GB", team_sources="department")


def add_sources(data: Path, systems: Served, *names: str) -> None:
    """Add the sources, or some of them, to a data folder."""
    with House(house_settings(data)) as house:
        sources = Sources(house.state)
        for name, (kind, said) in systems.options().items():
            if not names or name in names:
                sources.add(name, kind, check_options(kind, said), dt.timedelta(hours=1))


def sync_at(data: Path, moment: dt.datetime, *names: str) -> list[SyncReport]:
    """Read what is new, as if it were some moment, without waiting between tries."""
    with House(house_settings(data)) as house:
        network = lambda: Patient(pause=lambda _: None)  # noqa: E731
        runner = Runner(house.inbox, Sources(house.state), clock=lambda: moment, network=network)
        reports = runner.sync_all(names)
        house.settle()
    return reports


def tables(data: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row that sources told and every fact built of them, but not when that was."""
    with House(house_settings(data)) as house:
        ask = house.warehouse.query
        names = ask(
            "select table_name, list(column_name order by column_index) from duckdb_columns()"
            " where table_name in (select table_name from duckdb_tables())"
            " and (regexp_matches(table_name, '^(raw|work)_')"
            " or table_name in ('people', 'identities', 'bills', 'vendor_days'))"
            " group by 1 order by 1"
        )
        return {
            name: ask(f"select {', '.join(_told(columns))} from {name} order by all")
            for name, columns in names
            if name != "work_built"
        }


def _told(columns: list[str]) -> list[str]:
    return [f'"{name}"' for name in dict.fromkeys(columns) if name not in ("seen_at", "body")]


class Patient(Network):
    """A network without pauses: a runner's own would wait for real."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name != "pause" or "pause" not in vars(self):
            super().__setattr__(name, value)


def words(data: Path, *command: str) -> list[str]:
    return [sys.executable, "-m", "steelyard", *command, "--data", str(data)]


def surroundings(**more: str) -> dict[str, str]:
    """A process's environment, with the secrets."""
    return environment(**(SECRETS | SETTINGS | more))


def steelyard(data: Path, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
    """A command as its users run it."""
    env = surroundings(COLUMNS="400", **more)
    return subprocess.run(
        words(data, *command), capture_output=True, text=True, timeout=120, env=env
    )


def use_secrets() -> None:
    """For sources that are opened in this process."""
    os.environ.update(SECRETS)
