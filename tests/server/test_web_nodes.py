"""Nodes that only show pages, beside the one that works: they follow it, and change nothing."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.postgres import Postgres
from tests.recorded import FOLDER, Recording, asked
from tests.server.running import command, running, until
from tests.server.test_roles import NO_LISTENERS
from tests.warehouse.opened import database

SCENARIO = "claude-code/06-many-exports-delta-http-protobuf"


@pytest.mark.slow
@pytest.mark.usefixtures("recordings")
def test_web_nodes_show_what_the_worker_built_and_change_nothing(
    tmp_path: Path, postgres: Postgres
) -> None:
    recording = Recording(FOLDER / "recordings" / SCENARIO)
    there = {"STEELYARD_STATE": postgres.database(), "STEELYARD_WAREHOUSE": database()}
    early = command("serve", "--role", "web", "--data", str(tmp_path / "early"), **there)
    assert early.returncode == 3 and "Start the worker" in early.stderr, early.stderr
    with ExitStack() as stack:
        worker = stack.enter_context(running(tmp_path / "worker", *NO_LISTENERS, **there))
        nodes = [
            stack.enter_context(running(tmp_path / name, "--role", "web", **there))
            for name in ("one", "two")
        ]
        assert [asked(node.door, "tokens") for node in nodes] == [{}, {}]
        bodies = str(recording.folder)
        for place in (nodes[0].data, tmp_path / "desk"):
            refused = command("import", "otlp", bodies, "--data", str(place), **there)
            assert refused.returncode == 2 and "Another node writes" in refused.stderr, refused
        taken = command("import", "otlp", bodies, "--data", str(worker.data), **there)
        assert taken.returncode == 0, taken.stderr
        told = recording.tokens()
        for node in nodes:
            until(
                lambda node=node: asked(node.door, "tokens", "model", "token_type") == told,
                "what the worker built",
            )
        assert worker.status()["inbox"]["received"] and not nodes[0].status()["inbox"]["received"]
        assert nodes[0].status()["last_event"] == nodes[1].status()["last_event"]
        desk = command("doctor", "--data", str(tmp_path / "desk"), **there)
        assert "FAIL" not in desk.stdout, desk.stdout
