"""The units, judged by systemd's own checker."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.deploy.files import DEPLOY

from steelyard.config import unknown_variables

UNITS = DEPLOY / "systemd"
MOST_EXPOSED = 25  # tenths, of 100; a service without any care has 96


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units, with a program that exists here."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not here")
    program = tmp_path / "steelyard"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for unit in UNITS.iterdir():
        text = unit.read_text().replace("/opt/steelyard/bin/steelyard", str(program))
        (tmp_path / unit.name).write_text(text)
    return tmp_path


def analyze(*words: str | Path) -> tuple[int, str]:
    line = ["systemd-analyze", "--no-pager", *map(str, words)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("unit", sorted(unit.name for unit in UNITS.iterdir()))
def test_units_are_whole(units: Path, unit: str) -> None:
    code, said = analyze("verify", "--recursive-errors=no", units / unit)
    about_ours = [line for line in said.splitlines() if "steelyard" in line]
    assert code == 0 and about_ours == [], said


def test_the_server_may_little(units: Path) -> None:
    code, said = analyze(
        "security", "--offline=true", f"--threshold={MOST_EXPOSED}", units / "steelyard.service"
    )
    assert code == 0, said


def test_settings_in_units_exist() -> None:
    for unit in UNITS.glob("*.service"):
        said = dict(re.findall(r"^Environment=(STEELYARD_\w+)=(\S+)", unit.read_text(), re.M))
        assert said and unknown_variables(said) == {}
