"""The main promise over the network: what clients sent is what the running server answers."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from tests.recorded import Key, Recording, asked, open_house
from tests.server.asking import figures, same
from tests.server.running import Running, running
from tests.server.sending import Request, send_all

pytestmark = pytest.mark.usefixtures("recordings")
CONNECTIONS = 20


def sessions(recording: Recording) -> set[str]:
    wire = recording.wire
    return set(wire.get("sessions_on_events", [])) | set(wire.get("sessions_on_metrics", []))


class PerScenario:
    """A metric asked by session once, then summed over the sessions of one scenario."""

    def __init__(self, door: Any, metric: str, *by: str) -> None:
        self.found = asked(door, metric, "session", *by)

    def of(self, recording: Recording) -> dict[Key, Any]:
        total: dict[Key, Any] = {}
        for (session, *key), value in self.found.items():
            if session in sessions(recording):
                total[tuple(key)] = total.get(tuple(key), 0) + value
        return total


def test_every_scenario_is_answered_as_it_was_on_the_wire(
    told: Running, all_recordings: list[Recording]
) -> None:
    door = told.door
    tokens = PerScenario(door, "tokens", "model", "token_type")
    reported = PerScenario(door, "spend_reported_usd", "model")
    lines = PerScenario(door, "lines_suggested", "type")
    commits = PerScenario(door, "commits_by_assistant")
    claude = [recording for recording in all_recordings if recording.client == "claude-code"]
    assert len(claude) == 27
    for recording in claude:
        name = recording.folder.name
        assert tokens.of(recording) == recording.tokens(), name
        assert {k: float(v) for k, v in reported.of(recording).items()} == pytest.approx(
            recording.reported_usd(), abs=5e-7
        ), name
        wanted = recording.metric("claude_code.lines_of_code.count", "type")
        assert lines.of(recording) == wanted, name
        assert commits.of(recording) == recording.metric("claude_code.commit.count"), name


@pytest.mark.parametrize("client", ["codex", "gemini-cli"])
def test_the_other_clients_totals(
    client: str, told: Running, all_recordings: list[Recording]
) -> None:
    wanted: dict[Key, int] = {}
    for recording in all_recordings:
        if recording.client == client:
            for key, value in recording.tokens().items():
                wanted[key] = wanted.get(key, 0) + value
    assert asked(told.door, "tokens", "model", "token_type", assistant=client) == wanted


def test_network_and_import_give_the_same_figures(
    told: Running, all_recordings: list[Recording], tmp_path: Path
) -> None:
    with open_house(tmp_path) as house:
        house.import_otlp([recording.folder for recording in all_recordings], lambda *_: None)
        imported = figures(house)
    assert len(imported) > 2000
    same(figures(told.door), imported)


def test_order_repeats_and_company_change_no_figure(
    told: Running, every_request: list[Request], tmp_path: Path
) -> None:
    """Backwards; then all twice more from many connections at once, in other bytes too."""
    wanted = figures(told.door)
    with running(tmp_path / "data") as server:
        send_all(server, reversed(every_request))
        server.settle()
        same(figures(server.door), wanted)
        again = [r.gzipped() for r in every_request] + [r.over_grpc() for r in every_request]
        random.Random(7).shuffle(again)
        send_all(server, again, CONNECTIONS)
        server.settle()
        same(figures(server.door), wanted)
        assert server.status()["inbox"]["repeated"] > 0
