"""Finds repositories on disk and says what is to be read of one: its name, branch and mailmap."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from steelyard.errors import BadFile
from steelyard.model import repository as spelled
from steelyard.sources.git.process import answer, ask, output

DEEPEST = 4  # folders below the one named
_MAPPED = re.compile(r"^[^<#]*<([^<>]+)>[^<]*<([^<>]+)>")


@dataclass(frozen=True)
class Repository:
    """One repository: the folder that was named, and where git keeps its data."""

    folder: Path
    git_dir: Path

    def name(self) -> str:
        """As telemetry names it, from its remote; the folder's name when that is none or local."""
        url = answer(self.git_dir, "config", "--get", "remote.origin.url")
        named = spelled(url)
        remote = "/" in named and not named.startswith(("/", ".", "~")) and "file://" not in url
        return named if remote else self.folder.name.removesuffix(".git")

    def branch(self, wanted: str = "") -> str:
        """The full name of the ref to read: the remote's view of it where there is one.

        Raises BadFile for a branch that does not exist; '' for a repository without commits.
        """
        remote_head = self._symbolic("refs/remotes/origin/HEAD")
        head = self._symbolic("HEAD").removeprefix("refs/heads/")
        name = wanted or head
        refs = [f"{place}{name}" for place in ("refs/remotes/origin/", "refs/heads/") if name]
        refs = [*refs, wanted] if wanted else [*filter(None, [remote_head]), *refs, "HEAD"]
        for ref in refs:
            if self.commit(ref):
                return ref
        if not wanted:
            return ""
        known = self.branches()
        raise BadFile(
            f"{self.folder} has no branch {wanted}.",
            f"It has {', '.join(known[:10])}." if known else "It has no branches yet.",
        )

    def branches(self) -> list[str]:
        said = output(
            self.git_dir, "for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/remotes"
        )
        return said.split()

    def commit(self, name: str) -> str:
        """The SHA of a commit by any of its names; '' if it is not here."""
        return answer(self.git_dir, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")

    def shallow(self) -> frozenset[str]:
        """Commits whose parents were not cloned: what they changed is not known."""
        path = Path(output(self.git_dir, "rev-parse", "--git-path", "shallow").rstrip("\n"))
        return frozenset(path.read_text().split()) if path.is_file() else frozenset()

    def is_partial(self) -> bool:
        return bool(answer(self.git_dir, "config", "--get-regexp", r"remote\..*\.promisor"))

    def mailmap(self, tip: str) -> str:
        """The blob of the branch's `.mailmap`, '' without one."""
        return answer(self.git_dir, "rev-parse", "--verify", "--quiet", f"{tip}:.mailmap")

    def aliases(self, tip: str) -> dict[str, str]:
        """Addresses that `.mailmap` gives to one other address, and no more than one."""
        blob = self.mailmap(tip)
        found: dict[str, set[str]] = defaultdict(set)
        for line in output(self.git_dir, "cat-file", "blob", blob).splitlines() if blob else ():
            if mapped := _MAPPED.match(line):
                found[mapped[2].strip().lower()].add(mapped[1].strip().lower())
        return {
            alias: canonical.pop()
            for alias, canonical in found.items()
            if len(canonical) == 1 and alias not in canonical
        }

    def _symbolic(self, name: str) -> str:
        return answer(self.git_dir, "symbolic-ref", "--quiet", name)


def find(path: Path) -> list[Repository]:
    """The repository at a path, or all of those in the folder. Raises BadFile without any."""
    path = path.expanduser().absolute()
    if not path.is_dir():
        raise BadFile(f"There is no folder {path}.", "Name a clone or a folder that holds some.")
    if _looks_like_one(path):
        return [opened(path)]
    found = [opened(folder) for folder in _below(path, DEEPEST)]
    return found or [opened(path)]  # git looks further up, or says that there is none


def opened(folder: Path) -> Repository:
    """Raises what git says of a folder: no repository, or one it refuses to read."""
    asked = ["git", "-C", str(folder), "rev-parse", "--absolute-git-dir"]
    return Repository(folder, Path(ask(asked, folder).rstrip("\n")))


def _below(folder: Path, depth: int) -> Iterator[Path]:
    if not os.access(folder, os.R_OK | os.X_OK):
        return
    for child in sorted(folder.iterdir()):
        if child.is_symlink() or not child.is_dir():
            continue
        if _looks_like_one(child):
            yield child
        elif depth > 1 and not child.name.startswith("."):
            yield from _below(child, depth - 1)


def _looks_like_one(folder: Path) -> bool:
    bare = all((folder / name).exists() for name in ("HEAD", "objects", "refs"))
    return bare or (folder / ".git").exists()
