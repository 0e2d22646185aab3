"""Leases: one holder at a time, also of nodes that are killed, sleep, or share nothing but this."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from steelyard.state.database import State, open_state
from steelyard.state.leases import Lease, LeaseLost, Leases, check
from steelyard.state.sources import Sources, StreamState

LONG, SHORT = timedelta(hours=1), timedelta(milliseconds=80)
ROUNDS = 8
JOBS = 60


def elsewhere(state: State, name: str) -> None:
    """As if a process of another machine had it."""
    with state.transaction() as connection:
        connection.exec_driver_sql(
            f"UPDATE leases SET holder = 'node-b:1@elsewhere' WHERE name = '{name}'"
        )


def test_one_has_it_until_it_is_released(state: State) -> None:
    leases = Leases(state)
    assert leases.holder("job") == ""
    first = leases.take("job")
    assert first == Lease("job", 1)
    assert leases.take("job") is None and leases.taken() == {"job"}
    assert leases.holder("job").endswith(f":{os.getpid()}")
    assert leases.take("other") == Lease("other", 1)
    leases.release(first)
    assert leases.taken() == {"other"}
    assert leases.take("job") == Lease("job", 2), "numbers only grow"


def test_what_is_not_renewed_runs_out_and_a_late_release_takes_nothing_away(state: State) -> None:
    slow = Leases(state, SHORT).take("job")
    assert slow is not None
    elsewhere(state, "job")
    leases, taken = Leases(state, LONG), None
    deadline = time.monotonic() + 10
    while taken is None and time.monotonic() < deadline:
        taken = leases.take("job")
    assert taken == Lease("job", 2)
    assert not leases.renew(slow)
    leases.release(slow)
    assert leases.take("job") is None
    assert leases.renew(taken)


def test_a_holder_outlives_its_lease_by_renewing(state: State) -> None:
    life = timedelta(seconds=2)
    with Leases(state, life).held("job") as lease:
        assert lease is not None
        elsewhere(state, "job")
        end = time.monotonic() + 1.2 * life.total_seconds()
        while time.monotonic() < end:
            assert Leases(state).take("job") is None
            time.sleep(0.1)
    assert Leases(state).take("job") == Lease("job", 2)


def test_a_block_without_the_lease_knows_it(state: State) -> None:
    with Leases(state).held("job"), Leases(state).held("job") as second:
        assert second is None


def test_whoever_slept_too_long_writes_nothing_more(state: State) -> None:
    slept = Leases(state).take("source git")
    assert slept is not None
    mine = Sources(state).under(slept)
    mine.save("git", StreamState("commits", "5"))
    with state.transaction() as connection:
        connection.exec_driver_sql("UPDATE leases SET until = 1")  # it ran out long ago
    mine.save("git", StreamState("commits", "6"))  # and nobody wanted it
    other = Leases(state).take("source git")
    assert other is not None
    Sources(state).under(other).save("git", StreamState("commits", "9"))
    for write in (
        lambda: mine.save("git", StreamState("commits", "7")),
        lambda: mine.drop_stream("git", "commits"),
    ):
        with pytest.raises(LeaseLost):
            write()
    assert Sources(state).stream("git", "commits").cursor == "9"
    with pytest.raises(LeaseLost), state.alone() as connection:
        check(connection, Lease("nobody's", 1))


def test_a_killed_process_of_this_machine_is_not_waited_for(state_url: str) -> None:
    script = (
        "import os, signal, sys; from steelyard.state.database import open_state;"
        "from steelyard.state.leases import Leases;"
        "assert Leases(open_state(sys.argv[1])).take('job');"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", script, state_url], timeout=60)
    assert done.returncode == -signal.SIGKILL
    leases = Leases(open_state(state_url), LONG)
    assert leases.taken() == frozenset()
    assert leases.take("job") == Lease("job", 2)


WORKER = Path(__file__).with_name("lease_worker.py")


@pytest.mark.slow
def test_two_nodes_killed_again_and_again_do_every_job_and_never_at_once(
    state_url: str, tmp_path: Path
) -> None:
    """Each node counts jobs up from where the state says; a lock that dies with its process tells
    whether both ever were at it."""
    open_state(state_url).close()
    chance = random.Random(7)

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, WORKER, state_url, tmp_path, str(JOBS)])

    nodes = [start(), start()]
    try:
        for n in range(ROUNDS):
            time.sleep(chance.uniform(0.2, 0.7))
            nodes[n % 2].kill()
            nodes[n % 2].wait()
            nodes[n % 2] = start()
        assert [node.wait(60) for node in nodes] == [0, 0]
    finally:
        for node in nodes:
            node.kill()
            node.wait()
    done = Counter(map(int, (tmp_path / "done").read_text().split()))
    assert set(done) == set(range(1, JOBS + 1)), "none is lost"
    assert sum(done.values()) - JOBS <= ROUNDS, "again only where a node died in the middle"
    assert not (tmp_path / "overlap").exists()
