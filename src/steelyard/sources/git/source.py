"""Git repositories on disk as a source: a stream for each, options, and what `source test` says."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import Field

from steelyard.errors import SteelyardError
from steelyard.sources.contract import Check, Options, Page, Pages, Source, Stream
from steelyard.sources.git import notes
from steelyard.sources.git.history import History
from steelyard.sources.git.process import ask
from steelyard.sources.git.repository import Repository, find

OLDEST_GIT = (2, 31)


class GitOptions(Options):
    """Where the repositories are, and what to read of them."""

    path: str = Field(
        description="A clone, worktree or bare repository, or a folder that holds several"
    )
    repo: str = Field(
        "",
        description="Its name, as in telemetry: github.com/acme/app. Without it, from the remote"
        " `origin`, else the folder's. Of several repositories, what stands before their folders'"
        " names.",
    )
    branch: str = Field("", description="The branch to read; without it, the default branch")
    since: dt.date | None = Field(
        None, description="The first day to read; without it, the whole history"
    )
    rework: bool = Field(True, description="Whether to follow what becomes of merged lines")


class Git(Source):
    kind = "git"
    title = "Git"
    Options = GitOptions

    def streams(self) -> Sequence[Stream]:
        """One for each repository. What cannot be found is said when it is read."""
        try:
            found = find(self._path())
        except SteelyardError:
            return [_stream("history", self._found_later)]
        if len(found) == 1:
            return [_stream("history", self._history(found[0]).pages)]
        return [_stream(self._place(one), self._history(one, several=True).pages) for one in found]

    def check(self) -> Iterator[Check]:
        try:
            yield _version(ask(["git", "--version"], self._path()).strip())
            found = find(self._path())
        except SteelyardError as error:
            yield Check("Git reads it", False, error.message, error.hint)
            return
        for repository in found:
            yield from self._check(repository, len(found) > 1)

    def _path(self) -> Path:
        return Path(self.options.path).expanduser().absolute()

    def _place(self, repository: Repository) -> str:
        return f"history:{repository.folder.relative_to(self._path()).as_posix()}"

    def _found_later(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        yield from self._history(find(self._path())[0]).pages(cursor, now)

    def _history(self, repository: Repository, several: bool = False) -> History:
        options = self.options
        name = self._name(repository, several)
        return History(repository, name, options.branch, options.since, options.rework)

    def _name(self, repository: Repository, several: bool) -> str:
        given: str = self.options.repo.strip("/")
        if not given:
            return repository.name()
        return f"{given}/{repository.folder.name.removesuffix('.git')}" if several else given

    def _check(self, repository: Repository, several: bool) -> Iterator[Check]:
        name = self._name(repository, several)
        try:
            ref = repository.branch(self.options.branch)
        except SteelyardError as error:
            yield Check(name, False, error.message, error.hint)
            return
        yield Check(name, True, f"Its branch is {ref}." if ref else "It has no commits yet.")
        if repository.shallow():
            hint = "Run git fetch --unshallow there."
            yield Check(f"{name} is whole", False, "It is a shallow clone.", hint)
        if repository.is_partial():
            detail = "It is a partial clone: contents may be missing."
            hint = "Run git fetch --refetch --no-filter there."
            yield Check(f"{name} is whole", False, detail, hint)
        if not repository.commit(notes.REF):
            hint = f"If you use git-ai: git fetch origin {notes.REF}:{notes.REF}"
            yield Check(f"{name} has authorship notes", True, "None; they are optional.", hint)


def _stream(name: str, pages: Pages) -> Stream:
    return Stream(name, pages, ("commits", "rework", "accounts"))


def _version(said: str) -> Check:
    number = re.search(r"(\d+)\.(\d+)", said)
    new = number is not None and (int(number[1]), int(number[2])) >= OLDEST_GIT
    hint = "" if new else "Install git 2.31 or newer where Steelyard runs."
    return Check("git is new enough", new, said, hint)
