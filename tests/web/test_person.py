"""Person: each panel is what truly happened, and only who may see it does."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from starlette.testclient import TestClient
from tests.app.test_seeing import NOW, PERIOD, Site, names, pseudonyms, site
from tests.demo.company import END, Loaded, shared_demo
from tests.web.conftest import HTML, LOCAL, text_of
from tests.web.taking import take_all
from tests.web.world import World

from steelyard.app.seeing import read_key
from steelyard.metrics.shown import pseudonym
from steelyard.web.app import create_app

__all__ = ["NOW", "site"]
FIRST = dt.date(2026, 9, 28)
DAYS = f"from={FIRST}&to={END}"


@pytest.fixture(scope="module")
def demo() -> Loaded:
    return shared_demo()


@pytest.fixture(scope="module")
def who(demo: Loaded) -> str:
    """Somebody of whom every kind of thing is known."""
    return str(demo.truth.decisions.person.value_counts().index[0])


@pytest.fixture(scope="module")
def page(demo: Loaded, tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    moment = dt.datetime.combine(END, dt.time(12), dt.UTC)
    folder = tmp_path_factory.mktemp("person")
    world = World(demo.house.warehouse, folder, people=10, moment=moment)
    world.receives()
    return TestClient(create_app(world), LOCAL)


@pytest.fixture(scope="module")
def told(page: TestClient, who: str) -> Any:
    return page.get(f"/person.json?{DAYS}&who={who}").json()


@pytest.fixture(scope="module")
def claude(page: TestClient, who: str) -> Any:
    """Held to Claude Code, which tells most."""
    query = f"{DAYS}&who={who}&where.assistant=claude-code"
    return page.get(f"/person.json?{query}").json()


def sums(told: Any, panel: str, metric: str, by: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for row in told[panel]["rows"]:
        key = str(row[by] or "")
        found[key] = found.get(key, 0) + (row[metric] or 0)
    return {key: number for key, number in found.items() if number}


def true(frame: pd.DataFrame, column: str, by: str) -> dict[str, float]:
    groups = frame.groupby(by)[column]
    found = groups.count() if frame[column].dtype == object else groups.sum()
    return {str(key): number for key, number in found.items() if number}


@pytest.fixture(scope="module")
def mine(demo: Loaded, who: str) -> Callable[[str], pd.DataFrame]:
    def of(table: str) -> pd.DataFrame:
        frame: pd.DataFrame = getattr(demo.truth, table)
        return frame[frame.person == who]

    return of


def test_sessions_cost_and_tokens(told: Any, mine: Callable[[str], pd.DataFrame]) -> None:
    sessions, tokens = mine("sessions"), mine("tokens")
    assert sums(told, "sessions", "sessions", "day") == true(sessions, "session", "day")
    spent = {day: nanos / 1e9 for day, nanos in true(sessions, "list_nanos", "day").items()}
    assert sums(told, "spend", "spend_usd", "day") == pytest.approx(spent)
    counted = true(sessions, "session", "day")
    each = {day: spent[day] / counted[day] for day in spent}
    assert sums(told, "per-session", "cost_per_session", "day") == pytest.approx(each)
    for panel, metric in (("model-mix", "spend_usd"), ("models", "spend_usd")):
        by_model = {name: n / 1e9 for name, n in true(tokens, "list_nanos", "model").items()}
        assert sums(told, panel, metric, "model") == pytest.approx(by_model)
    assert sums(told, "types", "tokens", "token_type") == true(tokens, "tokens", "token_type")


def test_cache_hits_over_time(told: Any, mine: Callable[[str], pd.DataFrame]) -> None:
    tokens = mine("tokens")
    read = tokens[tokens.token_type == "cacheRead"].groupby("day").tokens.sum()
    whole = tokens[tokens.token_type.isin(["cacheRead", "cacheCreation", "input"])]
    share = (read / whole.groupby("day").tokens.sum()).dropna()
    expected = {str(day): part for day, part in share.items() if part}
    assert sums(told, "cache", "cache_hit_share", "day") == pytest.approx(expected)


def test_time_lines_and_prompts(
    told: Any, claude: Any, mine: Callable[[str], pd.DataFrame]
) -> None:
    sessions, prompts = mine("sessions"), mine("prompts")
    assert sums(told, "prompts", "prompts", "day") == true(sessions, "prompts", "day")
    sessions = sessions[sessions.assistant == "claude-code"]
    active = {"user": sessions.active_user.sum() / 60, "cli": sessions.active_cli.sum() / 60}
    assert sums(claude, "active", "active_minutes", "type") == pytest.approx(active)
    lines = {"added": sessions.lines_added.sum(), "removed": sessions.lines_removed.sum()}
    assert sums(claude, "lines", "lines_suggested", "type") == {k: v for k, v in lines.items() if v}
    length = {str(day): chars for day, chars in prompts.groupby("day").chars.mean().items()}
    assert sums(told, "prompt-length", "prompt_chars_avg", "day") == pytest.approx(length)
    both = sessions.groupby("day")[["lines_added", "lines_removed"]].sum().sum(axis=1)
    dollars = sessions.groupby("day").list_nanos.sum() / 1e9
    per = {str(day): n for day, n in (both / dollars).dropna().items() if n}
    assert sums(claude, "per-dollar", "lines_per_usd", "day") == pytest.approx(per)


def test_tools_and_decisions(claude: Any, mine: Callable[[str], pd.DataFrame]) -> None:
    decisions, tools = (
        mine(name).query("assistant == 'claude-code'") for name in ("decisions", "tools")
    )
    writing = decisions[decisions.tool.isin(["Edit", "Write"])]
    assert sums(claude, "decisions", "edit_decisions", "tool") == true(writing, "session", "tool")
    ran = tools[tools.decision == "accept"]
    assert sums(claude, "tools", "tool_calls", "tool") == true(ran, "session", "tool")
    assert sums(claude, "tools-course", "tool_calls", "tool") == true(ran, "session", "tool")
    both = ran[ran.tool.isin(["Edit", "Write"])]
    assert sums(claude, "edit-write", "tool_calls", "tool") == true(both, "session", "tool")


def test_what_shipped(told: Any, mine: Callable[[str], pd.DataFrame]) -> None:
    sessions = mine("sessions")
    assert sum(sums(told, "commits", "commits", "week").values()) == len(mine("commits"))
    assert sum(sums(told, "prs", "prs_merged", "week").values()) == len(mine("pull_requests"))
    issues = mine("issues")
    solved = issues[issues.resolved.notna() & (issues.resolved >= FIRST)]
    assert sum(sums(told, "issues", "issues_resolved", "week").values()) == len(solved)
    counted = sums(told, "by-assistant", "commits_by_assistant", "week")
    assert sum(counted.values()) == sessions[sessions.assistant == "claude-code"].commits.sum()


def test_the_plan_that_would_have_fitted(
    page: TestClient, told: Any, mine: Callable[[str], pd.DataFrame], who: str
) -> None:
    """The last whole month, whatever the page shows; billed by the token it is its spend."""
    rows = told["plan-fit"]
    assert {row["month"] for row in rows} == {"2026-10-01"}
    used = mine("sessions").query("assistant == 'claude-code'")
    october = [day.month == 10 for day in used.day]
    by_token = next(row for row in rows if row["plan"] == "api")
    assert by_token["fits"] == "fits"
    assert by_token["usd"] == pytest.approx(used[october].list_nanos.sum() / 1e9)
    fitting = [row["usd"] for row in rows if row["fits"] == "fits" and row["usd"] is not None]
    assert [row["usd"] for row in rows if row["cheapest"]] == [min(fitting)]
    html = page.get(f"/person?{DAYS}&who={who}", headers=HTML).text
    assert "is the cheapest known to fit" in text_of(html) and "October 2026" in text_of(html)
    assert take_all(page, html[html.index('id="plan-fit"') :])["Parquet"] == 1


def test_the_page_says_who_and_compares_with_no_single_other(
    page: TestClient, demo: Loaded, who: str
) -> None:
    html = page.get(f"/person?{DAYS}&who={who}", headers=HTML).text
    said = text_of(html)
    row = demo.truth.people.set_index("person").loc[who]
    for fact in map(str, (row.team, row.department, row.role, row.level)):
        assert fact in said
    held = text_of(page.get(f"/person?{DAYS}&who={who}&where.assistant=claude-code").text)
    added = demo.truth.sessions.query("person == @who and assistant == 'claude-code'").lines_added
    assert f"Lines added {added.sum():,}" in held
    assert "Everybody together" in said
    at = said.index("Averages beside everybody")
    assert not any(other in said[at:] for other in demo.truth.people.person if other != who)
    assert f"who={who.replace('@', '%40')}" in html


def test_one_finds_a_person_by_name(page: TestClient, demo: Loaded, who: str) -> None:
    part = who.split(".")[0]
    html = page.get(f"/person?q={part}&who={who}", headers=HTML).text
    assert f'href="/person?who={who.replace("@", "%40")}"' in html
    assert "Nobody you may see" in page.get(f"/person?q=zzzz&who={who}", headers=HTML).text


def test_who_is_nobody_known_is_told_so(page: TestClient) -> None:
    said = text_of(page.get("/person", headers=HTML).text)
    assert "does not say who you are" in said and "Find a person" in said


def seen(client: TestClient, who: str = "") -> int:
    """The status of a person's page, the same for all its formats."""
    query = f"{PERIOD}{f'&who={who}' if who else ''}"
    codes = {client.get(f"/person{end}?{query}").status_code for end in (".json", ".csv")}
    codes.add(client.get(f"/person?{query}", headers=HTML).status_code)
    assert len(codes) == 1
    return codes.pop()


def test_members_see_themselves_and_nobody_else(site: Site) -> None:
    member = site.client("member", "pay0")
    assert seen(member) == seen(member, "pay0") == 200
    assert seen(member, "pay1") == seen(member, "nobody-at-all") == 403
    refused = member.get(f"/person?{PERIOD}&who=pay1", headers=HTML)
    said = text_of(refused.text)
    assert "Figures of this person are not shown here." in said and "people_shown" in said
    assert "Find a person" not in said
    own = member.get(f"/person.json?{PERIOD}").json()["types"]["rows"]
    assert sum(row["tokens"] for row in own) == 2**2  # the third of the company
    assert seen(site.client("admin"), "pay1") == 403


@names
def test_managers_see_their_own_tree(site: Site) -> None:
    boss = site.client("manager", "boss")
    assert seen(boss, "pay0") == seen(boss) == 200
    assert seen(boss, "search0") == seen(boss, "other") == 403
    found = text_of(boss.get(f"/person?{PERIOD}&q=0", headers=HTML).text)
    assert "pay0" in found and "search0" not in found
    assert seen(site.client("admin"), "search0") == 200
    assert seen(site.client("finance"), "search0") == 403
    assert seen(site.client("member", "pay0"), "pay1") == 403


@pseudonyms
def test_pseudonyms_have_figures_and_no_profile(site: Site) -> None:
    admin = site.client("admin")
    key = read_key(site.house.settings.pseudonym_key_path)
    name = pseudonym("pay1", key)
    told = admin.get(f"/person.json?{PERIOD}&who={name}").json()
    assert sum(row["tokens"] for row in told["types"]["rows"]) == 2**3
    html = admin.get(f"/person?{PERIOD}&who={name}", headers=HTML).text
    assert "pay1" not in html and name in html and "Manager" not in text_of(html)
    clear = admin.get(f"/person.json?{PERIOD}&who=pay1").text
    assert not any(row for row in json.loads(clear)["types"].get("rows", ()))


def test_nothing_is_shown_before_there_is_anything(tmp_path: Path) -> None:
    from tests.web.world import empty_warehouse

    warehouse = empty_warehouse(tmp_path)
    client = TestClient(create_app(World(warehouse, tmp_path)), LOCAL)
    page = client.get("/person?who=ada", headers=HTML)
    assert page.status_code == 200 and "this page fills" in page.text
    warehouse.close()
