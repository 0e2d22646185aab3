"""Sessions: rows that are what happened, the rule of being stuck, and who sees which."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient
from tests.app.test_seeing import ALWAYS, DAY, PERIOD, Site, names, pseudonyms, site
from tests.demo.company import END, Loaded, shared_demo
from tests.web.conftest import HTML, LOCAL, text_of
from tests.web.taking import take_all
from tests.web.world import World, empty_warehouse, insert

from steelyard.errors import BadValue, UnknownName
from steelyard.metrics.session_rows import MOST_ROWS, SessionTerms, session_rows
from steelyard.web.app import create_app
from steelyard.web.formats import short_count, short_money

if TYPE_CHECKING:
    from steelyard.warehouse import Warehouse

__all__ = ["ALWAYS", "site"]
FIRST = dt.date(2026, 9, 28)
DAYS = f"from={FIRST}&to={END}"


@pytest.fixture(scope="module")
def demo() -> Loaded:
    return shared_demo()


@pytest.fixture(scope="module")
def page(demo: Loaded, tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    moment = dt.datetime.combine(END, dt.time(12), dt.UTC)
    folder = tmp_path_factory.mktemp("sessions")
    world = World(demo.house.warehouse, folder, people=10, moment=moment)
    world.receives()
    return TestClient(create_app(world), LOCAL)


def rows_of(client: TestClient, query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/sessions.json?{query}").json()["sessions"]
    return found


def test_rows_are_the_sessions_there_were(page: TestClient, demo: Loaded) -> None:
    told = {row["session"]: row for row in rows_of(page, DAYS)}
    true = demo.truth.sessions.set_index("session")
    assert set(told) == set(true.index)
    for name, row in told.items():
        was = true.loc[name]
        assert (row["person"], row["assistant"]) == (was.person, was.assistant)
        assert row["prompts"] == was.prompts
        assert row["spend_usd"] == pytest.approx(was.list_nanos / 1e9)
        if was.assistant == "claude-code":
            assert (row["commits"], row["context_tokens_max"]) == (was.commits, was.context)
    tokens = demo.truth.tokens.groupby(["session", "model"]).tokens.sum().reset_index()
    leading = tokens.sort_values("tokens").groupby("session").model.last()
    assert all(row["models"].split(", ")[0] == leading[name] for name, row in told.items())


def test_the_page_orders_and_narrows(page: TestClient, demo: Loaded) -> None:
    html = page.get(f"/sessions?{DAYS}&sort=-spend_usd", headers=HTML).text
    costs = demo.truth.sessions.sort_values("list_nanos", ascending=False)
    explorer = html[html.index('id="explorer"') : html.index('id="sizes"')]
    order = [explorer.index(name) for name in costs.session[:10]]
    assert order == sorted(order)
    assert explorer.count("/sessions/") == 50 and "show=all" in explorer
    assert f"{len(costs):,} sessions" in text_of(explorer)
    one = rows_of(page, f"{DAYS}&where.assistant=gemini-cli")
    assert len(one) == (demo.truth.sessions.assistant == "gemini-cli").sum()
    said = text_of(page.get(f"/sessions?{DAYS}", headers=HTML).text)
    assert "What makes a session stuck" in said and "What cost most" in said
    assert page.get(f"/sessions?{DAYS}&sort=-size", headers=HTML).status_code == 200


def test_files_hold_the_same_rows(page: TestClient) -> None:
    query = f"{DAYS}&panel=sessions"
    table = list(csv.DictReader(io.StringIO(page.get(f"/sessions.csv?{query}").text)))
    sheet = pq.read_table(io.BytesIO(page.get(f"/sessions.parquet?{query}").content)).to_pylist()
    told = rows_of(page, DAYS)
    assert [row["session"] for row in table] == [row["session"] for row in told]
    assert [row["spend_usd"] for row in sheet] == [row["spend_usd"] for row in told]


def test_one_session(page: TestClient, demo: Loaded) -> None:
    was = demo.truth.sessions.query("assistant == 'claude-code'").iloc[0]
    html = page.get(f"/sessions/{was.session}?{DAYS}", headers=HTML)
    said = text_of(html.text)
    assert html.status_code == 200 and was.session in said and was.person in said
    cost = short_money(was.list_nanos / 1e9)
    assert f"{was.prompts} prompt" in said and f"it cost {cost} at list price" in said
    assert "data-clear" not in html.text  # there is nothing to clear
    assert page.get(f"/sessions/none?{DAYS}", headers=HTML).status_code == 404


def test_one_session_call_by_call(page: TestClient, demo: Loaded) -> None:
    """The curve's points are the calls there were; every file of the page can be taken."""
    was = demo.truth.sessions.query("assistant == 'claude-code'").iloc[0]
    html = page.get(f"/sessions/{was.session}?{DAYS}", headers=HTML).text
    data = page.get(f"/sessions/{was.session}.json?{DAYS}").json()
    assert data["session"]["person"] == was.person
    contexts = [call["context_tokens"] for call in data["context"]]
    assert max(contexts) == was.context
    assert html.count("<tr data-day=") == len(contexts)
    largest = max(data["context"], key=lambda call: call["context_tokens"])["source"]
    own = [call for call in data["context"] if call["source"] == largest]
    said = f"to {short_count(was.context)} tokens in {sum(call['calls'] for call in own)} call"
    assert said in text_of(html)
    taken = take_all(page, html)
    assert taken["Picture (PNG)"] >= 1 and taken["CSV"] > 3
    refused = page.get(f"/sessions/none.csv?{DAYS}")
    assert refused.status_code == 404


def test_sessions_come_a_page_at_a_time(page: TestClient) -> None:
    """Together the pages hold what the file holds, in its order, each row once."""
    address, seen, pages = f"/sessions?{DAYS}&sort=-spend_usd", [], 0
    while address:
        html = page.get(address, headers=HTML).text
        start = html.index('id="explorer"')
        rows = html[start : html.index('id="sizes"')]
        seen += re.findall(r'href="/sessions/([^?"]+)', rows)
        following = re.search(r'<a href="([^"]+)">Next page</a>', rows)
        address, pages = unescape(following[1]) if following else "", pages + 1
    told = [row["session"] for row in rows_of(page, f"{DAYS}&sort=-spend_usd")]
    assert seen == told and pages == -(-len(told) // 50)
    beyond = text_of(page.get(f"/sessions?{DAYS}&page=99", headers=HTML).text)
    assert "No session stands on this page." in beyond and "First page" in beyond
    assert page.get(f"/sessions?{DAYS}&page=0", headers=HTML).status_code == 400


STUCK = {
    "long-empty": (31, {}, "no result in 30 min"),
    "long-commit": (31, {"commits": 1}, ""),
    "long-approved": (31, {"approved_edits": 1}, ""),
    "just-long": (30, {}, ""),
    "rejected": (5, {"person_rejections": 11}, "11 rejections"),
    "some-rejected": (5, {"person_rejections": 10}, ""),
    "errors": (5, {"api_errors": 4}, "4 API errors"),
    "few-errors": (5, {"api_errors": 3}, ""),
    "both": (45, {"api_errors": 9}, "no result in 30 min, 9 API errors"),
}
NUMBERS: tuple[str, ...] = (
    "prompts",
    "requests",
    "tool_calls",
    "api_errors",
    "person_rejections",
    "tokens",
)
NUMBERS += ("accepted_edits", "approved_edits", "edit_decisions", "commits", "pull_requests")
ROLL_UPS = Path("src/steelyard/ledger/sql/05_rollups.sql")


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    found = empty_warehouse(tmp_path)
    yield found
    found.close()


def roll_up(warehouse: Warehouse) -> None:
    """Sessions of their days, by the ledger's own statement."""
    text = ROLL_UPS.read_text()
    start = text.index("delete from sessions where")
    with warehouse.transaction() as cursor:
        cursor.execute(
            "create or replace temp table touched as select distinct assistant, session"
            " from session_days where session <> ''"
        )
        cursor.execute(text[start : text.index("create or replace temp table faces")])


def test_what_makes_a_session_stuck(warehouse: Warehouse) -> None:
    noon = dt.datetime(2026, 11, 2, 12)
    for name, (minutes, counts, _) in STUCK.items():
        numbers = dict.fromkeys((*NUMBERS, "active_seconds"), 0) | counts
        row = {"day": noon.date(), "person": "ada", "session": name, "worked": True}
        row |= {"first_time": noon, "last_time": noon + dt.timedelta(minutes=minutes)}
        insert(warehouse, "session_days", [row | numbers])
    roll_up(warehouse)
    found = session_rows(warehouse, SessionTerms(noon.date(), noon.date())).rows
    assert {row.session: ", ".join(row.why_stuck) for row in found} == {
        name: why for name, (_, _, why) in STUCK.items()
    }
    assert {row.session: row.stuck for row in found} == {
        name: bool(why) for name, (_, _, why) in STUCK.items()
    }


def test_a_hundred_thousand_sessions(warehouse: Warehouse) -> None:
    day = dt.date(2026, 11, 2)
    ids = [f"s{n:06d}" for n in range(100_000)]
    table = pa.table({"session": ids, "n": range(len(ids))})
    zeros = ", ".join(f"0 as {name}" for name in (*NUMBERS, "active_seconds") if name != "prompts")
    with warehouse.transaction() as cursor:
        cursor.register("made", table)
        texts = "'' as provider, '' as app_version, '' as terminal, '' as repo, '' as plan"
        who = "'p' || n % 900 as person, 'claude-code' as assistant, '' as witness"
        flags = "true as worked, true as by_telemetry, false as by_transcript"
        cursor.execute(
            f"insert into session_days by name select date '{day}' as day, session, {who}, {texts},"
            f" {flags}, n % 7 as prompts, {zeros} from made"
        )
    roll_up(warehouse)
    begun = time.process_time()
    found = session_rows(warehouse, SessionTerms(day, day, sort="prompts", limit=50))
    assert time.process_time() - begun < 2
    assert (len(found.rows), found.total) == (50, 100_000)
    assert {row.prompts for row in found.rows} == {6}
    with pytest.raises(BadValue):
        SessionTerms(day, day, limit=MOST_ROWS + 1)
    with pytest.raises(UnknownName):
        SessionTerms(day, day, sort="size")


def sessions(site: Site) -> None:
    rows = [
        {"person": person, "day": DAY, "session": f"s-{person}", "assistant": "", "tokens": 1}
        | {"commits": 0}
        for (person,) in site.house.warehouse.query("select distinct person from session_days")
    ]
    insert(site.house.warehouse, "sessions", rows)


def people(client: TestClient) -> set[str]:
    return {row["person"] for row in rows_of(client, PERIOD)}


def test_rows_are_ones_own_by_default(site: Site) -> None:
    sessions(site)
    member = site.client("member", "pay0")
    assert people(member) == {"pay0"}
    assert "of your own" in text_of(member.get(f"/sessions?{PERIOD}", headers=HTML).text)
    assert member.get(f"/sessions/s-pay0?{PERIOD}", headers=HTML).status_code == 200
    assert member.get(f"/sessions/s-pay1?{PERIOD}", headers=HTML).status_code == 404
    refused = member.get(f"/sessions.csv?{PERIOD}&panel=sessions&where.person=pay1")
    assert refused.status_code == 403 and "pay1" not in refused.text
    admin = site.client("admin", "chief")
    html = admin.get(f"/sessions?{PERIOD}", headers=HTML).text
    assert "s-pay" not in html


@names
def test_managers_see_rows_of_their_own_tree(site: Site) -> None:
    sessions(site)
    boss = site.client("manager", "boss")
    assert people(boss) == {"boss", *(f"pay{n}" for n in range(6))}
    assert len(people(site.client("admin"))) == 17
    assert boss.get(f"/sessions/s-pay0?{PERIOD}", headers=HTML).status_code == 200
    assert boss.get(f"/sessions/s-search0?{PERIOD}", headers=HTML).status_code == 404


@pseudonyms
def test_rows_name_nobody_where_pseudonyms_are_shown(site: Site) -> None:
    sessions(site)
    found = rows_of(site.client("admin"), PERIOD)
    assert len(found) == 17 and all(row["person"].startswith("p-") for row in found)
    assert not any(row["repo"] == "acme/legal" for row in found)
