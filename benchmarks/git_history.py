"""Reads a long git history beside Perceval (CHAOSS), in the same run.

    python -m benchmarks.git_history [--commits 50000] [--repeat 2] [--path REPO] [--keep DIR]
                                      [--perceval VENV] [--no-peer]

The history is made up and deterministic: files of some hundred lines, one to four of them touched
by a commit, a quarter of the work on branches that are merged, issue keys and trailers in messages;
packed as `git gc` leaves it. With `--path` a real repository is read instead, its default branch.

What each does:
  steelyard            author, dates, parents, marks of the message, lines added and deleted and
                       files of every commit (renames found), as Arrow tables ready to be stored
  steelyard + rework   the same, and follows every merged line for 21 days; merges are diffed, too
  perceval             as it comes: `git log --raw --numstat -M -C -c`, each commit as JSON with its
                       files' lines; -C and -c look for copies and into merges
  perceval, as we ask  the same without -C and -c, so that git does the work it does for us

Perceval reads all branches and tags; the made-up history has one. Files are warm in the page cache.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path

from benchmarks import machine
from benchmarks.transcripts import Run, best, measure

PEER = "perceval==1.6.1"
START = 1_577_872_800  # 2020-01-01
PEOPLE = [f"Person {i} <person{i}@acme.test>" for i in range(60)]
WORDS = ("read", "write", "keep", "count", "match", "order", "price", "token", "queue", "cache")
CLAUDE = "\n\nCo-Authored-By: Claude <noreply@anthropic.com>"
LEAN = (
    "from perceval.backends.core.git import GitRepository as R\n"
    "R.GIT_PRETTY_OUTPUT_OPTS = [o for o in R.GIT_PRETTY_OUTPUT_OPTS if o not in ('-C', '-c')]\n"
    "from perceval.perceval import main\nmain()\n"
)


class Author:
    """Writes a history in the language of `git fast-import`."""

    def __init__(self, commits: int) -> None:
        self.rng, self.commits = random.Random(20260302), commits
        self.files: dict[str, list[str]] = {}
        self.mark, self.time = 0, START
        self.pending: set[str] = set()  # changed since the last merge

    def stream(self) -> Iterator[bytes]:
        main = yield from self.commit(None, [self.new_file() for _ in range(300)])
        while self.mark < self.commits:
            if self.rng.random() < 0.75:
                main = yield from self.commit(main, self.edits())
                continue
            branch = main
            for _ in range(self.rng.randrange(1, 6)):
                branch = yield from self.commit(branch, self.edits())
            main = yield from self.commit(branch, [], first=main)

    def commit(
        self, parent: int | None, changes: list[str], first: int | None = None
    ) -> Iterator[bytes]:
        """A commit on `parent`; with `first`, a merge of `parent` into it that takes its files."""
        self.mark += 1
        self.time += self.rng.randrange(60, 3000)
        who = f"{self.rng.choice(PEOPLE)} {self.time} +0100"
        message = self.message(first is not None).encode()
        lines = [f"commit refs/heads/main\nmark :{self.mark}\nauthor {who}\ncommitter {who}\n"]
        lines.append(f"data {len(message)}\n")
        yield "".join(lines).encode() + message
        if first is not None:
            yield f"\nfrom :{first}\nmerge :{parent}\n".encode()
            changes = sorted(self.pending)
        elif parent is not None:
            yield f"\nfrom :{parent}\n".encode()
        for path in changes:
            data = "".join(self.files[path]).encode()
            yield f"M 100644 inline {path}\ndata {len(data)}\n".encode() + data + b"\n"
        self.pending = set() if first is not None else self.pending | set(changes)
        return self.mark

    def message(self, merge: bool) -> str:
        words = " ".join(self.rng.choices(WORDS, k=6))
        if merge:
            return f"Merge pull request #{self.mark} from acme/topic"
        key = f"PAY-{self.rng.randrange(1, 5000)} " if self.rng.random() < 0.6 else ""
        return f"{key}{words}{CLAUDE if self.rng.random() < 0.3 else ''}"

    def new_file(self) -> str:
        path = f"src/part{self.rng.randrange(30)}/file{len(self.files)}.py"
        size = int(min(self.rng.lognormvariate(5.0, 0.9), 3000)) + 5
        self.files[path] = [self.line() for _ in range(size)]
        return path

    def edits(self) -> list[str]:
        paths = self.rng.sample(list(self.files), self.rng.choice((1, 1, 2, 2, 3, 4)))
        for path in paths:
            content = self.files[path]
            for _ in range(self.rng.choice((1, 1, 2, 3))):
                at = self.rng.randrange(len(content) + 1)
                size = int(self.rng.lognormvariate(1.2, 1))
                content[at : at + size] = [self.line() for _ in range(int(size * 1.05))]
        if self.rng.random() < 0.03:
            paths.append(self.new_file())
        return paths

    def line(self) -> str:
        rng = self.rng
        return f"{'    ' * rng.randrange(4)}{rng.choice(WORDS)}({rng.getrandbits(40)})\n"


def make(folder: Path, commits: int) -> None:
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(folder)], check=True)
    command = ["git", "-C", str(folder), "fast-import", "--quiet"]
    writer = subprocess.Popen(command, stdin=subprocess.PIPE)
    assert writer.stdin
    for part in Author(commits).stream():
        writer.stdin.write(part)
    writer.stdin.close()
    if writer.wait():
        sys.exit("fast-import failed")
    subprocess.run(["git", "-C", str(folder), "gc", "-q"], check=True)


def ours(path: Path, rework: bool) -> None:
    """Read everything as a sync does, up to the tables that are stored; say what there was."""
    import datetime as dt

    from steelyard.sources.git.source import Git
    from steelyard.sources.network import Network
    from steelyard.sources.tables import to_tables

    source = Git(Git.Options(path=str(path), rework=rework), Network())
    totals = {"commits": 0, "additions": 0}
    for page in source.streams()[0].pages(None, dt.datetime.now(dt.UTC)):
        tables = to_tables(page.records)
        if "commits" in tables:
            added = tables["commits"]["additions"].drop_null().to_pylist()
            totals["commits"] += tables["commits"].num_rows
            totals["additions"] += sum(added)
    print(totals["commits"], totals["additions"])


def peer(place: Path | None, scratch: Path) -> Path:
    """The Python of a virtual environment that has Perceval in it, and nothing of ours."""
    if place is None:
        place = scratch / "perceval"
        venv.create(place, with_pip=True)
        subprocess.run([place / "bin" / "pip", "install", "-q", PEER], check=True)
    return place / "bin" / "python"


def report(name: str, run: Run, commits: int, peers: list[Run]) -> None:
    ratios = "".join(f"   {other.wall / run.wall:5.1f}× wall" for other in peers)
    cpu = "".join(f" {other.cpu / run.cpu:5.1f}× CPU" for other in peers)
    print(
        f"{name:20} {commits / run.wall:9,.0f} commits/s   wall {run.wall:7.2f} s"
        f"   CPU {run.cpu:7.2f} s   peak {run.peak_mb:5.0f} MB{ratios}{cpu}"
    )


def run(path: Path, scratch: Path, options: argparse.Namespace) -> None:
    """All by turns, `--repeat` times; the fastest run of each counts."""
    mine = [sys.executable, "-m", "benchmarks.git_history", "--read", str(path)]
    commands = {"steelyard": mine, "steelyard + rework": [*mine, "--rework"]}
    if not options.no_peer:
        python = str(peer(options.perceval, scratch))
        rest = ["git", "--git-path", str(path), "x", "--no-update", "-o", os.devnull]
        commands["perceval, as we ask"] = [python, "-c", LEAN, *rest]
        if not options.no_copies:
            commands["perceval"] = [
                python,
                "-c",
                "from perceval.perceval import main\nmain()",
                *rest,
            ]
    # Compiled modules are kept between runs, as they are where programs are installed.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(options.repeat):
        for name, command in commands.items():
            runs[name].append(measure(command, environment))
    commits, additions = map(int, runs["steelyard"][0].output.split())
    print(f"{commits:,} commits, {additions:,} lines added")
    peers = [best(runs[name]) for name in commands if name.startswith("perceval")]
    for name in commands:
        report(name, best(runs[name]), commits, [] if name.startswith("perceval") else peers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--commits", type=int, default=50_000)
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--path", type=Path, help="a bare repository to read instead")
    parser.add_argument("--keep", type=Path, help="keep the history here, or take what is there")
    parser.add_argument("--perceval", type=Path, help="a virtual environment that has it already")
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--no-copies", action="store_true", help="not Perceval as it comes: slow")
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--rework", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        ours(options.read, options.rework)
        return
    print(machine.facts())
    with tempfile.TemporaryDirectory() as scratch:
        path = options.path or (options.keep or Path(scratch)) / "history.git"
        if not path.is_dir():
            make(path, options.commits)
        run(path, Path(scratch), options)


if __name__ == "__main__":
    main()
