"""Settings: every one with its value and its line, nothing secret; prices and plans of today."""

from __future__ import annotations

import csv
import io
import tomllib
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from tests.web.conftest import HTML, text_of
from tests.web.signing import account, browser_of, sign_in
from tests.web.world import World

from steelyard import config
from steelyard.app.storage import stored
from steelyard.config import Settings, load_settings
from steelyard.ledger.prices import packaged_prices
from steelyard.metrics.plans import packaged_plans
from steelyard.web.doorman import Doorman

PRICE = "model,token_type,cache_ttl,speed,min_context,valid_from,valid_to,usd_per_mtok,source\n"


def shown(client: TestClient, path: str) -> str:
    answer = client.get(path, headers=HTML)
    assert answer.status_code == 200
    return text_of(answer.text)


def table(client: TestClient, path: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(client.get(path).text)))


def test_every_setting_has_its_value_and_where_it_came_from(
    client: TestClient, acme: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEELYARD_SMALLEST_GROUP", "9")
    acme.chosen = load_settings(acme.folder, web="127.0.0.1:9999")
    page = shown(client, "/settings")
    assert f"3 of {len(Settings.model_fields)} settings are this organisation's own" in page
    assert "environment STEELYARD_SMALLEST_GROUP" in page and "flag --web" in page
    rows = {row["name"]: row for row in table(client, "/settings.csv")}
    assert set(rows) == set(Settings.model_fields)
    assert rows["smallest_group"]["value"] == "9"
    assert client.get("/settings.json").json()["settings"] == list(rows.values())


def test_the_lines_in_the_file_are_toml_that_gives_the_same_settings(tmp_path: Path) -> None:
    own = {"prices": tmp_path / "p.csv", "rollup_pattern": r"\bvp\b", "hosts": "ü"}
    settings = Settings(data=tmp_path, **own)
    lines = [config.line(name, settings) for name in Settings.model_fields]
    read = tomllib.loads("\n".join(lines))
    said = {name: value for name, value in read.items() if value != "/path/to/file"}
    assert Settings(**said) == settings


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://steelyard:s3cret@db.example/steelyard",
        "postgresql://steelyard:s3c:r@s3cret@db.example/steelyard",
        "postgresql://db.example/steelyard?user=a&password=s3cret&sslmode=require",
        "postgresql://steelyard:s3cret[@db.example/steelyard",
    ],
)
def test_no_password_of_a_database_is_shown(client: TestClient, acme: World, url: str) -> None:
    for name in ("state", "warehouse"):
        assert "s3cret" not in config.shown(name, url)
        assert "s3cret" not in config.line(name, Settings(**{name: url}))
    _, state, *_ = stored(Settings(data=acme.folder, state=url))
    assert "s3cret" not in state.place
    assert state.size_bytes is None


def test_storage_has_the_sizes_of_its_files(client: TestClient, acme: World) -> None:
    sizes = {each["what"]: each for each in client.get("/settings.json").json()["storage"]}
    kept = sizes["Facts and records"]
    assert kept["size_bytes"] >= (acme.folder / "steelyard.duckdb").stat().st_size > 0
    assert "Waiting in the inbox" in shown(client, "/settings")


def test_people_no_directory_knows_lead_to_the_organisation(client: TestClient) -> None:
    people = {each["what"]: each for each in client.get("/settings.json").json()["people"]}
    rest = people["people"]["total"] - people["people"]["matched"]
    assert rest > 0
    assert f"{rest} with work are known to no directory" in shown(client, "/settings")


def test_prices_of_today_are_all_there_with_their_source(client: TestClient, acme: World) -> None:
    today = acme.today()
    packaged = [p for p in packaged_prices() if p.valid_from <= today < p.valid_to]
    rows = table(client, "/settings/prices.csv")
    assert len(rows) == len(packaged)
    assert {row["source"] for row in rows} == {price.source for price in packaged}
    page = shown(client, "/settings/prices")
    assert "All are list prices" in page
    assert all(price.model in page for price in packaged if price.model != "*")


def test_models_without_a_price_with_the_tokens_they_used(client: TestClient, acme: World) -> None:
    (lost,) = acme.warehouse.query("select sum(tokens) from usage where model = 'acme-inhouse-1'")
    (model,) = client.get("/settings/prices.json").json()["unpriced"]
    assert (model["model"], model["unpriced_tokens"]) == ("acme-inhouse-1", int(lost[0]))
    page = shown(client, "/settings/prices")
    assert "1 model has tokens without a price" in page
    assert f"{int(lost[0]):,}" in page


def test_own_prices_win(client: TestClient, acme: World, tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    line = "claude-fable-5,input,,,0,2026-01-01,9999-12-31,7.25,contract\n"
    file.write_text(PRICE + line)
    acme.chosen = Settings(data=acme.folder, prices=file)
    rows = [r for r in table(client, "/settings/prices.csv") if r["model"] == "claude-fable-5"]
    assert [(row["usd_per_mtok"], row["own"]) for row in rows] == [("7.25", "True")]
    page = shown(client, "/settings/prices")
    assert "it gives 1 of the prices of today" in page and "contract" in page


def test_plans_and_who_is_on_them(client: TestClient, acme: World, tmp_path: Path) -> None:
    page = shown(client, "/settings/plans")
    assert all(plan.title in page for plan in packaged_plans() if plan.valid_to > acme.today())
    file = tmp_path / "plans.csv"
    head = ",".join(table(client, "/settings/plans.csv")[0])
    file.write_text(f"{head}\nteam,Our Team,team,30,2026-01-01,9999-12-31,,,high,contract\n")
    acme.chosen = Settings(data=acme.folder, plans=file)
    (row,) = table(client, "/settings/plans.csv")
    assert (row["plan"], float(row["usd_per_month"])) == ("team", 30)
    assert "1 plan is known, from the organisation's own file" in shown(client, "/settings/plans")
    file.write_text("nonsense\n")
    broken = client.get("/settings/plans", headers=HTML)
    assert broken.status_code < 500
    assert "does not have the columns" in text_of(broken.text)


@pytest.mark.parametrize("path", ["/settings", "/settings/prices", "/settings/plans"])
def test_with_no_data(fresh: TestClient, path: str) -> None:
    assert fresh.get(path, headers=HTML).status_code == 200
    assert fresh.get(f"{path}.json").status_code == 200


def test_finance_comes_to_prices_and_plans_and_no_further(app: FastAPI, doorman: Doorman) -> None:
    account(doorman, "admin", "root@acme.example")
    account(doorman, "finance")
    client = browser_of(app)
    sign_in(client, "ada@acme.example")
    assert client.get("/settings").status_code == 403
    page = client.get("/settings/prices", headers=HTML).text
    assert 'href="/settings/plans"' in page
    assert 'href="/settings/accounts"' not in page and 'href="/settings"' not in page
    assert '<a href="/settings/prices" aria-current="page">' in page
    urls = [each["url"] for each in client.get("/palette.json").json()]
    assert urls.count("/settings/prices") == 1 and "/settings/tokens" not in urls
