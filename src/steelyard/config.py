"""Reading settings (`settings.py`): every value knows where it came from.

Order: flag over environment variable (STEELYARD_…) over one TOML file over default. This module
reads settings and nothing else: it creates no folder and opens no database.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import ByteSize, ValidationError

from steelyard.errors import ConfigError
from steelyard.settings import (
    Settings,
    default_data,
    demo_data,
    read_names,
    read_pairs,
    split_address,
)

__all__ = [
    "PREFIX",
    "Row",
    "Settings",
    "config_file",
    "default_data",
    "demo_data",
    "line",
    "load_settings",
    "read_names",
    "read_pairs",
    "settings_rows",
    "shown",
    "split_address",
    "unknown_variables",
]

PREFIX = "STEELYARD_"
FILE_NAME = "steelyard.toml"
# Environment variables of the program that are not settings.
NOT_SETTINGS = (
    *("STEELYARD_CONFIG", "STEELYARD_TOKEN", "STEELYARD_SHARED"),
    *("STEELYARD_OIDC_CLIENT_SECRET", "STEELYARD_PASSWORD"),
)
# The first setting of each group of the reference page.
GROUPS = {
    "data": "Storage",
    "web": "Listeners",
    "hosts": "Sign-in",
    "max_body_bytes": "Receiver",
    "inbox_days": "Retention",
    "memory_limit": "DuckDB",
    "short_prompt_chars": "Numbers",
    "directories": "People",
    "bug_types": "Work",
}


@dataclass(frozen=True)
class Row:
    """A setting as the reference page and `config show` print it."""

    name: str
    group: str
    variable: str
    default: str
    help: str


def load_settings(data: str | Path | None = None, **overrides: Any) -> Settings:
    """The settings in force. `data` and `overrides` are flags; a None among them is not said.

    Raises ConfigError with the file or variable to mend.
    """
    flags = {k: v for k, v in {"data": data, **overrides}.items() if v is not None}
    environment = _environment()
    path = config_file(flags.get("data") or environment.get("data"))
    from_file = _read(path) if path else {}
    origins = dict.fromkeys(from_file, f"file {path}")
    origins |= {name: f"environment {PREFIX}{name.upper()}" for name in environment}
    origins |= {name: f"flag --{name.replace('_', '-')}" for name in flags}
    try:
        settings = Settings(**{**from_file, **environment, **flags})
    except ValidationError as error:
        raise _invalid(error, origins) from None
    settings._origins.update(origins)
    return settings


def config_file(data: str | Path | None = None) -> Path | None:
    """The one settings file: $STEELYARD_CONFIG, else in the data folder, else in the XDG folder."""
    named = os.environ.get(f"{PREFIX}CONFIG")
    if named:
        if not Path(named).is_file():
            raise ConfigError(
                f"STEELYARD_CONFIG names {named}, and there is no such file.",
                "Correct the variable, or unset it to use the usual places.",
            )
        return Path(named)
    folders = (
        Path(data or default_data()).expanduser(),
        platformdirs.user_config_path("steelyard", appauthor=False),
    )
    return next((f / FILE_NAME for f in folders if (f / FILE_NAME).is_file()), None)


def settings_rows() -> list[Row]:
    """Every setting, in order, for the reference page."""
    rows, group = [], ""
    for name, field in Settings.model_fields.items():
        group = GROUPS.get(name, group)
        variable = f"{PREFIX}{name.upper()}"
        rows.append(Row(name, group, variable, _default(name), field.description or ""))
    return rows


def shown(name: str, value: object) -> str:
    """A value as people may see it: sizes with their unit, no password of a database."""
    if isinstance(value, ByteSize):
        return value.human_readable(separator=" ")
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    text = str(value)
    if name not in ("warehouse", "state"):
        return text
    text = re.sub(r"(://[^/:]*):.*@", r"\1:…@", text)
    return re.sub(r"((?:password|passwd|pwd|secret|token|key)=)[^&]*", r"\1…", text, flags=re.I)


def line(name: str, settings: Settings) -> str:
    """What is written in the settings file for the value in force, or for one that could be."""
    value = getattr(settings, name)
    if isinstance(value, bool | int | float):
        return f"{name} = {str(value).lower()}"
    text = shown(name, value) if value is not None else "/path/to/file"
    return f"{name} = {json.dumps(text, ensure_ascii=False)}"


def unknown_variables(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """STEELYARD_ variables that no setting reads, each with the nearest name or ''."""
    known = [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]
    strange = [
        name
        for name in environment
        if name.startswith(PREFIX) and name not in known and name not in NOT_SETTINGS
    ]
    return {name: _nearest(name, known) for name in sorted(strange)}


def _environment() -> dict[str, str]:
    """What the environment says. An empty folder or file is not said; an empty listener is off."""
    said = {name: os.environ.get(f"{PREFIX}{name.upper()}") for name in Settings.model_fields}
    empty = {"data", "prices"}
    return {k: v for k, v in said.items() if v is not None and (v or k not in empty)}


def _read(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(
            f"The settings file {path} cannot be read: {error}.",
            "It is one TOML file of `name = value` lines; `steelyard config show` lists the names.",
        ) from None
    for name in values:
        if name not in Settings.model_fields:
            raise _unknown(path, name)
    return values


def _unknown(path: Path, name: str) -> ConfigError:
    near = _nearest(name, Settings.model_fields)
    return ConfigError(
        f"The settings file {path} has a key that does not exist: {name}.",
        f"Did you mean {near}?" if near else "`steelyard config show` lists the names.",
    )


def _nearest(name: str, known: Iterable[str]) -> str:
    return next(iter(difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)), "")


def _default(name: str) -> str:
    """The default as text that does not depend on the machine."""
    if name == "data":
        return "the user's data folder, on Linux ~/.local/share/steelyard"
    return shown(name, Settings.model_fields[name].default)


def _invalid(error: ValidationError, origins: Mapping[str, str]) -> ConfigError:
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else "settings"
    why = first["msg"].removeprefix("Value error, ")
    row = next((row for row in settings_rows() if row.name == name), None)
    return ConfigError(
        f"The setting {name} ({origins.get(name, 'default')}) is wrong: {why}.",
        f"{row.help} The default is {row.default or 'empty'}." if row else "",
    )
