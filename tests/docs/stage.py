"""Where the documentation's commands are run: a demo company, and the files that pages mention.

Nothing leaves the machine: systems elsewhere are refused at a proxy that is not there.
"""

from __future__ import annotations

import csv
import io
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from steelyard.app import demo
from steelyard.sources.network import Http
from tests.demo.company import demo_house

NOWHERE = "http://127.0.0.1:9"  # the discard port: refused at once
SECRETS = (
    "GITHUB_TOKEN",
    "JIRA_TOKEN",
    "GRAPH_SECRET",
    "OKTA_TOKEN",
    "OIDC_SECRET",
    "CLICKHOUSE_PASSWORD",
)
ELSEWHERE = re.compile(r"(?<=[\s:=])/(?:mnt|backup|run)/(?:[\w.-]+/)*(?=[\w.-]+(?:\s|$))")


def build(folder: Path) -> Path:
    """The demo company in `data`, and beside it every file a page names."""
    demo_house(folder, people=12, weeks=10).house.close()
    _panels(folder)
    _studies(folder)
    _clone(folder / "home" / "src" / "app")
    for home in ("dana", "collected"):
        (folder / home / ".claude" / "projects").mkdir(parents=True)
    for secret in ("tempo", "okta.jwk"):
        (folder / secret).write_text("secret\n")
    return folder


def enter(built: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy the stage and make it the surroundings of a reader."""
    shutil.copytree(built, folder, symlinks=True)
    for name in [name for name in os.environ if name.startswith("STEELYARD_")]:
        monkeypatch.delenv(name)
    home = folder / "home"
    said = dict.fromkeys(SECRETS, "not-a-real-secret")
    said |= dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), NOWHERE)
    said |= {"NO_PROXY": "127.0.0.1"}  # a server here is asked whether it is ready
    said |= {"HOME": str(home), "XDG_DATA_HOME": str(home / ".data"), "COLUMNS": "100"}
    said |= {"XDG_CONFIG_HOME": str(home / ".config"), "STEELYARD_DATA": str(folder / "data")}
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "stdin", io.StringIO())  # nobody types
    monkeypatch.setattr(demo, "load", lambda *_: None)  # the stage has one, tests/demo load more
    monkeypatch.setattr(Http, "_wait", lambda *_: 0.0)  # nothing comes of waiting here
    return folder


def here(line: str) -> str:
    """The line with folders of other machines here."""
    return ELSEWHERE.sub("./", line)


def _panels(folder: Path) -> None:
    drawn = random.Random(5)
    weeks = [
        {
            "dev": f"d{d}",
            "developer": f"d{d}",
            "team": f"t{d // 5}",
            "week": w,
            "prs": drawn.randrange(6),
            "adopted": first,
            "first": first,
            "first_week": first,
            "level": ("junior", "senior")[d % 2],
        }
        for d in range(60)
        for first in ("" if d % 2 else 14,)
        for w in range(1, 27)
    ]
    for name in ("weeks.csv", "w.csv"):
        _write(folder / name, weeks)
    tasks = [
        {
            "dev": f"d{n % 8}",
            "developer": f"d{n % 8}",
            "ai": n % 2,
            "ai_allowed": n % 2,
            "hours": round(drawn.lognormvariate(0.5, 0.6), 2),
            "minutes": drawn.randrange(20, 400),
            "forecast": drawn.randrange(20, 400),
        }
        for n in range(160)
    ]
    _write(folder / "tasks.csv", tasks)
    _write(
        folder / "units.csv",
        [
            {
                "id": n,
                "ai": int(drawn.random() < 0.4),
                "age": drawn.randrange(22, 60),
                "velocity": round(drawn.gauss(3, 1), 2),
                "level": ("junior", "senior")[n % 2],
                "domain": ("backend", "frontend")[n // 2 % 2],
            }
            for n in range(80)
        ],
    )


def _studies(folder: Path) -> None:
    times = range(-4, 6)
    _write(folder / "effects.csv", [{"time": t, "estimate": 0.01 * t, "se": 0.02} for t in times])
    _write(
        folder / "sigma.csv", [{f"t{b}": 0.0004 if a == b else 0.0 for b in times} for a in times]
    )
    _write(
        folder / "studies.csv",
        [
            {"site": name, "log_ratio": effect, "se": 0.05}
            for name, effect in (("berlin", 0.05), ("lisbon", 0.11), ("pune", -0.02))
        ],
    )


def _write(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    found = list(rows)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, found[0])
        writer.writeheader()
        writer.writerows(found)


def _clone(folder: Path) -> None:
    """A repository with one commit."""
    folder.mkdir(parents=True)
    said = ["-c", "user.email=ada@example.com", "-c", "user.name=Ada"]
    (folder / "main.py").write_text("print(1)\n")
    for words in (["init", "-q"], ["add", "."], [*said, "commit", "-qm", "first"]):
        subprocess.run(["git", *words], cwd=folder, check=True, env=os.environ)
