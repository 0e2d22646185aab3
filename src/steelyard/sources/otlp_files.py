"""OTLP bodies from files: single requests, or a folder of them with a manifest.

Yields bodies as they were sent; the caller cleans, checks and keeps them like the receiver does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from steelyard.errors import BadFile

_SIGNALS = ("logs", "metrics", "traces")
_ENCODINGS = {".json": "json", ".pb": "protobuf", ".bin": "protobuf", ".protobuf": "protobuf"}
_HINT = "Name files like 001-logs.pb or metrics.json.gz, or a folder with a manifest.json."
_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class OtlpFile:
    """One request body on disk; its bytes may be gzip."""

    path: Path
    signal: str
    encoding: str

    def read(self) -> tuple[bytes, str]:
        """The bytes and their compression ("" or "gzip")."""
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise BadFile(
                f"{self.path} cannot be read: {error.strerror}.", "Check its rights."
            ) from error
        return data, "gzip" if data.startswith(_GZIP_MAGIC) else ""


def find_bodies(paths: Sequence[Path]) -> list[OtlpFile]:
    """The bodies that `paths` name, in order. Raises BadFile for what is missing or unknown."""
    return [body for path in paths for body in _bodies_of(path)]


def _bodies_of(path: Path) -> Iterator[OtlpFile]:
    if not path.exists():
        raise BadFile(f"There is no file or folder {path}.", "Check the path.")
    if not path.is_dir():
        yield _by_name(path)
        return
    try:
        manifests = sorted(path.rglob("manifest.json"))
        files = sorted(f for f in path.iterdir() if _is_body(f))
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror}.", "Check its rights.") from error
    for manifest in manifests:
        yield from _of_manifest(manifest)
    if not manifests:
        if not files:
            raise BadFile(f"{path} holds no OTLP bodies.", _HINT)
        yield from map(_by_name, files)


def _of_manifest(manifest: Path) -> Iterator[OtlpFile]:
    """The requests of a recording. Those the recorder refused on purpose were not received."""
    try:
        told = json.loads(manifest.read_bytes())
        requests = told["requests"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadFile(f"{manifest} is not a recording's manifest: {error}.", _HINT) from error
    count_faulted = bool(told.get("faulted_requests_count_as_received"))
    for request in requests:
        if count_faulted or not request.get("fault"):
            yield _of_request(manifest.parent, request)


def _of_request(folder: Path, request: dict[str, Any]) -> OtlpFile:
    kind = str(request.get("content_type") or "")
    encoding = "json" if "json" in kind else "protobuf"
    return OtlpFile(folder / request["file"], request["signal"], encoding)


def _is_body(path: Path) -> bool:
    return (
        path.is_file() and any(signal in path.name for signal in _SIGNALS) and _encoding(path) != ""
    )


def _encoding(path: Path) -> str:
    return _ENCODINGS.get(path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix, "")


def _by_name(path: Path) -> OtlpFile:
    signal = next((signal for signal in _SIGNALS if signal in path.name), "")
    encoding = _encoding(path)
    if not signal or not encoding:
        raise BadFile(f"{path} does not say what it holds.", _HINT)
    return OtlpFile(path, signal, encoding)
