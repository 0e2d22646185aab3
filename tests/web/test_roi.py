"""The ROI page over a real warehouse: what it shows is the question's answer."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from starlette.testclient import TestClient
from tests.web.conftest import HTML, LOCAL, text_of
from tests.web.roi_world import roi_company
from tests.web.taking import take_all
from tests.web.world import TODAY, World, empty_warehouse

from steelyard.metrics.questions import QUESTIONS, Terms
from steelyard.web.app import create_app
from steelyard.web.bars import bars
from steelyard.web.question_panels import MOST, SOURCES, draw
from steelyard.web.roi import TABS, finding
from steelyard.web.view import periods

START = periods.named("12w", TODAY).start
TERMS = Terms(START, TODAY)


@pytest.fixture(scope="session")
def roi_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("roi")
    warehouse = empty_warehouse(folder)
    roi_company(warehouse)
    world = World(warehouse, folder, cache=folder / "cache", people=45)
    world.receives()
    world.assistants = {"claude-code": 900}
    yield world
    warehouse.close()


@pytest.fixture
def site(roi_world: World) -> TestClient:
    return TestClient(create_app(replace(roi_world)), LOCAL, raise_server_exceptions=False)


def page(client: TestClient, query: str = "") -> str:
    answer = client.get(f"/roi{query}", headers=HTML)
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize("name", QUESTIONS)
def test_each_question_says_its_sentence_and_every_panels_finding(
    name: str, site: TestClient, roi_world: World
) -> None:
    answer = roi_world.answer_question(name, TERMS)
    said = text_of(page(site, f"?question={name}&period=12w"))
    squeezed = said.replace(" ", "")
    assert answer.sentence.replace(" ", "") in squeezed
    assert answer.title in said
    for panel in answer.panels:
        assert panel.title in said or panel.name == "unit_costs"
        assert all(note.replace("`", "") in said for note in panel.notes) or not panel.notes


def test_tabs_name_every_question_and_keep_period_and_filter(site: TestClient) -> None:
    assert list(TABS) == list(QUESTIONS)
    text = page(site, "?question=bugs&period=12w&where.team=mobile")
    assert "/roi?question=stuck&amp;period=12w&amp;where.team=mobile" in text
    assert 'aria-current="page">Bugs' in text


def test_bars_are_the_rows_with_their_intervals(site: TestClient, roi_world: World) -> None:
    found = roi_world.answer_question("roi", TERMS)
    panel = next(each for each in found.panels if each.name == "cost_per_commit_by_team")
    drawn = bars(panel, 1)
    assert [bar.label for bar in drawn] == [row[0] for row in panel.rows]
    scale = max(row[3] or 0 for row in panel.rows)  # type: ignore[type-var]
    for bar, row in zip(drawn, panel.rows, strict=True):
        if row[1] is None:
            assert (bar.width, bar.low, bar.text, bar.base) == (None, None, "", row[-1])
            continue
        wanted = [100 * float(cell) / float(scale) for cell in row[1:4]]  # type: ignore[arg-type]
        assert [bar.width, bar.low, bar.high] == pytest.approx(wanted, abs=0.01)
        assert bar.base == f"{row[4]} people"
    text = page(site, "?period=12w")
    assert len(re.findall(r'class="whisker"', text)) == 4 * sum(
        bar.width is not None for bar in drawn
    )


def test_an_interval_beyond_the_scale_is_cut_and_open(roi_world: World) -> None:
    found = roi_world.answer_question("roi", TERMS)
    panel = next(each for each in found.panels if each.name == "cost_per_commit_by_team")
    wide = (*panel.rows[0][:3], 10_000.0, *panel.rows[0][4:])
    first, *rest = bars(replace(panel, rows=(wide, *panel.rows[1:])), 1)
    assert (first.cut, first.high) == (True, 100.0)
    assert not any(bar.cut for bar in rest)


def test_a_thousand_teams_are_counted_and_the_first_are_read(roi_world: World) -> None:
    panels = roi_world.answer_question("roi", TERMS).panels
    panel = next(each for each in panels if each.name == "cost_per_commit_by_team")
    drawn = draw(replace(panel, rows=panel.rows * 1000), "/roi", "")
    assert len(drawn.bars) == len(drawn.grid.rows) == MOST
    assert drawn.grid.hidden == len(panel.rows) * 1000 - MOST


def test_every_chart_has_its_table(site: TestClient, roi_world: World) -> None:
    for name in QUESTIONS:
        text = page(site, f"?question={name}&period=12w")
        shown = [p for p in roi_world.answer_question(name, TERMS).panels if p.rows]
        assert text.count("<table") == len(shown)


def test_json_and_csv_are_the_answer(site: TestClient, roi_world: World) -> None:
    answer = roi_world.answer_question("stuck", TERMS)
    assert site.get("/roi.json?question=stuck&period=12w").json() == answer.to_json()
    got = site.get("/roi.csv?question=stuck&period=12w")
    assert got.headers["content-type"].startswith("text/csv")
    lines = list(csv.DictReader(io.StringIO(got.text)))
    assert {line["panel"] for line in lines} == {p.name for p in answer.panels}


def test_teams_of_few_are_not_shown(site: TestClient) -> None:
    assert "design systems" in page(site, "?period=12w")
    said = text_of(page(site, "?period=12w&where.team=design%20systems"))
    assert "Not shown: fewer than 5 people are left by the filters." in said
    assert "$" not in said.partition("What does it cost")[2].partition("Data to")[0]


def test_association_is_marked(site: TestClient) -> None:
    assert text_of(page(site, "?question=bugs&period=12w")).count("association, not effect") > 2


def test_empty_says_what_is_missing_and_the_commands(fresh: TestClient) -> None:
    said = text_of(page(fresh))
    for words in ("Get started", "steelyard import csv people FILE", "steelyard source add jira"):
        assert words in said


def test_without_work_or_people_panels_say_how_to_get_them(client: TestClient) -> None:
    said = text_of(page(client, "?question=bugs"))
    assert SOURCES["work_issues"].replace("`", "") in re.sub(r" +", " ", said)
    assert "No resolved bugs are recorded" in said


@pytest.mark.parametrize("query", ["?question=rio", "?where.teem=x", "?period=soon"])
def test_mistakes_are_named(query: str, site: TestClient) -> None:
    answer = site.get(f"/roi{query}", headers=HTML)
    assert answer.status_code == 400
    assert "Did you mean" in text_of(answer.text) or "period" in text_of(answer.text)


def test_figures_are_strong_and_intervals_are_not() -> None:
    found = finding("It is $5.56 ($4.67 to $6.46) per commit, 12.5% under $20. And so on.")
    assert [text for text, strong in found.parts if strong] == ["$5.56", "12.5%"]
    assert found.text == "It is $5.56 ($4.67 to $6.46) per commit, 12.5% under $20."
    assert found.support == "And so on."


@pytest.mark.parametrize("question", ["roi", "experience", "stuck", "bugs"])
def test_every_panel_can_be_taken(site: TestClient, question: str) -> None:
    taken = take_all(site, page(site, f"?question={question}"))
    assert taken["Parquet"] >= 1 and taken["Picture (PNG)"] >= 1
