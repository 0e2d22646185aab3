"""The frame of the command line: help, mistakes, exit codes, what goes to which stream."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from .conftest import Run


def test_help_lists_commands_in_groups(run: Run) -> None:
    done = run("--help")
    assert done.code == 0
    headings = [line for line in done.out.splitlines() if line.endswith(":") and line[0] != " "]
    assert headings == ["Run:", "Bring data in:", "Ask:", "Look after:", "Options:", "Examples:"]


@pytest.mark.parametrize("words", [[], ["token"], ["import"], ["config"]])
def test_a_group_without_a_command_explains_itself_and_fails(words: list[str], run: Run) -> None:
    done = run(*words)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("Usage: steelyard")


@pytest.mark.parametrize(
    ("words", "says", "hint"),
    [
        (["asks"], "Did you mean 'ask'", "steelyard --help"),
        (["import", "transcript"], "Did you mean 'transcripts'", "steelyard import --help"),
        (["ask", "spend_usd", "--form", "x"], "--form", "steelyard ask --help"),
        (["ask"], "METRICS", "steelyard ask --help"),
        (["ask", "spend_usd", "--format", "yaml"], "yaml", "steelyard ask --help"),
    ],
)
def test_mistakes_in_the_command_line(words: list[str], says: str, hint: str, run: Run) -> None:
    done = run(*words)
    assert (done.code, done.out) == (2, "")
    assert says in done.err
    assert hint in done.err


def test_errors_are_json_when_json_was_asked_for(run: Run) -> None:
    for words in (
        ["config", "show", "--format=json", "--no"],
        ["version", "--format", "json", "x"],
    ):
        done = run(*words)
        assert done.code == 2
        assert set(json.loads(done.err)["error"]) == {"code", "message", "hint"}


def test_version(run: Run) -> None:
    from steelyard import __version__

    done = run("version")
    assert done.out.startswith(f"steelyard {__version__}\n")
    assert json.loads(run("version", "--format", "json").out)["steelyard"] == __version__


def test_quiet_may_stand_anywhere(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEELYARD_WBE", "x")
    assert "STEELYARD_WBE" in run("config", "validate").err
    assert run("config", "validate", "-q").err == ""
    assert run("-q", "config", "validate").err == ""


def test_a_reader_that_has_seen_enough_gets_no_traceback() -> None:
    command = f"{sys.executable} -m steelyard config show | true"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_unexpected_fault_is_one_sentence_and_a_traceback_only_on_request(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from steelyard.cli import config

    def broken(*_: object) -> None:
        raise RuntimeError("gears")

    monkeypatch.setattr(config, "settings", broken)
    done = run("config", "show")
    assert (done.code, done.out) == (1, "")
    assert "RuntimeError: gears" in done.err
    assert "Traceback" not in done.err
    assert "Traceback" in run("config", "show", "-v").err
