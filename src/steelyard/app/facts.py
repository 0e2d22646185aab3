"""Which facts are due after something changed, in the order in which they rest on each other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from steelyard.app.shown import build_what_is_shown
from steelyard.ledger.refresh import Options, refresh
from steelyard.people import options as people
from steelyard.people.build import CONCERNS, build_people
from steelyard.work import build as work

if TYPE_CHECKING:
    from steelyard.config import Settings
    from steelyard.state.database import State
    from steelyard.warehouse import Warehouse


def build_facts(warehouse: Warehouse, settings: Settings, state: Callable[[], State]) -> int:
    """Build who is who, what was used, what shipped, and what of it is shown to whom; how many
    days were built."""
    now = dt.datetime.now(dt.UTC)
    _build_people(warehouse, settings, state, now)
    days = refresh(warehouse, ledger_options(settings), now)
    work.build_work(warehouse, work.Options(failure_hours=settings.failure_hours), now)
    build_what_is_shown(warehouse, settings, now)
    return days


def _build_people(
    warehouse: Warehouse, settings: Settings, state: Callable[[], State], now: dt.datetime
) -> None:
    """Only when something about people changed: decisions lie in a database of their own."""
    concern = "kind in (select unnest(?))"
    count = "select count(*) from dirty_work where "
    dirty = warehouse.query(count + concern, [list(CONCERNS)])[0][0]
    built, wanted = warehouse.query("select settings from people_built"), _said(settings)
    if not dirty and (not built or built == [(wanted,)]):
        return
    from steelyard.state.identities import Identities

    options = people_options(settings, state())
    decisions = Identities(state()).decisions()
    with warehouse.transaction() as cursor:
        build_people(warehouse, decisions, options, now)
        done = sorted(set(CONCERNS) - work.KINDS)  # the others are the work facts' cue, too
        cursor.execute(f"delete from dirty_work where {concern}", [done])
        cursor.execute("delete from people_built")
        cursor.execute("insert into people_built values (?)", [wanted])


def _said(settings: Settings) -> str:
    """What of the settings people rest on."""
    names = ("rollup_pattern", "rollup_depth", "directories", "team_sources")
    return repr([getattr(settings, name) for name in names])


def ledger_options(settings: Settings) -> Options:
    return Options(
        short_prompt_chars=settings.short_prompt_chars,
        segment_days=settings.segment_days,
        minimal_active_days=settings.segment_active_days,
        autonomous_sessions_quantile=settings.segment_sessions_percentile,
        autonomous_approved_share=settings.segment_accepted_share,
    )


def people_options(settings: Settings, state: State) -> people.Options:
    """With the names of sources for the kinds that the settings name: `okta` may be called hr."""
    from steelyard.state.sources import Sources

    kinds = {known.name: known.kind for known in Sources(state).list()}
    return people.Options(
        rollup_pattern=settings.rollup_pattern or people.CXO,
        rollup_depth=settings.rollup_depth,
        directories=_names(settings.directories, kinds),
        team_sources=_names(settings.team_sources, kinds),
    )


def _names(text: str, kinds: Mapping[str, str]) -> tuple[str, ...]:
    said = [name.strip() for name in text.split(",") if name.strip()]
    called = [(word, [name for name, kind in kinds.items() if kind == word]) for word in said]
    return tuple(dict.fromkeys(name for word, names in called for name in (word, *names)))
