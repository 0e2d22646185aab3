"""The Spend page over a real warehouse: what it says agrees with what `ask` answers."""

from __future__ import annotations

import datetime as dt
import html
import io
import re
from typing import Any

import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient
from tests.web.conftest import HTML, text_of
from tests.web.signing import submit
from tests.web.taking import take_all
from tests.web.world import TODAY, World, insert

from steelyard.metrics import Question
from steelyard.web import formats

START = TODAY - dt.timedelta(days=27)


def page(client: TestClient, query: str = "") -> str:
    answer = client.get(f"/spend{query}", headers=HTML)
    assert answer.status_code == 200
    return answer.text


def rows(page_html: str, table: str) -> list[list[str]]:
    """The text of a table's body, row by row."""
    body = page_html.partition(f'<table id="{table}">')[2].partition("</table>")[0]
    body = body.partition("<tbody>")[2].partition("</tbody>")[0]
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in body.split("</tr>")]
    return [[html.unescape(re.sub(r"<[^>]*>", "", cell)) for cell in row] for row in cells if row]


def total(world: World, metric: str = "spend_usd", **more: Any) -> float:
    return float(world.ask(Question((metric,), START, TODAY, **more)).value(metric))  # type: ignore[arg-type]


def test_the_sentence_and_the_tile_show_the_asked_total(client: TestClient, acme: World) -> None:
    said = text_of(page(client))
    spend = formats.short_money(total(acme))
    assert f"coding assistants used at least {spend} at list price" in said
    assert "No list price is known for acme-inhouse-1" in said


def test_the_table_is_the_answer(client: TestClient, acme: World) -> None:
    answer = acme.ask(Question(("spend_usd",), START, TODAY, ("person",)))
    shown = rows(page(client, "?by=person"), "breakdown")
    assert [row[0] for row in shown] == [record["person"] for record in answer.records()]
    assert [row[1] for row in shown] == [
        formats.money(record["spend_usd"]) for record in answer.records()
    ]


def test_the_charts_table_adds_up_to_the_total(client: TestClient, acme: World) -> None:
    chart = page(client).partition('<table id="chart-data">')[2].partition("</table>")[0]
    values = [float(value) for value in re.findall(r'data-v="([\d.]+)"', chart)]
    assert sum(values) == pytest.approx(total(acme), abs=0.01)
    assert len(re.findall(r"<tr data-day=", chart)) == 28
    assert chart.count("data-partial") == 1


def test_unknown_is_said_and_never_zero(client: TestClient) -> None:
    shown = rows(page(client), "breakdown")
    unpriced = next(row for row in shown if row[0] == "acme-inhouse-1")
    assert unpriced[1] == "unknown"
    assert shown[-1] == unpriced
    reported = next(row for row in shown if row[0] == "gpt-5.6-codex")
    assert "unknown" in reported
    assert not any(cell == "$0.00" for row in shown for cell in row)


def test_filters_narrow_and_name_what_they_leave_out(client: TestClient, acme: World) -> None:
    said = text_of(page(client, "?where.model=claude-opus-4-8&by=team"))
    spend = formats.short_money(total(acme, where={"model": ("claude-opus-4-8",)}))
    assert spend in said
    assert "cannot be filtered by model" in said
    assert "Not known per model, so left out here: active people" in said
    assert "data-clear" in page(client, "?where.team=search")


def test_sorting_by_link_both_ways(client: TestClient) -> None:
    up = rows(page(client, "?by=team&sort=tokens"), "breakdown")
    down = rows(page(client, "?by=team&sort=-tokens"), "breakdown")
    assert [row[0] for row in up] == [row[0] for row in down][::-1]
    assert 'aria-sort="ascending"' in page(client, "?by=team&sort=tokens")
    names = [row[0].lower() for row in rows(page(client, "?by=person&sort=person"), "breakdown")]
    assert names == sorted(names)


def test_an_unknown_column_to_sort_by_changes_nothing(client: TestClient) -> None:
    assert rows(page(client, "?sort=nothing"), "breakdown")


def test_fifty_rows_then_all(client: TestClient) -> None:
    first = page(client, "?by=session")
    assert len(rows(first, "breakdown")) == 50
    everything = html.unescape(re.search(r'<a href="([^"]+)">Show all', first)[1])  # type: ignore[index]
    assert len(rows(client.get(everything, headers=HTML).text, "breakdown")) > 50


@pytest.mark.parametrize("by", ["day", "week", "month", "repo", "tenure", "token_type", "segment"])
def test_every_kind_of_breakdown(client: TestClient, by: str) -> None:
    assert rows(page(client, f"?by={by}&period=12w"), "breakdown")


@pytest.mark.parametrize(("period", "grain"), [("28d", "day"), ("365d", "week"), ("900d", "month")])
def test_long_periods_are_drawn_in_coarser_steps(
    client: TestClient, period: str, grain: str
) -> None:
    assert f"US dollars at list price per {grain}" in text_of(page(client, f"?period={period}"))


def test_downloads_are_exactly_the_table(client: TestClient) -> None:
    shown = page(client, "?by=team&where.assistant=codex&period=7d")
    own = shown[shown.index('<section id="by">') :]
    address = html.unescape(re.search(r'<a href="([^"]+)" download>CSV', own)[1])  # type: ignore[index]
    table = client.get(address)
    assert table.status_code == 200
    lines = table.text.splitlines()
    assert lines[0].startswith("team,spend_usd,spend_usd_previous")
    assert len(lines) - 1 == len(rows(shown, "breakdown"))


@pytest.mark.parametrize("by", ["team", "day", "token_type"])
def test_every_own_table_is_taken_as_rows_and_as_a_picture(client: TestClient, by: str) -> None:
    shown = page(client, f"?by={by}&period=7d")
    own = shown[shown.index('<section id="by">') : shown.index('<section id="months">')]
    kinds = ("CSV", "Parquet", "JSON", "Picture (SVG)", "Picture (PNG)")
    assert take_all(client, own) == dict.fromkeys(kinds, 2)


def test_the_same_address_gives_json_and_csv(client: TestClient) -> None:
    said = client.get("/spend.json?by=team").json()
    assert set(said) == {"totals", "series", "chart", "table", "tokens"}
    assert client.get("/spend.csv?by=team").text.startswith("team,spend_usd")


def test_how_it_ran_and_what_finance_needs(client: TestClient, acme: World) -> None:
    shown = page(client, "?period=12w")
    for name in ("by-month", "assistants", "tools", "token-types", "cache", "latency", "errors"):
        assert f'id="{name}"' in shown
    assert "November forecast" in text_of(shown) and "question=pricing" in shown
    months = shown.partition('id="by-month-data"')[2].partition("</table>")[0]
    assert months.count("<tr data-day=") == 4
    per_session = formats.short_money(total(acme) / total(acme, "sessions"))
    assert per_session in text_of(page(client))


def test_the_table_as_parquet(client: TestClient) -> None:
    table = pq.read_table(io.BytesIO(client.get("/spend.parquet?by=team").content))
    assert table.num_rows == len(rows(page(client, "?by=team"), "breakdown"))


def test_no_use_in_the_period(client: TestClient) -> None:
    said = text_of(page(client, "?from=2020-01-01&to=2020-01-31"))
    assert "From 1 Jan to 31 Jan 2020, no use of coding assistants is recorded." in said
    assert "$0" not in said.partition("The figures")[0].partition("no use")[2]


def test_no_data_points_to_get_started(fresh: TestClient) -> None:
    said = page(fresh)
    assert "Nothing to weigh yet" in said
    assert 'href="/get-started"' in said
    assert fresh.get("/", follow_redirects=False).headers["location"] == "/get-started"


def test_names_are_escaped(empty: World, fresh: TestClient) -> None:
    nasty = "<script>alert(1)</script>&\"'"
    usage = {"day": TODAY, "person": nasty, "assistant": "x", "session": "s", "model": nasty}
    usage |= {"token_type": "input", "tokens": 5, "list_nanos": 10**9, "unpriced_tokens": 0}
    insert(empty.warehouse, "usage", [usage])
    empty.receives()
    said = page(fresh, "?by=person")
    assert "<script>alert" not in said
    assert html.escape(nasty, quote=False) in said.replace("&#34;", '"').replace("&#39;", "'")


def test_the_palette_knows_pages_metrics_and_teams(client: TestClient) -> None:
    entries = client.get("/palette.json").json()
    kinds = {entry["kind"] for entry in entries}
    assert {"page", "metric", "table", "team", "model"} <= kinds
    for entry in entries:
        if entry["url"] in ("/settings/accounts", "/settings/tokens"):
            continue  # this world has no accounts
        assert client.get(entry["url"].partition("#")[0], headers=HTML).status_code == 200
        if entry["kind"] in ("metric", "table"):
            break


def test_definitions_come_from_the_catalogue(client: TestClient) -> None:
    said = client.get("/definitions", headers=HTML).text
    assert 'id="spend_usd"' in said
    assert client.get("/definitions.csv").text.startswith("name,sentence,unit")
    shown = page(client)
    assert re.search(r'<a class="def" href="/definitions#tokens" title="Tokens of', shown)


def test_every_page_answers_json_and_csv(client: TestClient) -> None:
    for path in ("/spend", "/definitions", "/get-started"):
        assert client.get(f"{path}.json").headers["content-type"] == "application/json"
        assert client.get(f"{path}.csv").headers["content-type"].startswith("text/csv")


def test_the_theme_is_kept_without_script(client: TestClient) -> None:
    sent = submit(client, "/theme", {"theme": "dark", "back": "/definitions"})
    assert sent.url.path == "/definitions"
    assert '<html lang="en" data-theme="dark">' in sent.text


def test_an_error_on_a_page_is_a_page(client: TestClient) -> None:
    answer = client.get("/spend?by=tem", headers=HTML)
    assert answer.status_code == 400
    assert "There is no dimension called 'tem'" in text_of(answer.text)
