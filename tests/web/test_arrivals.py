"""The page Sources says what came in, what did not and why, and which versions are at fault."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient
from tests.web.conftest import HTML
from tests.web.test_sources import HOUR, known, read
from tests.web.world import NOW, World

from steelyard.receiver.body import ReceiverNode, Refusal, SetAside
from steelyard.web.app import create_app
from steelyard.web.arrivals import is_current, receiving, summary
from steelyard.web.client_faults import FAULTS, met, number

BROKEN = SetAside(41, "logs", "protobuf", 812, NOW - HOUR, "Wrong wire type in tag.", NOW)
DECLINED = Refusal(NOW - HOUR, 415, "content_type", "/v1/logs", "::1", "curl/8", "http", 3)


@pytest.fixture
def client(acme: World) -> TestClient:
    acme.refusals = (DECLINED,)
    acme.set_aside = (BROKEN,)
    return TestClient(create_app(acme), "http://127.0.0.1:8480")


def rows(client: TestClient, panel: str) -> list[dict[str, str]]:
    answer = client.get(f"/sources.csv?panel={panel}")
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_what_did_not_get_in_stands_there_with_what_to_do(client: TestClient) -> None:
    page = client.get("/sources", headers=HTML).text
    assert "415 content_type" in page and "Wrong wire type in tag." in page
    (declined,), (aside,) = rows(client, "refused"), rows(client, "set-aside")
    assert (declined["count"], declined["reason"]) == ("3", "content_type")
    assert "OTEL_EXPORTER_OTLP_PROTOCOL" in declined["fix"]
    assert (aside["number"], aside["bytes"], aside["error"]) == ("41", "812", BROKEN.error)
    parquet = client.get("/sources.parquet?panel=refused").content
    assert pq.read_table(io.BytesIO(parquet)).to_pylist()[0]["count"] == 3
    told = client.get("/sources.json").json()
    assert told["refused"][0]["count"] == 3
    assert told["set-aside"][0]["number"] == 41


def test_figures_of_completeness_are_answers_of_the_catalogue(client: TestClient) -> None:
    told = client.get("/sources.json").json()
    panels = {name: each for name, each in told.items() if isinstance(each, dict)}
    assert {"arriving", "witnesses", "coverage", "matched", "versions"} == set(panels)
    assert told["arriving"]["rows"]
    by_day = rows(client, "arriving")
    assert sum(float(row["sessions"] or 0) for row in by_day) == sum(
        row["sessions"] or 0 for row in told["arriving"]["rows"]
    )
    assert client.get("/sources.csv?panel=nothing").status_code == 400


def test_telemetry_itself_has_its_facts_and_gaps_are_no_parts_of_a_whole(
    client: TestClient, acme: World
) -> None:
    acme.inbox = replace(acme.inbox, pending=1_234)
    assert ("Waiting to be read", "1,234", "") in receiving(acme.status(), NOW)["facts"]
    page = client.get("/sources", headers=HTML).text
    assert 'id="telemetry"' in page and "1,234" in page
    assert "of witness tokens" not in page


def test_receivers_elsewhere_say_what_is_on_the_way(acme: World) -> None:
    before = replace(acme.inbox, last_received_at=NOW - 2 * HOUR)
    nodes = (
        ReceiverNode("east", NOW, NOW - HOUR, pending=1_000, handed=234, handed_since=NOW),
        ReceiverNode("west", NOW - HOUR, None, pending=0, handed=0, handed_since=None),
    )
    status = replace(acme.status(), inbox=before, nodes=nodes)
    facts = {label: (text, title) for label, text, title in receiving(status, NOW)["facts"]}
    assert facts["Last request"][0] == "1 h ago"
    assert facts["Receiver east"][0].startswith("1,234 on the way")
    assert "1,000 wait there, 234 are handed over" in facts["Receiver east"][1]
    assert facts["Receiver west"][0] == "nothing on the way · 1 h ago"
    assert [node.name for node in status.for_everybody().nodes] == ["", ""]


def test_before_anything_came_there_are_no_figures(fresh: TestClient) -> None:
    told = fresh.get("/sources.json").json()
    assert told["summary"] == "No telemetry has come."
    assert told["sources"] == told["refused"] == told["faults"] == []
    assert "arriving" not in told


def test_the_summary_counts_what_is_current(acme: World) -> None:
    twice = read("commits", 5, succeeded=NOW - 2 * HOUR)
    stale = read("commits", 5, succeeded=NOW - 3 * HOUR)
    both = (known("fresh", "git", twice), known("old", "git", stale))
    assert [is_current(each, NOW) for each in both] == [True, False]
    status = acme.status()
    inbox = replace(status.inbox, set_aside=1, refused=1_200)
    said = summary(both, replace(status, inbox=inbox), NOW)
    assert said.startswith("1 of 2 sources is current; telemetry last came ")
    assert said.endswith("1 request was set aside; 1,200 requests were declined.")


def test_versions_compare_as_numbers_and_meet_their_faults() -> None:
    assert number("2.1.9") < number("2.1.126") == number("v2.1.126-beta")
    assert number("unknown") == ()
    found = met(["2.1.126", "2.0.65", "9.0.0", "unknown"])
    assert [version for version, _ in found] == sorted(
        (version for version, _ in found), key=number, reverse=True
    )
    assert {version for version, _ in found} == {"2.1.126", "2.0.65"}
    assert any("No telemetry" in fault.what for version, fault in found if version == "2.0.65")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.versions)
def test_a_fault_holds_from_its_first_version_to_its_last(fault: object) -> None:
    assert fault.holds(fault.last)  # type: ignore[attr-defined]
    assert not fault.holds(f"{fault.last}.1")  # type: ignore[attr-defined]
    assert fault.url.startswith("https://")  # type: ignore[attr-defined]
