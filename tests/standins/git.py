"""Real repositories, made by git itself in a folder of the test: nobody's settings, given times."""

from __future__ import annotations

import datetime as dt
import os
import random
import subprocess
from pathlib import Path

START = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
ADA = "Ada Lovelace <ada@acme.test>"
BOB = "Bob Stone <bob@acme.test>"


class Repo:
    """A repository with a working tree. The clock stands unless it is moved."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self.now, self.author = folder, START, ADA
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main", *options)

    def git(self, *arguments: str, given: str | bytes = "") -> str:
        name, _, email = self.author.partition(" <")
        stamp = f"@{int(self.now.timestamp())} +0100"
        env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")} | {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "protocol.file.allow",
            "GIT_CONFIG_VALUE_0": "always",
            "GIT_AUTHOR_NAME": name,
            "GIT_AUTHOR_EMAIL": email.rstrip(">"),
            "GIT_COMMITTER_NAME": name,
            "GIT_COMMITTER_EMAIL": email.rstrip(">"),
            "GIT_AUTHOR_DATE": stamp,
            "GIT_COMMITTER_DATE": stamp,
        }
        data = given.encode() if isinstance(given, str) else given
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, env=env, input=data, capture_output=True
        )
        if done.returncode:
            raise AssertionError(done.stderr.decode() + done.stdout.decode())
        return done.stdout.decode("utf-8", "replace").strip()

    def later(self, **time: float) -> Repo:
        self.now += dt.timedelta(**time)
        return self

    def write(self, path: str, content: str | bytes) -> Repo:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return self

    def commit(self, message: str = "work", author: str = "", **files: str) -> str:
        """Commit everything, after writing `files` (a `_` in a name stands for a dot)."""
        before, self.author = self.author, author or self.author
        for name, content in files.items():
            self.write(name.replace("_", "."), content)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-F", "-", given=message)
        self.author = before
        return self.head()

    def head(self, name: str = "HEAD") -> str:
        return self.git("rev-parse", name)

    def merge(self, branch: str) -> str:
        self.git("merge", "-q", "--no-ff", "-m", f"Merge {branch}", branch)
        return self.head()

    def merge_if_clean(self, branch: str) -> None:
        """Conflicts are somebody's new work: without them every line has one writer."""
        try:
            self.merge(branch)
        except AssertionError:
            self.git("merge", "--abort")


def numbered(*ranges: tuple[str, int]) -> str:
    """Lines nobody else has: numbered(("a", 3)) is a1, a2, a3."""
    return "".join(f"{name} {i}\n" for name, count in ranges for i in range(count))


def wild(folder: Path, seed: int, commits: int = 24) -> Repo:
    """A random history: edits all over, renames, deletions, branches that live on, merges of the
    default branch into them, and one commit every few days. Every line is unlike any other.
    """
    rng, repo = random.Random(seed), Repo(folder)
    repo.commit("start", a_txt=numbered(("a", 30)), b_txt=numbered(("b", 30)))
    branches: list[str] = []
    for number in range(commits):
        repo.later(hours=rng.randrange(1, 120))
        _on_a_branch(repo, rng, branches, number)
        _edit(repo, rng, number)
        repo.commit(f"edit {number}")
        if branches and rng.random() < 0.3:
            repo.git("checkout", "-q", "main")
            repo.later(hours=1).merge_if_clean(rng.choice(branches))
    repo.git("checkout", "-q", "main")
    return repo


def _on_a_branch(repo: Repo, rng: random.Random, branches: list[str], number: int) -> None:
    """Go on on a new branch, an old one, or the default one."""
    kind = rng.random()
    if kind < 0.25:
        branches.append(f"topic{number}")
        repo.git("checkout", "-q", "-b", branches[-1], "main")
    elif kind < 0.5 and branches:
        repo.git("checkout", "-q", rng.choice(branches))
        if rng.random() < 0.3:
            repo.merge_if_clean("main")
    elif kind < 0.8:
        repo.git("checkout", "-q", "main")


def _edit(repo: Repo, rng: random.Random, number: int) -> None:
    files = sorted(repo.folder.glob("*.txt"))
    for file in rng.sample(files, min(len(files), rng.randrange(1, 3))):
        content = file.read_text().splitlines(keepends=True)
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(content) + 1)
            new = [f"{number} {rng.getrandbits(64)}\n" for _ in range(rng.randrange(4))]
            content[at : at + rng.randrange(4)] = new
        file.write_text("".join(content))
    if rng.random() < 0.1:
        repo.write(f"new{number}.txt", numbered((f"new{number}", 12)))
    if rng.random() < 0.1 and len(files) > 1:
        files[0].rename(repo.folder / f"moved{number}.txt")
