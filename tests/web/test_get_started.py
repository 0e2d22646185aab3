"""Get started: what to paste, waiting, and the diagnosis of what does not arrive."""

from __future__ import annotations

import datetime as dt
import json
import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.web.conftest import HTML, text_of
from tests.web.world import GRPC, HTTP, NOW, World, insert

from steelyard.receiver.body import SetAside
from steelyard.web import snippets
from steelyard.web.diagnosis import FIXES, diagnose
from steelyard.web.services import Listener, Seen
from steelyard.web.standing import Standing, previews
from steelyard.web.start import steps

RECEIVER = Path(__file__).resolve().parents[2] / "src" / "steelyard" / "receiver"


def page(client: TestClient) -> str:
    return client.get("/get-started", headers=HTML).text


def test_the_variables_carry_the_real_port(fresh: TestClient, empty: World) -> None:
    empty.listeners = (Listener("otlp-http", "http://127.0.0.1:40318"), GRPC)
    said = text_of(page(fresh))
    assert "export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:40318" in said
    assert "export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf" in said
    assert "YOUR_TOKEN" not in said


def test_grpc_alone_is_offered_with_its_protocol(fresh: TestClient, empty: World) -> None:
    empty.listeners = (GRPC,)
    said = text_of(page(fresh))
    assert "OTEL_EXPORTER_OTLP_PROTOCOL=grpc" in said
    assert "otlp-grpc = { endpoint" in said


def test_a_token_is_asked_for_and_explained(fresh: TestClient, empty: World) -> None:
    empty.listeners = (replace(HTTP, needs_token=True),)
    said = text_of(page(fresh))
    assert "'Authorization=Bearer YOUR_TOKEN'" in said
    assert "steelyard token create laptops" in said


def test_without_a_port_it_says_how_to_open_one(fresh: TestClient, empty: World) -> None:
    empty.listeners = ()
    assert "No port for telemetry is open" in page(fresh)


@pytest.mark.parametrize("needs_token", [False, True])
@pytest.mark.parametrize("listener", [HTTP, GRPC])
def test_settings_files_are_valid(listener: Listener, needs_token: bool) -> None:
    to = snippets.target((replace(listener, needs_token=needs_token),))
    assert to is not None
    managed, codex, gemini = (snippet.code for snippet in snippets.files(to))
    env = json.loads(managed)["env"]
    assert env["OTEL_EXPORTER_OTLP_ENDPOINT"] == listener.url
    assert ("OTEL_EXPORTER_OTLP_HEADERS" in env) == needs_token
    assert all(isinstance(value, str) for value in env.values())
    otel = tomllib.loads(codex)["otel"]
    assert otel["log_user_prompt"] is False
    (kind,) = otel["exporter"]
    assert otel["exporter"][kind]["endpoint"].startswith(listener.url)
    assert json.loads(gemini)["telemetry"]["logPrompts"] is False


def test_what_codex_and_gemini_are_told_is_what_the_recorded_clients_were_told(
    recordings: Path,
) -> None:
    to = snippets.target((HTTP,))
    assert to is not None
    _, codex, gemini = (snippet.code for snippet in snippets.files(to))
    recorded = json.loads((recordings / "codex/02-edits-http-protobuf/manifest.json").read_text())
    theirs = tomllib.loads(recorded["config_toml_otel"])["otel"]
    ours = tomllib.loads(codex)["otel"]
    assert ours["exporter"] == theirs["exporter"]
    assert ours["metrics_exporter"] == theirs["metrics_exporter"]
    recorded = json.loads((recordings / "gemini-cli/01-text-only-http/manifest.json").read_text())
    assert json.loads(gemini)["telemetry"] == recorded["settings_telemetry"]


def test_waiting_turns_into_the_first_event(fresh: TestClient, empty: World) -> None:
    before = page(fresh)
    assert "Waiting for the first event" in before
    assert '<noscript><meta http-equiv="refresh"' in before
    change = re.search(r'data-live-page="([^"]+)"', before)
    assert change
    assert fresh.get("/api/v1/status").json()["change"] == change[1]
    empty.receives()
    assert fresh.get("/api/v1/status").json()["change"] != change[1]
    after = text_of(page(fresh))
    assert "Claude Code is reporting." in after
    assert "api_request · session 77d0c54a" in after
    assert "Waiting" not in after


def test_nothing_reached_the_ports(empty: World) -> None:
    (finding,) = diagnose(empty.status(), NOW)
    assert finding.what == "Nothing has reached the ports yet."
    assert "http://127.0.0.1:4318" in finding.detail


def test_each_refusal_has_one_fix(fresh: TestClient, empty: World) -> None:
    empty.refuses(404, "no_such_path", "/v1/metrics/v1/metrics")
    empty.refuses(401, "no_token")
    said = text_of(page(fresh))
    assert '<details class="diagnosis" id="diagnosis" open>' in page(fresh)
    assert "Declined once with 404 (no_such_path): http /v1/metrics/v1/metrics" in said
    assert "Give the address without a path" in said
    assert "OTEL_EXPORTER_OTLP_HEADERS" in said


def test_every_reason_of_the_receiver_has_a_fix() -> None:
    source = "".join(path.read_text() for path in RECEIVER.rglob("*.py"))
    reasons = set(re.findall(r'Refused\(\s*\d{3},\s*"([a-z_]+)"', source))
    assert reasons
    assert reasons <= FIXES.keys()


def test_a_body_set_aside_is_shown_with_its_error(empty: World) -> None:
    aside = SetAside(7, "logs", "protobuf", 90, NOW, "DecodeError: truncated", NOW)
    status = replace(empty.status(), set_aside=(aside,))
    (finding,) = [each for each in diagnose(status, NOW) if "7" in each.what]
    assert finding.detail == "DecodeError: truncated"


def test_bodies_without_use_point_to_the_exporters(empty: World) -> None:
    empty.inbox = replace(empty.inbox, received=4, applied=4, last_received_at=NOW)
    (finding,) = diagnose(empty.status(), NOW)
    assert "OTEL_LOGS_EXPORTER=otlp" in finding.fix


def test_a_clock_that_is_ahead_is_named(empty: World) -> None:
    empty.receives()
    empty.last_event = Seen("codex", "api_request", NOW + dt.timedelta(hours=5), "s")
    (finding,) = diagnose(empty.status(), NOW)
    assert finding.what == "The last event is dated 5 h in the future."


def test_people_are_ticked_off_by_the_data(client: TestClient, fresh: TestClient) -> None:
    assert "19 people are known" in text_of(page(client))
    assert "One CSV file of people" in text_of(page(fresh))


def states(client: TestClient) -> dict[str, str]:
    steps = client.get("/get-started.json").json()["steps"]
    return {step["step"]: step["state"] for step in steps}


def test_steps_are_ticked_off_by_what_is_known(client: TestClient, fresh: TestClient) -> None:
    assert states(client) == {
        **dict.fromkeys(("server", "telemetry", "roll-out", "people"), "done"),
        **dict.fromkeys(("git-host", "dates", "transcripts"), "open"),
    }
    assert set(states(fresh).values()) == {"done", "open"}
    assert [name for name, state in states(fresh).items() if state == "done"] == ["server"]
    said = text_of(page(client))
    assert "24 people reported in the last four weeks" in said
    assert "Nothing that shipped is known yet" in said


def test_an_open_step_has_its_command_and_says_what_it_unlocks(fresh: TestClient) -> None:
    said = text_of(page(fresh))
    assert "steelyard source add git PATH steelyard source sync" in said
    assert "--start 2026-12-14" in said
    assert "Needs a Git host." in said and "Ready." not in said


def test_commits_and_plans_tick_the_last_steps(acme: World) -> None:
    status = acme.status()
    open_, all_ = Standing(1, None, 0), Standing(2, 41, 1, 9_898)
    assert [step["state"] for step in steps(status, open_)][2:] == [
        *("open", "done", "open", "open", "open")
    ]
    assert {step["state"] for step in steps(status, all_)} == {"done"}
    assert not any(each.needs for each in previews(status, all_))
    assert {each.needs for each in previews(status, open_)} == {"", "a Git host"}


def test_transcripts_tick_their_step(empty: World, fresh: TestClient) -> None:
    day = NOW.date() - dt.timedelta(days=3)
    row = {"day": day, "person": "", "assistant": "claude-code", "witness": "transcripts"}
    insert(empty.warehouse, "witnesses", [{**row, "tokens": 9_898, "ledger_tokens": 9_898}])
    assert states(fresh)["transcripts"] == "done"
    assert "Transcripts of the last year told of 9,898 tokens" in text_of(page(fresh))
