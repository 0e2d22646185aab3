"""What an analysis of 5,000 developers over 52 weeks costs: CPU, wall and memory, start included.

    python -m benchmarks.impact_speed [--developers 5000] [--weeks 52] [--whole]

Each figure is of a process of its own: the command line from a CSV file, then every estimator of
waves alone from the same file, then pyfixest's on the same panel where it is installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from benchmarks import machine
from benchmarks.organisation import CALM, Rollout, count_panel, simulate, world
from benchmarks.organisation_work import write

WAVES = Rollout("waves", (16, 26, 36), 0.75, effect=0.1, form="ramp")
COLUMNS = {"unit": "developer", "time": "week", "outcome": "outcome", "adopted": "adopted"}
ESTIMATORS = ("poisson_imputation", "imputation", "callaway_santanna", "twfe")
ALONE = """
import sys
from steelyard.cli.panel_file import read_table
from steelyard.impact.methods import method
from steelyard.impact.read import Columns, read_panel
from steelyard.impact.study import Study
names = dict(unit="developer", time="week", outcome="outcome", adopted="adopted", cluster="team")
panel = read_panel(read_table(sys.argv[1]), Columns(**names), "count")
print(method(sys.argv[2]).run(panel, Study(design="waves")).effect_pct)
"""
PEER = """
import sys
import pandas as pd
import pyfixest as pf
table = pd.read_csv(sys.argv[1])
table["treated"] = (table["week"] >= table["adopted"].fillna("9999")).astype(int)
fit = getattr(pf, sys.argv[2])(
    "outcome ~ treated | developer + week", table, vcov={"CRV1": "team"},
    ssc=pf.ssc(k_fixef="none"),
)
print(fit.coef()["treated"])
"""


def main() -> None:
    options = arguments()
    print(machine.facts())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "panel.csv"
        with ProcessPoolExecutor(1) as aside:  # a child's peak begins with what its parent holds
            aside.submit(make, options.developers, options.weeks, path).result()
        size = path.stat().st_size / 1e6
        print(f"{options.developers:,} developers × {options.weeks} weeks: {size:.1f} MB of CSV")
        print(f"{'':34} {'CPU s':>7} {'wall s':>7} {'MB':>6}")
        told("steelyard impact analyze, everything", [*analyze(path)])
        if not options.whole:
            for name in ESTIMATORS:
                told(f"{name} alone", [sys.executable, "-c", ALONE, str(path), name])
            if importlib.util.find_spec("pyfixest"):
                for name in ("fepois", "feols"):
                    told(f"pyfixest {name}", [sys.executable, "-c", PEER, str(path), name])


def make(developers: int, weeks: int, path: Path) -> None:
    """Write the panel of an organisation in teams of ten, three quarters of them in three waves."""
    rng = np.random.default_rng(1)
    people = world(CALM, developers // 10, 10, weeks, rng)
    drawn = simulate(people, WAVES, rng)
    write(drawn, count_panel(drawn), path)


def analyze(path: Path) -> list[str]:
    """The command line of the whole analysis."""
    said = [word for name, column in COLUMNS.items() for word in (f"--{name}", column)]
    said += ["--design", "waves", "--cluster", "team", "--format", "json"]
    start = "from steelyard.cli.main import run; run()"
    return [sys.executable, "-c", start, "impact", "analyze", "--panel", str(path), *said]


def told(words: str, command: list[str]) -> None:
    """Runs a command and prints its CPU seconds, wall seconds and peak resident memory."""
    begun = time.monotonic()
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stderr
        errors = child.stderr.read()
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - begun
    if child.returncode:
        print(f"{words:34} failed: {errors.strip().splitlines()[-1]}")
        return
    cpu, memory = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
    print(f"{words:34} {cpu:7.1f} {wall:7.1f} {memory:6.0f}", flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--developers", type=int, default=5000)
    parser.add_argument("--weeks", type=int, default=52)
    parser.add_argument("--whole", action="store_true", help="the whole analysis only")
    return parser.parse_args()


if __name__ == "__main__":
    main()
