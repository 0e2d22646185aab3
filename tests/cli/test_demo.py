"""`steelyard demo`: in a folder of its own, said once, removed again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from steelyard.config import demo_data, load_settings

from .conftest import Run

SMALL = ("--people", "10", "--weeks", "4", "--end", "2026-11-21", "--no-serve")


def test_load_ask_remove(run: Run, tmp_path: Path) -> None:
    folder = ("--data", str(tmp_path / "demo"))
    loaded = run("demo", *SMALL, *folder)
    assert (loaded.code, loaded.out) == (0, "")
    assert "10 people, 4 weeks up to 2026-11-21" in loaded.err
    assert "Telemetry …" in loaded.err
    answer = run("ask", "prs_merged", "--period", "26w", "--format", "json", *folder)
    assert json.loads(answer.out)["rows"][0]["prs_merged"] > 0
    assert "is here: 10 people, 4 weeks" in run("demo", *SMALL, *folder).err
    assert "is removed" in run("demo", "--remove", *folder).err
    assert "There is no demo company here" in run("demo", "--remove", *folder).err


def test_it_never_touches_the_usual_folder(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(Path.home() / "share"))
    usual = load_settings().data
    assert demo_data() != usual
    assert run("demo", *SMALL).code == 0
    assert (demo_data() / "demo.json").is_file()
    assert not usual.exists()


def test_wrong_sizes_and_days(run: Run) -> None:
    for arguments in (("--people", "3"), ("--weeks", "999"), ("--end", "someday")):
        assert run("demo", "--no-serve", *arguments).code == 2
