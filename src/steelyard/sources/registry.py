"""Which kinds of sources there are, and how one is opened from what somebody said of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, get_args

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo

from steelyard.errors import ConfigError, SourceDenied, UnknownName
from steelyard.sources.contract import GROUP, Options, Secret, Source
from steelyard.sources.network import Network


@cache
def kinds() -> tuple[str, ...]:
    """The names of all installed kinds, in order of the alphabet."""
    return tuple(sorted(point.name for point in entry_points(group=GROUP)))


def source_class(kind: str) -> type[Source]:
    """The class of a kind. Raises UnknownName, or ConfigError when it cannot be loaded."""
    found = [point for point in entry_points(group=GROUP) if point.name == kind]
    if not found:
        raise UnknownName("kind of source", kind, kinds(), f"Known: {', '.join(kinds())}.")
    try:
        loaded: type[Source] = found[0].load()
    except Exception as error:  # a third party's module may fail in any way
        raise ConfigError(
            f"The source {kind} cannot be loaded: {error}.", "Reinstall the package it comes with."
        ) from error
    return loaded


def secret_names(options: type[Options]) -> tuple[str, ...]:
    fields = options.model_fields.items()
    return tuple(name for name, field in fields if _is_secret(field.annotation))


def _is_secret(annotation: Any) -> bool:
    return annotation is Secret or any(map(_is_secret, get_args(annotation)))


@dataclass(frozen=True)
class OptionRow:
    """An option as the command line and the reference print it."""

    name: str
    default: str  # "required", "secret" or the default's text
    help: str


def describe(kind: str) -> list[OptionRow]:
    """The options of a kind, in their order."""
    options = source_class(kind).Options
    secrets = secret_names(options)
    return [
        OptionRow(name, _default(name, field, secrets), field.description or "")
        for name, field in options.model_fields.items()
    ]


def _default(name: str, field: FieldInfo, secrets: tuple[str, ...]) -> str:
    need = "required" if field.is_required() else ""
    if name in secrets:
        return f"secret, {need}" if need else "secret"
    return need or str(field.get_default(call_default_factory=True) or "")


def check_options(kind: str, said: Mapping[str, str]) -> dict[str, str]:
    """What may be stored of a source: its options, secrets as references only.

    Raises ConfigError for an unknown or wrong option and for a secret given in clear.
    """
    options = source_class(kind).Options
    secrets = secret_names(options)
    for name in secrets:
        if said.get(name) and not _is_reference(said[name]):
            raise ConfigError(
                f"{name} would be stored in clear.",
                f"Put it into a variable or a file: {name}=env:NAME or {name}=file:/path/to/it.",
            )
    _read(kind, options, {k: SecretStr("") if k in secrets else v for k, v in said.items()})
    return dict(said)


def open_source(kind: str, said: Mapping[str, str], network: Network) -> Source:
    """The source, with its secrets resolved. Raises ConfigError or SourceDenied; does no I/O."""
    found = source_class(kind)
    secrets = secret_names(found.Options)
    resolved: dict[str, Any] = {
        name: SecretStr(resolve(name, value)) if name in secrets and value else value
        for name, value in said.items()
    }
    return found(_read(kind, found.Options, resolved), network)


def resolve(name: str, reference: str) -> str:
    """The secret behind `env:NAME` or `file:PATH`."""
    where, _, place = reference.partition(":")
    if where == "env":
        if value := os.environ.get(place, "").strip():
            return value
        raise SourceDenied(
            f"The variable {place} for {name} is not set.", f"Set {place} where Steelyard runs."
        )
    try:
        if value := Path(place).expanduser().read_text().strip():
            return value
    except OSError as error:
        raise SourceDenied(
            f"The file {place} for {name} cannot be read: {error.strerror}.",
            "Check path and rights.",
        ) from error
    raise SourceDenied(f"The file {place} for {name} is empty.", "Put the secret into it.")


def _is_reference(text: str) -> bool:
    where, _, place = text.partition(":")
    return where in ("env", "file") and bool(place)


def _read(kind: str, options: type[Options], said: Mapping[str, Any]) -> Options:
    try:
        return options.model_validate(dict(said))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"])) or "its options"
        known = ", ".join(options.model_fields)
        if first["type"] == "extra_forbidden":
            raise UnknownName("option", name, options.model_fields, f"It has {known}.") from None
        raise ConfigError(
            f"The source {kind} needs {name}: {first['msg'].lower()}.", f"Its options: {known}."
        ) from None
