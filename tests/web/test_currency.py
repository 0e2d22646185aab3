"""Another currency on every page, with its rate beside it; whatever is handed on stays dollars."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient
from tests.web.conftest import HTML
from tests.web.world import World

from steelyard.config import load_settings
from steelyard.currency import Currency, show_in
from steelyard.errors import ConfigError
from steelyard.settings import Settings
from steelyard.web.app import create_app
from steelyard.web.formats import money, short_money
from steelyard.web.layout import NAV

PAGES = [link.url for group in NAV for link in group.links if link.key not in ("settings",)]
SITE = "http://127.0.0.1:8480"


@pytest.fixture(autouse=True)
def afterwards() -> Iterator[None]:
    yield
    show_in(Currency())


@pytest.fixture
def euros(acme: World) -> TestClient:
    acme.chosen = Settings(
        data=acme.folder, currency="EUR", currency_rate=0.5, currency_since="1 Nov 2026"
    )
    return TestClient(create_app(acme), SITE)


def texts(html: str) -> str:
    shown = re.sub(r"<(script|style|pre|code)\b.*?</\1>", "", html, flags=re.DOTALL)
    return re.sub(r"<[^>]+>", " ", shown)


@pytest.mark.parametrize("path", [*PAGES, "/roi?question=stuck", "/spend?by=team"])
def test_no_page_speaks_of_dollars(euros: TestClient, path: str) -> None:
    answer = euros.get(path, headers=HTML)
    assert answer.status_code == 200
    said = texts(answer.text)
    assert "EUR at 0.5 for a US dollar, a rate set here of 1 Nov 2026" in said
    if path != "/definitions":  # it tells of the metrics, which are in dollars
        assert not re.search(r"\$\d", said), re.findall(r".{30}\$\d.{10}", said)


def test_amounts_are_converted_and_what_is_handed_on_is_not(acme: World) -> None:
    plain = TestClient(create_app(acme), SITE)
    before = plain.get("/spend.json").json()
    page = plain.get("/spend", headers=HTML).text
    acme.chosen = Settings(data=acme.folder, currency="EUR", currency_rate=0.5)
    other = TestClient(create_app(acme), SITE)
    assert other.get("/spend.json").json() == before
    drawn = [re.findall(r'data-v="([\d.]+)"', text) for text in (page, other.get("/spend").text)]
    assert drawn[0]
    dollars, converted = ([float(each) for each in found] for found in drawn)
    assert sum(converted) < sum(dollars)


def test_how_amounts_are_written() -> None:
    show_in(Currency("EUR", 0.5))
    assert [money(2), money(-2_500), short_money(250_000)] == ["€1.00", "−€1,250.00", "€125k"]
    show_in(Currency("CHF", 2))
    assert money(1.5) == "CHF\u00a03.00"
    show_in(Currency())
    assert [money(0.00001), money(0.0123), money(1)] == ["<$0.0001", "$0.0123", "$1.00"]


@pytest.mark.parametrize(
    "said", [{"currency": "EUR"}, {"currency_rate": "0.9"}, {"currency": "euro"}]
)
def test_a_currency_needs_a_rate_and_a_rate_a_currency(
    said: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in said.items():
        monkeypatch.setenv(f"STEELYARD_{name.upper()}", value)
    with pytest.raises(ConfigError, match="currency"):
        load_settings()
