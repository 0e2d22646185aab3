"""Where session files lie: the assistants' own folders, or what the user points at.

Finds names only; which assistant wrote a file is told by its content.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from steelyard.errors import BadFile
from steelyard.sources.transcripts import claude_code, codex, gemini_cli

TOOLS = (claude_code, codex, gemini_cli)
CONFIG_FOLDERS = (".claude", ".config/claude", ".codex", ".gemini")
SESSION_FOLDERS = ("projects", "sessions", "archived_sessions", "tmp")


def find(
    path: Path | None, env: Mapping[str, str], unreadable: Callable[[OSError], None]
) -> list[Path]:
    """Session files below `path`, or below the assistants' folders of this user.

    `path` can be a file, a home folder, an assistant's own folder, or any folder of session files.
    Sub-agents' files come last, so that what they may replay has been seen. Raises BadFile.
    """
    if path is None:
        folders = default_folders(env)
    elif path.is_file():
        return [path.absolute()]
    elif path.is_dir():
        folders = _below(path.absolute())
    else:
        raise BadFile(f"{path} does not exist.", "Name a session file or a folder of them.")
    found = {file for folder in folders for file in _walk(folder, unreadable)}
    return sorted(found, key=lambda file: (is_sub_agents(file), str(file)))


def default_folders(env: Mapping[str, str]) -> list[Path]:
    home = Path(env.get("HOME") or env.get("USERPROFILE") or Path.home())
    return [folder for tool in TOOLS for folder in tool.roots(env, home)]


def is_sub_agents(file: Path) -> bool:
    return file.parent.name == claude_code.SUB_AGENTS


def parent_of(file: Path) -> Path:
    """The session file whose messages a sub-agent's file may replay."""
    session = file.parent.parent
    return session.with_name(f"{session.name}.jsonl")


def _below(path: Path) -> list[Path]:
    """A home holds assistants' folders, which hold folders of sessions; else take all below."""
    homes = [path / name for name in CONFIG_FOLDERS if (path / name).is_dir()] or [path]
    sessions = [home / name for home in homes for name in SESSION_FOLDERS]
    return [folder for folder in sessions if folder.is_dir()] or homes


def _walk(folder: Path, unreadable: Callable[[OSError], None]) -> Iterator[Path]:
    for parent, _, names in os.walk(folder, onerror=_unless_missing(unreadable)):
        yield from (Path(parent, name) for name in _sessions(names))


def _sessions(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        if name.endswith(".jsonl") or (name.startswith("session-") and name.endswith(".json")):
            yield name


def _unless_missing(unreadable: Callable[[OSError], None]) -> Callable[[OSError], None]:
    def report(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            unreadable(error)

    return report
