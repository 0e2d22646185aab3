"""A node of test_leases: does jobs one after the other while it has the lease, until all are done.

Usage: lease_worker.py STATE_URL FOLDER JOBS
"""

from __future__ import annotations

import fcntl
import sys
import time
from datetime import timedelta
from pathlib import Path

from steelyard.state.database import open_state
from steelyard.state.leases import Lease, Leases
from steelyard.state.sources import Sources, StreamState

LIFE = timedelta(seconds=1)
TURN = 5  # jobs in one holding


def main(url: str, folder: Path, jobs: int) -> None:
    state = open_state(url)
    done = 0
    while done < jobs:
        with Leases(state, LIFE).held("count") as lease:
            if lease is not None:
                done = work(Sources(state).under(lease), lease, folder, jobs)
        time.sleep(0.01)


def work(sources: Sources, lease: Lease, folder: Path, jobs: int) -> int:
    with (folder / "lock").open("w") as lock, (folder / "done").open("a") as log:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            (folder / "overlap").write_text(str(lease))
            raise
        done = int(sources.stream("count", "jobs").cursor or 0)
        for number in range(done + 1, min(done + TURN, jobs) + 1):
            print(number, file=log, flush=True)
            time.sleep(0.02)  # killed here, the job is done again
            sources.save("count", StreamState("jobs", str(number)))
            done = number
    return done


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
