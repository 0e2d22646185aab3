"""Which facts are due after something changed, in the order in which they rest on each other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING

from steelyard.ledger.refresh import Options, refresh
from steelyard.people import options as people
from steelyard.people.build import CONCERNS, build_people
from steelyard.work import build as work

if TYPE_CHECKING:
    from steelyard.config import Settings
    from steelyard.state.database import State
    from steelyard.warehouse import Warehouse


def build_facts(warehouse: Warehouse, settings: Settings, state: Callable[[], State]) -> int:
    """Build who is who, then what was used, then what shipped; how many days were built."""
    now = dt.datetime.now(dt.UTC)
    _build_people(warehouse, settings, state, now)
    days = refresh(warehouse, ledger_options(settings), now)
    work.build_work(warehouse, work.Options(failure_hours=settings.failure_hours), now)
    return days


def _build_people(
    warehouse: Warehouse, settings: Settings, state: Callable[[], State], now: dt.datetime
) -> None:
    """Only when something about people changed: decisions lie in a database of their own."""
    concern = "kind in (select unnest(?))"
    count = "select count(*) from dirty_work where "
    if not warehouse.query(count + concern, [list(CONCERNS)])[0][0]:
        return
    from steelyard.state.identities import Identities

    decisions = Identities(state()).decisions()
    with warehouse.transaction() as cursor:
        build_people(warehouse, decisions, people_options(settings), now)
        done = sorted(set(CONCERNS) - work.KINDS)  # the others are the work facts' cue, too
        cursor.execute(f"delete from dirty_work where {concern}", [done])


def ledger_options(settings: Settings) -> Options:
    return Options(
        short_prompt_chars=settings.short_prompt_chars,
        segment_days=settings.segment_days,
        minimal_active_days=settings.segment_active_days,
        autonomous_sessions_quantile=settings.segment_sessions_percentile,
        autonomous_approved_share=settings.segment_accepted_share,
    )


def people_options(settings: Settings) -> people.Options:
    return people.Options(
        rollup_pattern=settings.rollup_pattern or people.CXO,
        rollup_depth=settings.rollup_depth,
        directories=_names(settings.directories),
        team_sources=_names(settings.team_sources),
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
