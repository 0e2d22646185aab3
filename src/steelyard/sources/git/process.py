"""Runs git: never through a shell, never over the network, never touching the repository.

The caller's GIT_* variables, the repository's hooks, aliases, pagers, external diffs and replaced
objects have no say in what comes out.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from steelyard.errors import (
    BadFile,
    ConfigError,
    SourceChanged,
    SourceDenied,
    SourceError,
    SteelyardError,
)

BLOCK = 1 << 20
# Git's own words (LC_ALL=C), the error they mean, and what to do.
REFUSALS: tuple[tuple[str, type[SteelyardError], str, str], ...] = (
    (
        r"dubious ownership|unsafe repository",
        SourceDenied,
        "Git refuses {path}: it belongs to another user.",
        "As the user Steelyard runs as: git config --global --add safe.directory {path}",
    ),
    (
        r"not a git repository",
        BadFile,
        "{path} is not a git repository.",
        "Give a clone, a worktree or a bare repository, or a folder that holds some.",
    ),
    (
        r"transport '.*' not allowed|promisor remote|could not fetch",
        SourceError,
        "{path} is a partial clone, and objects that are needed are not in it.",
        "Clone it without --filter, or complete it: git fetch --refetch --no-filter",
    ),
    (
        r"unrecognized argument|unknown option|invalid option",
        ConfigError,
        "This git is too old: {said}.",
        "Install git 2.31 or newer.",
    ),
    (
        r"unknown repository extension|unknown hash algorithm|repo version",
        ConfigError,
        "This git cannot read {path}: {said}.",
        "Install a newer git where Steelyard runs.",
    ),
    (
        r"Permission denied",
        SourceDenied,
        "{path} cannot be read: {said}.",
        "Give the user Steelyard runs as the right to read it.",
    ),
)
# Settings that a repository or a user may have, and that would change what is read.
SETTINGS = (
    *("-c", "core.bare=true"),  # one behaviour for clones, worktrees and bare repositories
    *("-c", "core.quotePath=false"),
    *("-c", "core.bigFileThreshold=32m"),  # larger files are binary: their lines are not counted
    *("-c", "core.attributesFile="),
    *("-c", "log.showSignature=false"),
    *("-c", "log.showRoot=true"),
    *("-c", "mailmap.file="),
)


def environment() -> dict[str, str]:
    ours = {
        "LC_ALL": "C",
        "GIT_ALLOW_PROTOCOL": "none",  # no lazy fetches of a partial clone
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
    }
    return {k: v for k, v in os.environ.items() if not k.startswith("GIT_")} | ours


def command(git_dir: Path, *arguments: str) -> list[str]:
    ours = ("--no-pager", "--no-optional-locks", f"--git-dir={git_dir}", *SETTINGS)
    return ["git", *ours, *arguments]


def output(git_dir: Path, *arguments: str) -> str:
    """What git prints. Raises what `refusal` makes of it when it fails."""
    return ask(command(git_dir, *arguments), git_dir)


def ask(arguments: Sequence[str], path: Path) -> str:
    """Run one short git command to its end."""
    try:
        done = subprocess.run(  # noqa: S603 - a list, no shell
            arguments, env=environment(), capture_output=True
        )
    except FileNotFoundError:
        raise no_git() from None
    if done.returncode:
        raise refusal(done.stderr.decode("utf-8", "replace"), path)
    return done.stdout.decode("utf-8", "surrogateescape")


def answer(git_dir: Path, *arguments: str) -> str:
    """As `output` without the last newline; '' when git says no, as to a name it does not know."""
    try:
        return output(git_dir, *arguments).strip()
    except SourceChanged:  # what is refused for a known reason stays an error
        return ""


def lines(git_dir: Path, *arguments: str) -> Iterator[str]:
    """What git prints, line by line as it comes."""
    with started(git_dir, arguments) as process:
        assert process.stdout is not None
        for line in process.stdout:
            yield line.decode().rstrip("\n")


@contextmanager
def started(
    git_dir: Path, arguments: Sequence[str], given: str = ""
) -> Iterator[subprocess.Popen[bytes]]:
    """A running git whose output is read by the caller; ended when the caller leaves early.

    `given` goes to its standard input whole. Raises when git fails, once all output was read.
    """
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as asked:
        asked.write(given.encode())
        asked.seek(0)
        try:
            process = subprocess.Popen(  # noqa: S603 - a list, no shell
                command(git_dir, *arguments),
                env=environment(),
                stdin=asked,
                stdout=subprocess.PIPE,
                stderr=said,
            )
        except FileNotFoundError:
            raise no_git() from None
        with process:
            try:
                yield process
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            said.seek(0)
            raise refusal(said.read(BLOCK).decode("utf-8", "replace"), git_dir)


def no_git() -> ConfigError:
    return ConfigError("There is no git.", "Install git 2.31 or newer where Steelyard runs.")


def refusal(said: str, path: Path) -> SteelyardError:
    """The error behind git's words; only its first complaint is quoted."""
    complaints = [line for line in said.splitlines() if line.startswith(("fatal:", "error:"))]
    first = (complaints or said.splitlines() or ["it does not say why"])[0]
    first = first.removeprefix("fatal: ").removeprefix("error: ").rstrip(".")
    for words, error, message, hint in REFUSALS:
        if re.search(words, said, re.IGNORECASE):
            return error(message.format(path=path, said=first), hint.format(path=path))
    return SourceChanged(
        f"Git could not read {path}: {first}.", "Try `git fsck` there; nothing was lost here."
    )
