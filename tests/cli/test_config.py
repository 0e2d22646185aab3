"""Settings: order of the sources, where each value came from, and mistakes that help to mend."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.config import (
    Settings,
    load_settings,
    settings_rows,
    shown,
    split_address,
    unknown_variables,
)
from steelyard.errors import ConfigError


def write(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "steelyard.toml"
    path.write_text(text)
    return path


def test_flag_over_environment_over_file_over_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, 'web = "127.0.0.1:1"\notlp_http = "127.0.0.1:1"\nthreads = 1\n')
    monkeypatch.setenv("STEELYARD_WEB", "127.0.0.1:2")
    monkeypatch.setenv("STEELYARD_OTLP_HTTP", "127.0.0.1:2")
    settings = load_settings(tmp_path, web="127.0.0.1:3", otlp_grpc=None)
    assert (settings.web, settings.otlp_http) == ("127.0.0.1:3", "127.0.0.1:2")
    assert (settings.threads, settings.otlp_grpc) == (1, "127.0.0.1:4317")
    origins = settings.provenance()
    assert origins["data"] == "flag --data"
    assert origins["web"] == "flag --web"
    assert origins["otlp_http"] == "environment STEELYARD_OTLP_HTTP"
    assert origins["threads"] == f"file {path}"
    assert origins["otlp_grpc"] == "default"


def test_the_file_is_found_by_variable_then_data_folder_then_xdg(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "xdg" / "steelyard", "threads = 1\n")
    assert load_settings(tmp_path / "data").threads == 1
    write(tmp_path / "data", "threads = 2\n")
    assert load_settings(tmp_path / "data").threads == 2
    monkeypatch.setenv("STEELYARD_CONFIG", str(write(tmp_path / "named", "threads = 3\n")))
    assert load_settings(tmp_path / "data").threads == 3


def test_a_named_file_that_is_missing_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEELYARD_CONFIG", str(tmp_path / "none.toml"))
    with pytest.raises(ConfigError, match="no such file"):
        load_settings(tmp_path)


def test_an_unknown_key_suggests_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, 'otlp_htp = ""\n')
    with pytest.raises(ConfigError, match="otlp_htp") as caught:
        load_settings(tmp_path)
    assert caught.value.hint == "Did you mean otlp_http?"


@pytest.mark.parametrize(
    ("name", "value"),
    [("WEB", "nowhere"), ("THREADS", "many"), ("MAX_BODY_BYTES", "1"), ("OTLP_GRPC", "h:99999")],
)
def test_a_wrong_value_names_its_variable(
    name: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"STEELYARD_{name}", value)
    with pytest.raises(ConfigError, match=f"environment STEELYARD_{name}"):
        load_settings(tmp_path)


def test_a_broken_file_says_where(tmp_path: Path) -> None:
    path = write(tmp_path, "threads =\n")
    with pytest.raises(ConfigError, match=str(path)):
        load_settings(tmp_path)


def test_an_empty_listener_is_off_and_an_empty_folder_is_not_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEELYARD_OTLP_GRPC", "")
    monkeypatch.setenv("STEELYARD_DATA", "")
    settings = load_settings()
    assert settings.otlp_grpc == ""
    assert settings.data.is_absolute()
    assert settings.provenance()["data"] == "default"


def test_settings_are_frozen_and_sizes_read_units(tmp_path: Path) -> None:
    settings = load_settings(tmp_path, max_body_bytes="2MiB")
    assert settings.max_body_bytes == 2 << 20
    with pytest.raises(ValueError, match="frozen"):
        settings.threads = 3


def test_every_setting_has_help_and_a_group() -> None:
    for row in settings_rows():
        assert row.help.endswith("."), row.name
        assert row.group, row.name
    assert {row.name for row in settings_rows()} == set(Settings.model_fields)


def test_a_password_is_never_shown() -> None:
    text = shown("warehouse", "clickhouse://reader:s3cret@db.example:8443/steelyard")
    assert text == "clickhouse://reader:…@db.example:8443/steelyard"


def test_variables_that_no_setting_reads_are_named() -> None:
    found = unknown_variables({"STEELYARD_OTLP_HTP": "", "STEELYARD_WEB": "", "HOME": ""})
    assert found == {"STEELYARD_OTLP_HTP": "STEELYARD_OTLP_HTTP"}


def test_addresses() -> None:
    assert split_address("[::1]:80") == ("::1", 80)
    assert split_address(":0") == ("127.0.0.1", 0)
    with pytest.raises(ValueError, match="not an address"):
        split_address("localhost")
