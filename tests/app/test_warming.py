"""Pages are opened before somebody does: nothing is left to ask, and nobody has looked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.app.test_seeing import DAY, Site
from tests.web.world import insert

from steelyard.app.warming import Warming, visits
from steelyard.state.looks import Looks
from steelyard.warehouse.duck import DuckWarehouse
from steelyard.web.layout import nav
from steelyard.web.viewer import Viewer

HTML = {"accept": "text/html"}
SESSION = {"day": DAY, "person": "pay1", "session": "s-pay1", "assistant": "claude-code"}
SESSION |= {"session_size": "<100k", "session_duration": "<5m", "tokens": 2, "commits": 0}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    found = Site(tmp_path, "names")
    insert(found.house.warehouse, "sessions", [SESSION])
    monkeypatch.setattr(found.services, "today", lambda: DAY + dt.timedelta(days=1))
    yield found
    found.house.close()


def warming(site: Site) -> Warming:
    return Warming(visits(site.app), site.services.stand, ("admin", "member"))


def links(role: str) -> list[str]:
    return [link.url for group in nav(role) for link in group.links]  # type: ignore[arg-type]


def test_every_page_of_the_rail_is_opened_once_a_version_and_a_day(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    warm = warming(site)
    every = len(links("admin")) + len(links("member"))
    assert warm.catch_up() == every
    assert warm.catch_up() == 0
    with site.house.warehouse.transaction() as cursor:
        cursor.execute("update data_version set version = version + 1")
    assert warm.catch_up() == every
    monkeypatch.setattr(site.services, "today", lambda: DAY + dt.timedelta(days=2))
    assert warm.catch_up() == every


def test_a_reader_waits_for_no_statement(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    client = site.client("admin")
    warming(site).catch_up()
    asked: list[str] = []
    query = DuckWarehouse.query

    def counted(self: DuckWarehouse, sql: str, parameters: tuple[object, ...] = ()) -> object:
        asked.append(sql)
        return query(self, sql, parameters)

    monkeypatch.setattr(DuckWarehouse, "query", counted)
    for address in ("/", "/spend", "/adoption", "/roi", "/delivery", "/sessions", "/organisation"):
        assert client.get(address, headers=HTML).status_code == 200
    assert [sql for sql in asked if "refreshed_at" not in sql] == []


def test_nobody_has_looked_at_anybody(site: Site) -> None:
    warming(site).catch_up()
    site.services.looking.write()
    assert Looks(site.house.state).latest() == ()
    site.client("admin").get("/sessions", headers=HTML)
    site.services.looking.write()
    assert Looks(site.house.state).latest() != ()


def test_it_is_no_reader_whose_questions_are_asked_again(site: Site) -> None:
    warming(site).catch_up()
    with site.house.warehouse.transaction() as cursor:
        cursor.execute("update data_version set version = version + 1")
    assert site.services.ahead.catch_up() == 0


def test_it_ends_between_two_pages() -> None:
    opened: list[str] = []

    def site(address: str, viewer: Viewer) -> int:
        opened.append(address)
        warm.stop()
        return 200

    warm = Warming(site, lambda: 1, ("admin",))
    warm.run()
    assert opened == ["/"]
