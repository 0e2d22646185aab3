"""A page of panels: what it declares is what it answers, in every format."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterator

import pyarrow.parquet as pq
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from tests.web.conftest import HTML, LOCAL, text_of
from tests.web.signing import extra_page
from tests.web.taking import take_all
from tests.web.world import World

from steelyard.web import frame
from steelyard.web.app import create_app
from steelyard.web.assets import Assets
from steelyard.web.doorman import Doorman
from steelyard.web.finding import Finding
from steelyard.web.panels import Panel
from steelyard.web.sheet import Section, Sheet, add_sheet

WAY = Sheet(
    key="spend",
    title="Probe",
    path="/probe",
    asks="Who uses what?",
    tiles=(("spend_usd", 1), ("active_people", 3)),
    sections=(
        Section(
            "use",
            "Use",
            (
                Panel("by-model", "stack", ("spend_usd",), "Spend by model", "model"),
                Panel("course", "lines", ("active_people", "sessions"), "Use over time"),
                Panel("teams", "ranking", ("spend_usd", "sessions"), "Spend by team", "team"),
                Panel(
                    "came",
                    "parts",
                    ("returning_people", "new_people", "lapsed_people"),
                    "Who came",
                    grain="week",
                ),
                Panel("never", "ranking", ("incidents",), "Incidents", "team", advice="Add one."),
            ),
        ),
    ),
    finding=lambda view, totals: Finding((("Found.", False),)),
)


@pytest.fixture
def probe(acme: World) -> Iterator[TestClient]:
    app: FastAPI = create_app(acme)
    pages = frame.build(acme, Assets(acme.cache), Doorman())
    add_sheet(app.router, pages, WAY)
    with extra_page(WAY.path):
        yield TestClient(app, LOCAL, raise_server_exceptions=False)


def test_panels_stand_on_the_page(probe: TestClient) -> None:
    answer = probe.get("/probe?period=4w", headers=HTML)
    assert answer.status_code == 200, answer.text
    said = text_of(answer.text)
    assert "Who uses what?" in said and "Found." in said
    for name in ("by-model", "course", "teams"):
        assert f'id="{name}"' in answer.text
    assert "of spend" in said  # the panel's own finding


def test_every_panel_as_data(probe: TestClient) -> None:
    whole = probe.get("/probe.json?period=4w").json()
    rows = whole["teams"]["rows"]
    assert rows and set(rows[0]) == {"team", "spend_usd", "sessions"}
    told = csv.DictReader(io.StringIO(probe.get("/probe.csv?period=4w&panel=teams").text))
    assert [row["team"] for row in told] == [row["team"] or "" for row in rows]
    table = pq.read_table(io.BytesIO(probe.get("/probe.parquet?period=4w&panel=teams").content))
    assert table.num_rows == len(rows)
    assert probe.get("/probe.csv?panel=nobody").status_code == 400


def test_a_filter_that_does_not_apply_is_said(probe: TestClient) -> None:
    said = text_of(probe.get("/probe?period=4w&where.token_type=input", headers=HTML).text)
    assert "Not known per token type" in said


def test_parts_add_up_and_who_is_gone_stands_below(probe: TestClient) -> None:
    page = probe.get("/probe?period=4w", headers=HTML).text
    table = page.partition('<table id="came-data">')[2].partition("</table>")[0]
    rows = re.findall(r'<tr data-day="([^"]+)"( data-partial)?>(.*?)</tr>', table)
    asked = "/api/v1/ask?metrics=active_people,lapsed_people&by=week&period=5w"
    active = {row["week"]: row for row in probe.get(asked).json()["rows"]}
    assert dt.date.fromisoformat(rows[0][0]).weekday() == 0
    for week, partial, cells in rows:
        back, new, gone = re.findall(r'data-v="([^"]*)"', cells)
        assert int(back) + int(new) == active[week]["active_people"]
        assert gone == "" if partial else -int(gone) == active[week]["lapsed_people"]


SHAPES = [("stack", "week,model"), ("lines", "day"), ("ranking", "team")]


@pytest.mark.parametrize(("shape", "by"), SHAPES)
def test_every_chart_is_a_picture(probe: TestClient, shape: str, by: str) -> None:
    page = f"/chart.svg?shape={shape}&metrics=spend_usd&by={by}&period=4w"
    answer = probe.get(page)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.text.startswith("<svg") and "var(--" not in answer.text
    marks = re.findall(r"<path aria-label", answer.text)
    assert len(marks) >= 4
    png = probe.get(page.replace(".svg", ".png"))
    assert png.content.startswith(b"\x89PNG")


def test_a_picture_of_nothing_is_refused(probe: TestClient) -> None:
    assert probe.get("/chart.svg?shape=cake&metrics=spend_usd&by=team").status_code == 400
    answer = probe.get("/chart.svg?shape=lines&metrics=spend_usd&by=team&period=4w")
    assert answer.status_code == 400 and "cannot be drawn" in answer.text


def test_every_panel_can_be_taken(probe: TestClient) -> None:
    taken = take_all(probe, probe.get("/probe?period=4w", headers=HTML).text)
    assert taken["Picture (SVG)"] == taken["CSV"] == taken["Parquet"] >= 3
