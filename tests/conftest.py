"""Fixtures every room's tests share: where the recordings are, and a fresh data folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recordings and datasets beside the project, or a skip that says so."""
    folder = Path(os.environ.get("STEELYARD_SHARED", ROOT.parent / "shared"))
    if not (folder / "recordings").is_dir():
        pytest.skip(f"no recordings at {folder}: they are not part of a user's clone")
    return folder


@pytest.fixture(scope="session")
def recordings(shared: Path) -> Path:
    return shared / "recordings"
