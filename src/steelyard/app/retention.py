"""How long what is kept stays: a server applies it every hour, a kind of data at a time.

What was forgotten or dropped does not return, and facts are built again where they rest on it.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from steelyard.app import life
from steelyard.ledger.retention import drop_facts_before
from steelyard.people.leavers import leavers
from steelyard.state.looks import Looks
from steelyard.warehouse import told

if TYPE_CHECKING:
    from steelyard.app.house import House

LEAVERS_AT_ONCE = 20  # each looks through all records; the next hour goes on


def tidy(house: House, now: dt.datetime) -> None:
    """Apply every limit that the settings set."""
    said, today = house.settings, now.date()
    house.inbox.prune(now - dt.timedelta(days=said.inbox_days))
    Looks(house.state).drop_before(now - dt.timedelta(days=said.looks_days))
    limits = [days for days in (said.events_days, said.facts_days) if days]
    if limits:
        house.warehouse.drop_raw_before(today - dt.timedelta(days=min(limits)))
    changed = False
    with house.applier.turn:
        if said.facts_days:
            changed |= _drop_facts(house, today - dt.timedelta(days=said.facts_days))
        if said.work_days:
            changed |= _drop_work(house, today - dt.timedelta(days=said.work_days))
        if said.leavers_days:
            changed |= _forget_leavers(house, today - dt.timedelta(days=said.leavers_days))
    if changed:
        house.refresh()
        house.warehouse.checkpoint()


def _drop_facts(house: House, day: dt.date) -> bool:
    return drop_facts_before(house.warehouse, day)


def _drop_work(house: House, day: dt.date) -> bool:
    with house.warehouse.transaction() as cursor:
        return told.drop_before(cursor, day)


def _forget_leavers(house: House, day: dt.date) -> bool:
    """As `people forget` does; their work stays, without them."""
    if not leavers(house.warehouse.query, day):
        return False
    house.settle()  # what waits may say that somebody is back
    found = leavers(house.warehouse.query, day)[:LEAVERS_AT_ONCE]
    for person in found:
        life.take_out(house, life.find(house, person), with_work=False)
    return bool(found)
