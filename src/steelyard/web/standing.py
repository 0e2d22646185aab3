"""How far an organisation has come with setting up: what the data show, never what was clicked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from steelyard.errors import NotBuilt, UsageError
from steelyard.metrics import Question
from steelyard.web.answers import single
from steelyard.web.services import Services, SourceKind, Status

WEEKS = dt.timedelta(weeks=4)
YEAR = dt.timedelta(days=365)
Where = Mapping[str, tuple[str, ...]]
NOWHERE: Where = {}
HOSTS = ("github", "gitlab", "git")


@dataclass(frozen=True)
class Standing:
    """`reporting` are people of whom work came in four weeks, `shipped` commits and merged pull
    requests of a year, `brought` tokens of a year that transcripts told of, None where that is
    not known; `plans` are roll-outs with a date. `hosts` are the kinds of Git hosts that can be
    read."""

    reporting: int | None = None
    shipped: int | None = None
    plans: int = 0
    brought: int | None = None
    hosts: tuple[SourceKind, ...] = ()

    @property
    def rolled_out(self) -> bool:
        """Whether more than the one who tried it reports."""
        return (self.reporting or 0) > 1


@dataclass(frozen=True)
class Preview:
    """A page and what it will show; `needs` is the step that fills it, empty once it is done."""

    title: str
    url: str
    shows: str
    needs: str = ""


def look(services: Services, status: Status) -> Standing:
    """Cheap: a few remembered answers, and a list of plans."""
    kinds = {kind.name: kind for kind in services.source_kinds()}
    hosts = tuple(kinds[name] for name in HOSTS if name in kinds)
    return Standing(
        _counted(services, ("active_people",), WEEKS) if status.has_data else None,
        _counted(services, ("commits", "prs_merged"), YEAR),
        len(services.studies.plans()),
        _counted(services, ("witness_tokens",), YEAR, {"witness": ("transcripts",)}),
        hosts,
    )


def previews(status: Status, known: Standing) -> list[Preview]:
    """What each page shows, and what it waits for."""
    use = "" if status.has_data else "telemetry"
    people = "" if status.people else "people"
    work = "" if known.shipped else "a Git host"
    dates = "" if known.plans else "a roll-out date"
    return [
        Preview("Spend", "/spend", "what was spent, on which tools, models and projects", use),
        Preview("Adoption", "/adoption", "who uses what, how deeply, who stopped", use),
        Preview("Organisation", "/organisation", "both per department and team", people),
        Preview("Delivery", "/delivery", "throughput, lead time, review and rework", work),
        Preview("ROI", "/roi", "spend beside what was shipped for it", use or work),
        Preview("Impact", "/impact", "what a roll-out changed, with its interval", work or dates),
    ]


def _counted(
    services: Services, metrics: tuple[str, ...], back: dt.timedelta, where: Where = NOWHERE
) -> int | None:
    """The sum of counts up to today; None where nothing is known or may be seen."""
    today = services.today()
    try:
        asked = Question(metrics, today - back + dt.timedelta(days=1), today, where=where)
        line = single(services.ask(asked))
    except (UsageError, NotBuilt):
        return None
    found = [number for name in metrics if (number := line.number(name)) is not None]
    return round(sum(found)) if found else None
