"""How many statements a page asks when nothing is remembered: each costs milliseconds to plan.

A bound that is too low by a few is raised; one that a page leaves far behind is a question asked
twice in two ways, or once a row.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest
from tests.app.test_seeing import DAY, Site

from steelyard.warehouse.duck import DuckWarehouse

MOST = {
    "/": 90,
    "/spend": 80,
    "/adoption": 95,
    "/roi": 50,
    "/delivery": 30,
    "/sessions": 75,
    "/organisation": 95,
    "/sources": 30,
    "/settings": 15,
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    found = Site(tmp_path_factory.mktemp("statements"), "names")
    found.services.today = lambda: DAY + dt.timedelta(days=1)  # type: ignore[method-assign]
    yield found
    found.house.close()


@pytest.mark.parametrize("address", MOST)
def test_a_page_asks_no_more_than(
    site: Site, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = site.client("admin", address)
    with site.house.warehouse.transaction() as cursor:
        cursor.execute("update data_version set version = version + 1")
    asked: list[tuple[str, tuple[object, ...]]] = []
    query = DuckWarehouse.query

    def counted(self: DuckWarehouse, sql: str, parameters: Sequence[object] = ()) -> object:
        asked.append((sql, tuple(parameters)))
        return query(self, sql, parameters)

    monkeypatch.setattr(DuckWarehouse, "query", counted)
    assert client.get(address, headers={"accept": "text/html"}).status_code == 200
    assert 0 < len(asked) <= MOST[address]
    twice = [each for each, times in Counter(asked).items() if times > 1]
    assert [each for each in twice if "refreshed_at" not in each[0]] == []  # told by the second
