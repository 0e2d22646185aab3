"""Stands for `docker compose` in the test of the smoke script: runs the service as a process here.

It reads the service's command, settings and secret from the compose file, so that a mistake there
is met, too.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import yaml

STEELYARD = [sys.executable, "-m", "steelyard"]


def main(words: list[str]) -> int:
    assert words[:3] == ["compose", "--project-name", "steelyard-smoke"] and words[3] == "-f"
    file, action, *rest = words[4:]
    folder = Path(os.environ["FAKE_ENGINE"])
    services = yaml.safe_load(Path(file).read_text())["services"]
    if action == "up":
        return up(services, folder)
    if action in ("kill", "down"):
        end(folder)
    if action == "exec":
        return inside(rest, folder)
    return 0


def up(services: dict[str, dict[str, object]], folder: Path) -> int:
    secrets = os.environ["STEELYARD_SECRETS"]
    for name in ("token", "steelyard"):
        said = services[name].get("command", ["serve"])
        assert isinstance(said, list)
        line = [*STEELYARD, *(word.replace("/run/secrets", secrets) for word in said)]
        if name == "token":
            subprocess.run(line, check=True)
        else:
            process = subprocess.Popen(line, start_new_session=True)
            (folder / "pid").write_text(str(process.pid))
    return 0


def end(folder: Path) -> None:
    file = folder / "pid"
    if file.exists():
        pid = int(file.read_text())
        os.killpg(pid, signal.SIGKILL)
        while Path(f"/proc/{pid}").exists() and "\nState:\tZ" not in _status(pid):
            time.sleep(0.05)
        file.unlink()


def _status(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return "\nState:\tZ"


def inside(rest: list[str], folder: Path) -> int:
    assert rest[:2] == ["-T", "steelyard"]
    program, *words = rest[2:]
    if program == "id":
        print(10001)
        return 0
    assert program == "steelyard"
    line = [word.replace("/backup", str(folder)) for word in words]
    return subprocess.run([*STEELYARD, *line]).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
