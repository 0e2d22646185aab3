"""The image, the compose files and the collector: by their schemas, and against the program."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.deploy.files import DEPLOY, PINNED, ROOT, image_settings, read, settings_of
from tests.server.running import environment

from steelyard.receiver.content_rules import CONTENT_KEYS

FILES = ("compose.yaml", "compose.scaled.yaml", "compose.collector.yaml")
COLLECTOR = "kubernetes/components/collector/config.yaml"
_VARIABLE = re.compile(r"\$\{(\w+)(?::?[-?]([^}]*))?\}")


def filled(value: Any) -> str:
    """With compose's variables filled in: the default, or what a user would say."""
    return _VARIABLE.sub(lambda m: "said" if "?" in m[0] else m[2] or "", str(value))


def services(file: str) -> list[tuple[str, dict[str, Any]]]:
    return list(read(file)["services"].items())


OURS = [
    pytest.param(service, id=f"{file}-{name}")
    for file in FILES
    for name, service in services(file)
    if "steelyard:" in str(service.get("image", "")) or "otel" in str(service.get("image", ""))
]


@pytest.mark.parametrize("file", FILES)
def test_compose_files_follow_their_specification(file: str) -> None:
    line = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    merged = json.dumps(read(file))
    done = subprocess.run([*line, "-"], input=merged, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("service", OURS)
def test_a_container_may_nothing_it_need_not(service: dict[str, Any]) -> None:
    assert service["user"] == "10001:10001"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert PINNED.fullmatch(filled(service["image"]))


@pytest.mark.parametrize("file", FILES[:2])
def test_the_settings_are_ones_the_program_takes(file: str) -> None:
    for name, service in services(file):
        if "STEELYARD_IMAGE" not in service["image"]:
            assert PINNED.fullmatch(service["image"]), name
            continue
        said = {k: filled(v) for k, v in service.get("environment", {}).items()}
        settings = settings_of(image_settings() | said, service.get("command", ["serve"]))
        for volume in service.get("volumes", ()):
            assert volume.split(":")[0] in read(file)["volumes"], name
        ports = {port.rpartition(":")[2] for port in service.get("ports", ())}
        listening = {
            address.rpartition(":")[2]
            for address in (settings.web, settings.otlp_http, settings.otlp_grpc)
            if address
        }
        assert ports <= listening, name


def test_only_loopback_is_reached_unless_somebody_says_so() -> None:
    for file in FILES[:2]:
        for _, service in services(file):
            for port in service.get("ports", ()):
                assert filled(port).startswith("127.0.0.1:")


def test_the_image_runs_as_nobody_in_particular_and_copies_what_exists() -> None:
    lines = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    steps = [line.split(None, 1) for line in lines if line and not line.startswith("#")]
    last = [i for i, (word, _) in enumerate(steps) if word == "FROM"][-1]
    assert [rest for word, rest in steps[last:] if word == "USER"] == ["10001:10001"]
    for word, rest in steps:
        assert word != "ADD"
        if word == "FROM":
            assert PINNED.fullmatch(rest.split(" AS ")[0])
        if word == "COPY" and "--from" not in rest:
            kept = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
            for name in rest.split()[:-1]:
                assert (ROOT / name).exists() and f"!{name}" in kept
    settings_of(image_settings(), [])


def test_the_collector_is_whole_and_loses_nothing() -> None:
    said = read(COLLECTOR)
    service = said["service"]
    assert set(service["extensions"]) == set(said["extensions"])
    used: dict[str, set[str]] = {"receivers": set(), "processors": set(), "exporters": set()}
    for pipeline in service["pipelines"].values():
        assert pipeline["processors"][0] == "memory_limiter"
        for kind, names in pipeline.items():
            used[kind] |= set(names)
    assert used == {kind: set(said[kind]) for kind in used}
    exporter = said["exporters"]["otlphttp/steelyard"]
    assert exporter["retry_on_failure"]["max_elapsed_time"] == "0s"
    queue = exporter["sending_queue"]
    assert queue["block_on_overflow"] and queue["storage"] in said["extensions"]
    assert said["extensions"]["file_storage"]["fsync"]
    for protocol in said["receivers"]["otlp"]["protocols"].values():
        assert protocol["auth"]["authenticator"] in said["extensions"]
        assert set(protocol["tls"]) == {"cert_file", "key_file"}
    actions = said["processors"]["attributes/content"]["actions"]
    dropped = {each["key"] for each in actions if each["action"] == "delete"}
    assert len(dropped) == len(actions) and dropped <= CONTENT_KEYS - {"tool_parameters"}


@pytest.mark.slow
def test_the_smoke_script_finds_a_request_that_was_acknowledged_before_a_kill(
    tmp_path: Path,
) -> None:
    """With a stand-in for the container engine, which this test cannot have."""
    if not shutil.which("curl") or not shutil.which("openssl"):
        pytest.skip("the script needs curl and openssl")
    engine = tmp_path / "engine"
    fake = Path(__file__).with_name("fake_engine.py")
    engine.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{fake}" "$@"\n')
    engine.chmod(0o755)
    web, http = free_port(), free_port()
    told = environment(
        ENGINE=str(engine),
        FAKE_ENGINE=str(tmp_path),
        SMOKE_WEB=f"http://127.0.0.1:{web}",
        SMOKE_OTLP=f"http://127.0.0.1:{http}",
        STEELYARD_DATA=str(tmp_path / "data"),
        STEELYARD_WEB=f"127.0.0.1:{web}",
        STEELYARD_OTLP_HTTP=f"127.0.0.1:{http}",
        STEELYARD_OTLP_GRPC="",
        STEELYARD_REQUIRE_TOKEN="true",
    )
    line = ["sh", DEPLOY / "smoke.sh"]
    done = subprocess.run(line, env=told, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "without a token: 401" in done.stdout and "All is well." in done.stdout
    assert "tokens after a kill: 1234" in done.stdout
    assert (tmp_path / "smoke.tar").stat().st_size > 0
    assert not (tmp_path / "pid").exists(), "nothing runs on"


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_scripts_are_executable_and_parse() -> None:
    assert os.access(DEPLOY / "smoke.sh", os.X_OK)
    assert subprocess.run(["sh", "-n", DEPLOY / "smoke.sh"]).returncode == 0
