"""Static files under names that contain a hash of their content, so browsers keep them for good.

The Vega bundle is built once by vl-convert, kept gzipped in the cache folder, and served like any
other asset: nothing is fetched from elsewhere and no script of others is in the repository.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.metadata
import os
import threading
from dataclasses import dataclass
from pathlib import Path

STATIC = Path(__file__).with_name("static")
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Asset:
    """One file: `name` carries the hash, `packed` is gzip of the content."""

    name: str
    content_type: str
    packed: bytes

    @property
    def url(self) -> str:
        return f"/static/{self.name}"

    def plain(self) -> bytes:
        return gzip.decompress(self.packed)


def _named(name: str, content: bytes) -> str:
    digest = hashlib.blake2b(content, digest_size=6).hexdigest()
    stem, suffix = name.rsplit(".", 1)
    return f"{stem}-{digest}.{suffix}"


def _pack(name: str, content: bytes) -> Asset:
    packed = gzip.compress(content, 9, mtime=0)
    return Asset(_named(name, content), TYPES[Path(name).suffix], packed)


class Assets:
    """All static files of the package, and the Vega bundle when first asked for."""

    def __init__(self, cache: Path | None = None) -> None:
        self._cache = cache
        self._lock = threading.Lock()
        self._files = {
            path.name: _pack(path.name, path.read_bytes())
            for path in sorted(STATIC.iterdir())
            if path.suffix in TYPES
        }
        self._vega: Asset | None = None

    def url(self, name: str) -> str:
        """The address of a file of the package, with its hash."""
        return self._files[name].url

    def vega_url(self) -> str:
        """Known without building the bundle: its name carries vl-convert's version."""
        return f"/static/vega-{_vega_version()}.js"

    def find(self, name: str) -> Asset | None:
        """The asset that is served under this hashed name; None when there is none."""
        if name == self.vega_url().rsplit("/", 1)[1]:
            return self.vega()
        return next((asset for asset in self._files.values() if asset.name == name), None)

    def vega(self) -> Asset:
        """Vega, Vega-Lite and Vega-Embed as one script; about two seconds the first time."""
        with self._lock:
            if self._vega is None:
                name = f"vega-{_vega_version()}.js"
                self._vega = Asset(name, TYPES[".js"], self._kept(name) or self._build(name))
            return self._vega

    def _kept(self, name: str) -> bytes | None:
        path = self._cache / f"{name}.gz" if self._cache else None
        return path.read_bytes() if path and path.is_file() else None

    def _build(self, name: str) -> bytes:
        import vl_convert

        script = vl_convert.javascript_bundle("window.vegaEmbed=vegaEmbed;")
        packed = gzip.compress(script.encode(), 9, mtime=0)
        if self._cache:
            self._cache.mkdir(parents=True, exist_ok=True)
            part = self._cache / f"{name}.{os.getpid()}.part"
            part.write_bytes(packed)
            part.replace(self._cache / f"{name}.gz")
        return packed


def _vega_version() -> str:
    return importlib.metadata.version("vl-convert-python").replace(".", "-")
