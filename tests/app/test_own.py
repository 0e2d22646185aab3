"""The page of oneself, over a real house: only ever of whoever is signed in."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.app.test_seeing import PERIOD, Site

HTML = {"accept": "text/html"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    found = Site(tmp_path, "names")
    yield found
    found.house.close()


def test_everybody_sees_what_is_kept_of_themselves(site: Site) -> None:
    page = site.client("member", "pay1").get("/me", headers=HTML)
    assert page.status_code == 200
    assert "pay1" in page.text and "usage" in page.text
    assert "pay2" not in page.text
    assert "Nobody but you has looked" in page.text


def test_the_copy_is_of_oneself_alone(site: Site) -> None:
    answer = site.client("member", "pay1").get("/me.zip?person=pay2")
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        told = json.loads(archive.read("manifest.json"))
        assert told["person"] == "pay1"
        assert {each["file"] for each in told["files"]} <= set(archive.namelist())
        assert not any(b"pay2" in archive.read(name) for name in archive.namelist())


def test_who_looked_stands_there(site: Site) -> None:
    admin, member = site.client("admin"), site.client("member", "pay1")
    admin.get(f"/api/v1/ask?metrics=tokens&{PERIOD}&where.person=pay1")
    looks = member.get("/me.json").json()["you"]["looks"]
    assert [(look["role"], look["person"]) for look in looks] == [("admin", "pay1")]
    page = admin.get("/settings/privacy", headers=HTML)
    assert page.status_code == 200 and "pay1" in page.text and "people_shown" in page.text
    assert admin.get("/settings/privacy.csv").text.count("pay1") == 1
    assert member.get("/settings/privacy", headers=HTML).status_code == 403


def test_whoever_is_nobody_here_is_told_how_to_become_somebody(site: Site) -> None:
    client = site.client("finance", "nobody-known")
    assert "Nothing is connected with you" in client.get("/me", headers=HTML).text
    assert client.get("/me.zip").status_code in (400, 404)
    assert client.get("/me.json").json() == {"you": None}
