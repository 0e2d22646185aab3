"""Two nodes with a state in common read a source together and are killed again and again: every
page is read, none by both, and the one that lives goes on where the other died."""

from __future__ import annotations

import datetime as dt
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.app.toys import ToyWorld, toy
from tests.postgres import Postgres

from steelyard.receiver.inbox import Inbox
from steelyard.sources.registry import check_options
from steelyard.state.database import open_state
from steelyard.state.sources import Sources

__all__ = ["toy"]
HOUR = dt.timedelta(hours=1)
ISSUES, PAGE = 300, 2
ROUNDS = 2
_READ = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from steelyard.app.schedule import read_sources
from steelyard.config import load_settings
read_sources(load_settings(Path(sys.argv[1]), state=sys.argv[2]), ["toy"], ((), ()))
"""


@pytest.mark.slow
def test_two_killed_nodes_read_every_page_and_none_at_once(
    tmp_path: Path, toy: ToyWorld, postgres: Postgres
) -> None:
    url, chance = postgres.database(), random.Random(5)
    sources = Sources(open_state(url))
    toy.issues = [{"key": f"T-{n}", "status": "open"} for n in range(ISSUES)]
    toy.people = {}
    toy.say()
    options = check_options("toy", {"path": str(toy.file), "size": str(PAGE)})
    sources.add("toy", "toy", options, every=HOUR)
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()

    def start(folder: Path) -> subprocess.Popen[bytes]:
        words = [sys.executable, "-c", _READ, folder, url, tmp_path / "site"]
        return subprocess.Popen(words)

    kills = 0
    for n in range(ROUNDS):
        nodes = [start(folder) for folder in folders]
        before = sources.stream("toy", "issues").cursor
        deadline = time.monotonic() + 30
        while sources.stream("toy", "issues").cursor == before and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.1))
        for node in nodes[:: 1 if n % 2 else -1]:
            kills += node.poll() is None
            node.kill()
            node.wait()
    assert kills >= ROUNDS, "they were at it"
    assert sources.stream("toy", "issues").succeeded is None, "and not done before the last kill"
    nodes = [start(folder) for folder in folders]
    assert [node.wait(60) for node in nodes] == [0, 0]
    read = sources.stream("toy", "issues")
    assert (read.cursor, read.records, read.problem) == (str(ISSUES), ISSUES, None)
    assert read.succeeded is not None and read.pass_began is None
    pages = 0
    for folder in folders:
        inbox = Inbox(folder / "inbox.db")
        pages += inbox.status().received
        inbox.close()
    ends = 2  # one body says that the people were read whole
    assert ISSUES // PAGE <= pages <= ISSUES // PAGE + kills + ends
