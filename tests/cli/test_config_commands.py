"""`config show` and `config validate`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Run


def test_show_says_where_each_value_came_from(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "steelyard.toml").write_text("threads = 2\n")
    shown = json.loads(run("config", "show", "--format", "json").out)
    assert shown["threads"]["value"] == "2"
    assert shown["threads"]["from"].startswith("file ")
    assert shown["data"]["from"] == "environment STEELYARD_DATA"
    assert shown["web"] == {"name": "web", "value": "127.0.0.1:8480", "from": "default"}
    assert "threads" in run("config", "show").out


def test_show_prints_no_password(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEELYARD_STATE", "postgresql://steelyard:s3cret@db/state")
    done = run("config", "show")
    assert "s3cret" not in done.out + done.err


def test_validate_names_a_wrong_key_and_the_nearest(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "steelyard.toml").write_text('otlp_htp = ""\n')
    done = run("config", "validate")
    assert done.code == 2
    assert "otlp_htp" in done.err
    assert "Did you mean otlp_http?" in done.err


def test_validate_accepts_what_is_right_and_warns_of_stray_variables(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEELYARD_OTLP_HTP", "x")
    done = run("config", "validate")
    assert done.code == 0
    assert "valid" in done.out
    assert "Did you mean STEELYARD_OTLP_HTTP?" in done.err
