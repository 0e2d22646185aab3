"""Files whose lines say nothing about work: locks, generated and vendored code, recorded fixtures.

The same kinds of files that Claude's contribution metrics leave out (lock files, protobuf output,
build artefacts, minified code, snapshots, cassettes), and vendored code.
"""

from __future__ import annotations

import re
from functools import lru_cache

_FOLDERS = (
    *("dist", "build", "target", "node_modules", "bower_components", "vendor"),
    *("third_party", "third-party", "site-packages", "__snapshots__", "cassettes", "__generated__"),
    *(r"\.venv", "venv", r"\.yarn", r"\.next", "Pods", "fixtures", "__fixtures__", "testdata"),
)
_NAMES = (
    *("package-lock\\.json", "npm-shrinkwrap\\.json", "yarn\\.lock", "pnpm-lock\\.yaml"),
    *("bun\\.lockb?", "poetry\\.lock", "uv\\.lock", "pdm\\.lock", "Pipfile\\.lock", "pixi\\.lock"),
    *("Cargo\\.lock", "Gemfile\\.lock", "composer\\.lock", "mix\\.lock", "Podfile\\.lock"),
    *("go\\.sum", "go\\.work\\.sum", "flake\\.lock", "packages\\.lock\\.json", "deno\\.lock"),
    *("gradle\\.lockfile", "pubspec\\.lock", "Package\\.resolved", "Cartfile\\.resolved"),
    *("\\.terraform\\.lock\\.hcl", "conan\\.lock", "\\.pnp\\.c?js"),
)
_ENDINGS = (
    *(r"\.min\.(js|css)", r"\.(js|css)\.map", r"\.bundle\.js", r"\.snap"),
    *(r"_pb2(_grpc)?\.pyi?", r"\.pb(\.validate|\.gw)?\.(go|cc|h)", r"_pb\.(js|d\.ts)", r"\.pb\.rs"),
    *(r"\.(generated|gen|g|designer)\.\w+", r"_generated\.\w+", r"\.g\.dart", r"\.freezed\.dart"),
)
_PATTERN = re.compile(
    rf"(^|/)({'|'.join(_FOLDERS)})/|(^|/)({'|'.join(_NAMES)})$|({'|'.join(_ENDINGS)})$",
    re.IGNORECASE,
)


@lru_cache(1 << 17)
def is_left_out(path: bytes) -> bool:
    return _PATTERN.search(path.decode("utf-8", "replace")) is not None
