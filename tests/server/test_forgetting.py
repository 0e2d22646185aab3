"""A person is copied and forgotten beside a running server, and stays away."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tests.recorded import FOLDER
from tests.server.running import running

ACCOUNT = FOLDER / "recordings" / "claude-code" / "28-signed-in-account-http-json"


def test_forgetting_beside_a_server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from steelyard.cli.main import main

    if not ACCOUNT.is_dir():
        pytest.skip("no recordings")
    with running(tmp_path / "data"):
        there = ("--data", str(tmp_path / "data"), "--format", "json")

        def run(*words: str, code: int = 0) -> dict[str, object]:
            assert main([*words, *there]) == code, capsys.readouterr().err
            told: dict[str, object] = json.loads(capsys.readouterr().out or "{}")
            return told

        def tokens() -> dict[str, object]:
            rows = run("ask", "tokens", "--by", "person")["rows"]
            assert isinstance(rows, list)
            return {row["person"] or "": row["tokens"] for row in rows}

        run("import", "otlp", str(ACCOUNT))
        before = tokens()
        (person,) = before
        assert "@" in person
        copy = tmp_path / "copy.zip"
        told = run("people", "export", person, "-o", str(copy))
        with zipfile.ZipFile(copy) as archive:
            assert person in json.loads(archive.read("manifest.json"))["person"]
        assert isinstance(told["tables"], dict)
        assert told["tables"]["events"] > 0
        run("people", "forget", person, code=2)  # nobody is there to ask
        capsys.readouterr()
        assert run("people", "forget", person, "--yes")["known"] is True
        assert tokens() == {"": before[person]}
        run("import", "otlp", str(ACCOUNT))
        assert person not in tokens()


def test_forgetting_in_a_folder_that_was_closed_comes_to_an_end(tmp_path: Path) -> None:
    """A checkpoint waits for ever beside a transaction that was left open."""
    if not ACCOUNT.is_dir():
        pytest.skip("no recordings")

    def run(*words: str) -> str:
        command = [sys.executable, "-m", "steelyard", *words, "--data", str(tmp_path / "data")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        return done.stdout

    def rows() -> list[dict[str, object]]:
        found: list[dict[str, object]] = json.loads(
            run("ask", "tokens", "--by", "person", "--format", "json")
        )["rows"]
        return found

    run("import", "otlp", str(ACCOUNT))
    (before,) = rows()
    run("people", "forget", str(before["person"]), "--yes")
    assert rows() == [{"person": None, "tokens": before["tokens"]}]
