"""Commands beside a running server do the same as without one; its start and end leave no mess."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.recorded import FOLDER, total
from tests.server.running import ANY, Running, running, until
from tests.server.sending import Client, made_up

Run = Callable[..., Any]
CLAUDE = FOLDER / "recordings" / "claude-code"
SCENARIO, ACCOUNT = CLAUDE / "14-models-http-json", CLAUDE / "28-signed-in-account-http-json"
TRANSCRIPTS = CLAUDE / "26-edit-corner-cases-http-protobuf" / "transcripts"
QUESTIONS = (
    ("tokens,spend_usd,api_requests", "--by", "model"),
    ("tokens,active_people", "--by", "team,person"),
    ("headcount", "--by", "team"),
    ("edit_decisions", "--by", "tool,decision,source"),
)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command's JSON in this process, after its exit code was seen to be right."""
    from steelyard.cli.main import main

    for name in os.environ:
        if name.startswith("STEELYARD_"):
            monkeypatch.delenv(name)

    def run_command(*words: str, code: int = 0) -> Any:
        assert main([*words, "--format", "json"]) == code, capsys.readouterr().err
        return json.loads(capsys.readouterr().out)

    return run_command


def imports(run: Run, data: Path, people: Path) -> list[Any]:
    """What the importing commands report, each run twice."""
    there = ("--data", str(data))
    words = [
        ("otlp", str(SCENARIO), str(ACCOUNT)),
        ("transcripts", str(TRANSCRIPTS), "--person", "ada@example.com"),
        ("csv", "people", str(people)),
    ]
    return [run("import", *each, *there) for each in words for _ in range(2)]


def answers(run: Run, data: Path) -> list[Any]:
    return [run("ask", *words, "--data", str(data))["rows"] for words in QUESTIONS]


def test_commands_do_the_same_with_and_without_a_server(
    run: Run, tmp_path: Path, recordings: Path
) -> None:
    people = tmp_path / "people.csv"
    people.write_text("email,team\ndev@example.com,payments\nada@example.com,checkout\n")
    alone, beside = tmp_path / "alone", tmp_path / "beside"
    said, known = imports(run, alone, people), answers(run, alone)
    with running(beside) as server:
        assert imports(run, beside, people) == said
        assert answers(run, beside) == known
        once_each(run, server, tmp_path)
        assert answers(run, beside) == known
        check_copies(run, server, tmp_path, known)
    assert answers(run, beside) == known  # the drained folder, opened by the command itself


def once_each(run: Run, server: Running, folder: Path) -> None:
    """No record is stored twice: not by the server's own hand, not by an import beside it."""
    tables = run("export", str(folder / "tables"), "--data", str(server.data))["tables"]
    rebuilt = run("rebuild", "--data", str(server.data))["tables"]
    raw = ("events", "points", "spans")
    assert {name: rebuilt[name] for name in raw} == {name: tables[name] for name in raw}
    assert {path.stem for path in (folder / "tables").glob("*.parquet")} == set(tables)


def check_copies(run: Run, server: Running, folder: Path, known: list[Any]) -> None:
    there = ("--data", str(server.data))
    assert run("backup", str(folder / "all.tar"), *there)["bytes"] > 0
    run("restore", str(folder / "all.tar"), "--data", str(folder / "copy"))
    assert answers(run, folder / "copy") == known
    checks = {check["name"]: check for check in run("doctor", *there)["checks"]}
    assert checks["server"]["status"] == "ok"
    assert str(server.process.pid) in checks["server"]["message"]
    token = run("token", "create", "laptops", *there)
    assert [each["id"] for each in run("token", "list", *there)] == [token["id"]]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_and_leaves_nothing_behind(
    number: signal.Signals, run: Run, tmp_path: Path
) -> None:
    with running(tmp_path) as server:
        client = Client(server)
        for n in range(50):
            assert client.send(made_up(f"r{n}")) == 200
        assert server.stop(number) == 0, server.said()
        until(lambda: not server.members(), "all processes gone", 10)
    assert {path.name for path in tmp_path.iterdir()} >= {"steelyard.duckdb", "inbox.db"}
    assert not list(tmp_path.glob("server.*"))
    assert not list(tmp_path.glob("*.sock"))
    assert run("ask", "tokens", "--data", str(tmp_path))["rows"] == [{"tokens": 5000}]


def test_what_a_killed_server_left_confuses_nobody(run: Run, tmp_path: Path) -> None:
    server = Running(tmp_path)
    assert Client(server).send(made_up("r")) == 200
    server.kill()
    told = tmp_path / "server.json"
    assert told.exists()
    assert run("ask", "tokens", "--data", str(tmp_path))["rows"] == [{"tokens": 100}]
    stranger = json.loads(told.read_text()) | {"pid": os.getpid()}  # its number was given away
    told.write_text(json.dumps(stranger))
    assert run("ask", "tokens", "--data", str(tmp_path))["rows"] == [{"tokens": 100}]
    with running(tmp_path) as again:
        assert Client(again).send(made_up("s")) == 200
        again.settle()
        assert total(again.door, "tokens") == 200
    assert not told.exists()


def test_beyond_loopback_only_a_valid_token_gets_in(run: Run, tmp_path: Path) -> None:
    token = run("token", "create", "laptops", "--data", str(tmp_path))
    everywhere = ("--otlp-http", "0.0.0.0:0", "--otlp-grpc", "0.0.0.0:0", "--web", ANY)
    with running(tmp_path, *everywhere) as server:
        client = Client(server)
        request = made_up("r")
        assert client.send(request) == 401
        assert client.send(replace(request, token="sty_wrong")) == 401
        with pytest.raises(grpc.RpcError) as refused:
            client.send(request.over_grpc())
        assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
        known = replace(request, token=token["secret"])
        assert client.send(known) == 200
        assert client.send(replace(made_up("s").over_grpc(), token=token["secret"])) == 200
        server.settle()
        assert total(server.door, "tokens") == 200
        revoke(tmp_path, token["id"])
        until(lambda: client.send(known) == 401, "the revoked token is refused", 10)


def revoke(data: Path, token: str) -> None:
    from steelyard.cli.main import main

    assert main(["token", "revoke", token, "--data", str(data)]) == 0
