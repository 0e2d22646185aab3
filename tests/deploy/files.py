"""Reading what is in `deploy/`, and what is asked of every container in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from steelyard.app.roles import of_role
from steelyard.config import load_settings, unknown_variables
from steelyard.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
PINNED = re.compile(r"[\w./-]+:[\w.-]*\d[\w.-]*")  # a tag with a number in it, so never `latest`


class Tolerant(yaml.SafeLoader):
    """Compose's own tags (`!override`) say how files are merged, not what is in them."""


def _plain(loader: yaml.SafeLoader, _suffix: str, node: yaml.Node) -> Any:
    assert isinstance(node, yaml.SequenceNode)
    return loader.construct_sequence(node)


Tolerant.add_multi_constructor("!", _plain)


def read(path: str) -> Any:
    return yaml.load((DEPLOY / path).read_text(), Tolerant)


def settings_of(variables: dict[str, str], arguments: list[str]) -> Settings:
    """The settings a container would run with, checked as `serve` does."""
    ours = {name: value for name, value in variables.items() if name.startswith("STEELYARD_")}
    assert unknown_variables(ours) == {}
    role = arguments[arguments.index("--role") + 1] if "--role" in arguments else "all"
    said = {name.removeprefix("STEELYARD_").lower(): value for name, value in ours.items()}
    return of_role(load_settings(**(said | {"role": role})))


def image_settings() -> dict[str, str]:
    """What the image's ENV says."""
    text = (DEPLOY / "Dockerfile").read_text()
    return dict(re.findall(r"(STEELYARD_\w+)=(\S+)", text))
