"""The page Organisation says who uses assistants, where it stalls, and shows only whom it may."""

from __future__ import annotations

import csv
import gzip
import html
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient
from tests.web.conftest import HTML, LOCAL, text_of
from tests.web.people_world import employees, people_company
from tests.web.taking import take_all
from tests.web.world import TODAY, World, empty_warehouse, insert

from steelyard.metrics import Question
from steelyard.metrics.sight import Sight
from steelyard.web import formats
from steelyard.web.app import create_app
from steelyard.web.organisation import Organisation
from steelyard.web.people_view import LOWEST_FIRST
from steelyard.web.period import named

PERIOD = named("28d", TODAY)
ENGINEERING = "vp-engi0@acme.example"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("people")
    warehouse = empty_warehouse(folder)
    people_company(warehouse)
    world = World(warehouse, folder, people=248)
    world.receives()
    yield world
    warehouse.close()


@pytest.fixture
def world(built: World) -> World:
    return replace(built, asked=[])


@pytest.fixture
def client(world: World) -> TestClient:
    return TestClient(create_app(world), LOCAL)


@pytest.fixture
def open_client(world: World) -> TestClient:
    """A server whose reader may see everybody, as an admin where names are shown."""
    return TestClient(create_app(world), LOCAL)


@pytest.fixture
def groups_client(world: World) -> TestClient:
    """One as it comes: groups, and nobody alone."""
    return TestClient(create_app(replace(world, sight=Sight())), LOCAL)


def page(client: TestClient, query: str = "") -> str:
    answer = client.get(f"/organisation{query}", headers=HTML)
    assert answer.status_code == 200
    return answer.text


def value(world: World, metric: str, **where: str) -> Any:
    narrowed = {name: (text,) for name, text in where.items()}
    return world.ask(Question((metric,), PERIOD.start, PERIOD.end, where=narrowed)).value(metric)


def rows(page_html: str, table: str) -> list[list[str]]:
    body = page_html.partition(f'<table id="{table}">')[2].partition("</table>")[0]
    body = body.partition("<tbody>")[2].partition("</tbody>")[0]
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in body.split("</tr>")]
    return [[html.unescape(re.sub(r"<[^>]*>", "", cell)) for cell in row] for row in cells if row]


def table_of(client: TestClient, query: str = "") -> list[dict[str, str]]:
    answer = client.get(f"/organisation.csv{query}")
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_the_sentence_says_how_many_of_how_many_and_where_least(
    client: TestClient, world: World
) -> None:
    said = text_of(page(client))
    active, rate = value(world, "active_people"), value(world, "adoption_rate")
    assert f"{active} people worked with a coding assistant" in said
    assert f"{formats.share(rate)} of {value(world, 'headcount')}" in said
    assert "; least in Legal , 0%." in said
    assert "than in the 28 days before" in said


def test_groups_are_the_answer_with_the_lowest_first(client: TestClient, world: World) -> None:
    shown = rows(page(client), "by-group")
    assert [row[0] for row in shown[:3]] == ["Legal", "Management", "Finance"]
    engineering = next(row for row in shown if row[0] == "Engineering")
    spend = value(world, "spend_usd", department="Engineering")
    assert engineering[1] == str(value(world, "headcount", department="Engineering"))
    assert engineering[3] == formats.share(value(world, "adoption_rate", department="Engineering"))
    assert engineering[5] == formats.money(spend)
    rate = formats.share(value(world, "adoption_rate"))
    assert f"{rate} work with an assistant: use and work by department" in text_of(page(client))


def test_groups_sort_and_break_down_by_the_address(client: TestClient) -> None:
    spent = [row[0] for row in rows(page(client, "?sort=-spend_usd"), "by-group")]
    assert spent[0] == "Engineering"
    roles = [row[0] for row in rows(page(client, "?by=role"), "by-group")]
    assert "Software Engineer" in roles and "Counsel" in roles


def test_small_groups_are_shown_together_and_add_up(
    groups_client: TestClient, client: TestClient
) -> None:
    found = groups_client.get("/organisation.json").json()
    sizes = {row["department"]: row["headcount"] for row in found["groups"] if row["department"]}
    assert "Management" not in sizes and min(sizes.values()) >= 5
    whole = client.get("/organisation.json").json()
    assert found["totals"] == whole["totals"]
    assert sum(row["headcount"] or 0 for row in found["groups"]) == whole["totals"]["headcount"]
    assert "Small groups together" in text_of(page(groups_client))
    assert "where.manager" not in page(groups_client)


def test_without_single_people_the_tree_is_of_places(
    groups_client: TestClient, client: TestClient
) -> None:
    found = groups_client.get("/organisation.json").json()
    places = found["organisation"]
    assert set(places[0]) >= {"rollup", "department", "team"}
    assert sum(row["headcount"] or 0 for row in places) == found["totals"]["headcount"]
    assert all(row["headcount"] is None or row["headcount"] >= 5 for row in places)
    tree = tree_of(page(groups_client))
    assert "Roll-up managers, with departments and teams" in text_of(tree)
    for url in re.findall(r'<li class="node deep-1.*?href="([^"]+)"', tree)[:3]:
        assert "where.team=" in url
        assert groups_client.get(html.unescape(url), headers=HTML).status_code == 200
    offered = re.findall(r"where\.team=([^&\"]+)", page(groups_client).partition("<main")[0])
    sizes = {row["team"]: row["headcount"] for row in client_rows(client, "?by=team")}
    assert offered and all(sizes[unquote(name)] >= 5 for name in offered)
    under_a_trait = text_of(page(groups_client, "?where.role=Software+Engineer"))
    assert "not shown under these filters" in under_a_trait


def client_rows(client: TestClient, query: str) -> list[dict[str, Any]]:
    return list(client.get(f"/organisation.json{query}").json()["groups"])


def test_the_former_address_leads_here(client: TestClient) -> None:
    answer = client.get("/people?period=7d", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (301, "/organisation?period=7d")


def test_every_table_as_a_file(client: TestClient) -> None:
    for table in ("groups", "organisation", "people"):
        rows = table_of(client, f"?table={table}")
        answer = client.get(f"/organisation.parquet?table={table}")
        assert pq.read_table(io.BytesIO(answer.content)).num_rows == len(rows) > 5
    score = table_of(client, "?table=people")[0]
    assert len({*score} - {"person", "sessions", "prs_merged"}) == 13


def test_strangers_are_for_admins(groups_client: TestClient) -> None:
    said = text_of(page(groups_client))
    assert "Who they are is shown to admins" in said and "zoe.private" not in said
    assert "Nothing belongs to strangers" not in said


def test_pseudonyms_have_figures_and_nothing_that_tells_who(world: World) -> None:
    world.sight = Sight(persons=None, pseudonyms=True, key=b"k" * 32)
    client = TestClient(create_app(world), LOCAL)
    found = table_of(client, "?table=people")
    assert len(found) == value(world, "active_people")
    assert all("@" not in row["person"] + row["name"] + row["manager"] for row in found)
    shown = page(client).partition('<table id="scorecard">')[2].partition("</table>")[0]
    assert "Job title" not in shown and "@" not in shown


def test_what_would_show_too_few_is_refused_in_a_sentence(groups_client: TestClient) -> None:
    for query in ("where.manager=cfo@acme.example", "where.team=legal&where.role=Counsel"):
        refused = groups_client.get(f"/organisation?{query}", headers=HTML)
        assert refused.status_code == 403
        assert "not shown" in refused.text and "Ask by rollup, department and team" in refused.text
        told = groups_client.get(f"/organisation.csv?{query}").json()
        assert told["error"]["code"] == "not_shown"


def test_choosing_a_roll_up_narrows_managers_and_teams(client: TestClient, world: World) -> None:
    said = page(client, f"?where.rollup={ENGINEERING}")
    assert f"{formats.count(value(world, 'headcount', rollup=ENGINEERING))}" in text_of(said)
    teams = re.findall(r"where\.team=([^&\"]+)", said)
    assert teams and all("engi" in team or team == "Engineering" for team in teams)
    held = quote(ENGINEERING)
    managers = re.findall(rf"where\.manager=([^&\"]+)&amp;where\.rollup={held}", said)
    assert any("mgr-engi0" in each for each in managers)
    assert not any("data" in each for each in managers)


def test_choosing_above_forgets_what_was_chosen_below(client: TestClient) -> None:
    query = f"?where.rollup={ENGINEERING}&where.manager=mgr-engi0-0@acme.example"
    said = page(client, query)
    other = re.findall(r'href="(/organisation\?[^"]*where\.rollup=vp-data0[^"]*)"', said)
    assert other and not any("where.manager" in url for url in other)


def test_a_person_is_found_by_name_or_the_nearest_is_said(client: TestClient, world: World) -> None:
    known = Organisation(world.people_list(TODAY))
    assert known.settled({"manager": (known.name(ENGINEERING).upper(),)}) == {
        "manager": (ENGINEERING,)
    }
    refused = client.get("/organisation", params={"where.manager": "Elif Ezee"}, headers=HTML)
    assert refused.status_code == 400
    assert "There is no manager called" in text_of(refused.text)


def tree_of(page_html: str) -> str:
    return page_html.partition('id="organisation"')[2].partition('id="matched"')[0]


def test_the_tree_has_roll_ups_with_their_managers(client: TestClient, world: World) -> None:
    tree = tree_of(page(client))
    branch = tree.partition(f'id="branch-{ENGINEERING}"')[2].partition('id="branch-')[0]
    said = text_of(f"<p{branch}")
    spend = formats.short_money(value(world, "spend_usd", rollup=ENGINEERING))
    assert f"Spend {spend}" in said
    assert "<summary" in branch and "deep-1" in branch
    assert len(re.findall(r'<li class="node', branch)) >= 12


def test_circles_and_unknown_managers_are_there(client: TestClient) -> None:
    tree = tree_of(page(client))
    loose = text_of("<p" + tree.partition('id="branch-"')[2])
    assert "No manager known" in loose and "gone@acme.example" in loose
    assert "runs in a circle" in loose
    for name in ("yin", "yang"):
        assert f"Only {name}@acme.example" in tree


def test_nesting_loses_nobody_in_a_circle(world: World) -> None:
    known = Organisation(world.people_list(TODAY))
    circle = ["yin@acme.example", "yang@acme.example", "mgr-engi0-0@acme.example"]
    nested = known.nested([*circle, "dir-engi0-0@acme.example"])
    assert sorted(each for each, _ in nested) == sorted([*circle, "dir-engi0-0@acme.example"])
    assert dict(nested)["mgr-engi0-0@acme.example"] == 1
    assert dict(nested)["yang@acme.example"] == 1


def test_single_people_are_off_as_it_comes(groups_client: TestClient) -> None:
    said = page(groups_client)
    assert 'id="scorecard"' not in said
    assert "people_shown = &#34;names&#34;" in said or 'people_shown = "names"' in said
    assert groups_client.get("/organisation.json").json()["people"] is None
    assert groups_client.get("/organisation.csv?table=people").status_code == 400
    assert groups_client.get("/organisation.json").json()["unmatched"] == []
    someone = {"where.person": "engi0-0-0@acme.example"}
    refused = groups_client.get("/organisation.json", params=someone)
    assert refused.status_code == 403
    assert refused.json()["error"]["message"].startswith("Figures of single people")


def test_switched_on_the_scorecard_lists_people_by_name(
    open_client: TestClient, world: World
) -> None:
    shown = rows(page(open_client, f"?where.rollup={ENGINEERING}&show=all"), "scorecard")
    names = [row[0] for row in shown]
    assert names == sorted(names, key=str.lower)
    assert len(shown) == value(world, "active_people", rollup=ENGINEERING)
    by_spend = table_of(open_client, f"?table=people&where.rollup={ENGINEERING}")
    top = max(by_spend, key=lambda row: float(row["spend_usd"]))
    ordered = rows(page(open_client, f"?where.rollup={ENGINEERING}&order=-spend_usd"), "scorecard")
    assert ordered[0][0] == top["name"]
    whose = page(open_client, f"?where.rollup={ENGINEERING}&show=all&period=12w")
    assert f'href="/person?who={quote(top["person"], safe="")}&amp;period=12w"' in whose
    one = page(open_client, f"?where.person={top['person']}")
    assert f"1 person ({top['name']})" in text_of(one)


def test_groups_are_taken_as_a_picture_and_people_are_not(open_client: TestClient) -> None:
    said = page(open_client, f"?where.rollup={ENGINEERING}&by=department")
    assert take_all(open_client, said)["Picture (SVG)"] == 1
    people = said[said.index('id="people"') :]
    assert ">Parquet</a>" in people and "Picture" not in people.replace("no picture", "")


def test_what_is_matched_and_the_command_that_settles_the_rest(
    client: TestClient, world: World
) -> None:
    said = text_of(page(client))
    for what, metric in (("Spend", "spend"), ("Sessions", "sessions"), ("Commits", "commits")):
        share = formats.share(value(world, f"{metric}_matched_share"))
        assert f"{what} {share}" in said
    assert "email:zoe.private@mail.example" in said and "steelyard people review" in said
    assert "install:77d0c54a46f4" in client.get("/organisation.json").json()["unmatched"]


def test_not_compared_says_nothing_of_the_days_before(client: TestClient) -> None:
    said = text_of(page(client, "?compare=none"))
    assert "days before" not in said


def test_an_empty_server_and_one_without_a_directory(empty: World) -> None:
    client = TestClient(create_app(empty), LOCAL)
    assert "steelyard import csv people FILE" in page(client)
    who = {"day": TODAY, "person": "solo@acme.example", "assistant": "claude-code"}
    insert(empty.warehouse, "person_days", [{**who, "sessions": 1, "commits": 0}])
    empty.receives()
    said = text_of(page(client))
    assert "1 person worked with a coding assistant." in said
    assert "Who people are is not known yet" in said
    assert client.get("/organisation.json").json()["totals"]["active_people"] == 1


def test_people_without_any_record_are_unknown_not_nobody(empty: World) -> None:
    insert(empty.warehouse, "people", employees(40))
    empty.people = 40
    said = text_of(page(TestClient(create_app(empty), LOCAL)))
    assert "whether anybody worked with a coding assistant is unknown" in said
    assert "0%" not in said and "Nothing is recorded yet" in said


def test_ten_thousand_people_come_branch_by_branch(tmp_path: Path) -> None:
    warehouse = empty_warehouse(tmp_path)
    insert(warehouse, "people", employees(10_000))
    world = World(warehouse, tmp_path, people=10_000)
    world.receives()
    client = TestClient(create_app(world), LOCAL)
    closed = page(client)
    assert len(gzip.compress(closed.encode(), 5)) < 12_000
    assert '<li class="node' not in closed
    assert f"node={quote(ENGINEERING)}" in closed
    opened = page(client, f"?node={ENGINEERING}")
    branch = opened.partition(f'id="branch-{ENGINEERING}"')[2].partition('id="branch-')[0]
    assert len(re.findall(r'<li class="node', branch)) == 46
    assert len(gzip.compress(opened.encode(), 5)) < 16_000
    asked = len(world.asked)
    page(client)
    assert len(world.asked) - asked <= 7
    warehouse.close()


@pytest.mark.parametrize("query", ["?by=person", "?where.colour=red", "?period=soon"])
def test_what_cannot_be_read_is_refused(client: TestClient, query: str) -> None:
    assert client.get(f"/organisation.json{query}").status_code == 400


def test_the_usual_view_has_a_short_address(client: TestClient) -> None:
    said = page(client, f"?by=department&sort={LOWEST_FIRST}")
    assert 'href="/organisation" data-share' in said
