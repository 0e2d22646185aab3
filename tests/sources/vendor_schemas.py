"""Vendors' own published schemas, taken once from their npm packages.

They are large and not ours to copy, so they stay outside of the project, in a cache folder. A test
that needs one skips, with the reason, where npm or the network is absent.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tarfile
import tempfile
from functools import cache
from pathlib import Path

import pytest

CACHE = Path(os.environ.get("STEELYARD_TEST_CACHE", "~/.cache/steelyard-tests")).expanduser()
_SECONDS = 180


def npm_package(name: str, version: str, *only: str) -> Path:
    """The unpacked folder of an npm package, or of `only` these files of it. Skips without npm.

    `version` is exact, so that a test means the same tomorrow.
    """
    found = _package(name, version, only)
    if isinstance(found, str):
        pytest.skip(found)
    return found


@cache
def _package(name: str, version: str, only: tuple[str, ...]) -> Path | str:
    """The folder, or why there is none."""
    folder = CACHE / f"{name.strip('@').replace('/', '-')}-{version}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one of many test processes fetches, the others wait
        if _is_complete(folder, only):
            return folder
        return _fetch(f"{name}@{version}", folder, only)


def _is_complete(folder: Path, only: tuple[str, ...]) -> bool:
    return all((folder / name).exists() for name in only or ("package.json",))


def _fetch(package: str, folder: Path, only: tuple[str, ...]) -> Path | str:
    npm = shutil.which("npm")
    if npm is None:
        return f"{package} is not here, and there is no npm to fetch it"
    with tempfile.TemporaryDirectory(dir=CACHE) as temporary:
        command = [npm, "pack", package, "--silent", "--pack-destination", temporary]
        try:
            subprocess.run(command, cwd=temporary, timeout=_SECONDS, check=True, text=True,
                           capture_output=True)  # fmt: skip
        except subprocess.SubprocessError as error:
            return f"npm could not fetch {package}: {getattr(error, 'stderr', '') or error}"[:300]
        (archive,) = Path(temporary).glob("*.tgz")
        _unpack(archive, folder, only)
    return folder


def _unpack(archive: Path, folder: Path, only: tuple[str, ...]) -> None:
    """Each file moves into place whole, so that a killed run leaves nothing half."""
    with tarfile.open(archive) as packed:
        members = [m for m in packed if m.isfile() and (not only or _inner(m.name) in only)]
        packed.extractall(archive.parent, members, filter="data")
    # package.json last: it is the mark of a whole package.
    for member in sorted(members, key=lambda m: _inner(m.name) == "package.json"):
        place = folder / _inner(member.name)
        place.parent.mkdir(parents=True, exist_ok=True)
        (archive.parent / member.name).replace(place)


def _inner(name: str) -> str:
    """npm packs everything below one folder, mostly called `package`."""
    return name.partition("/")[2]
