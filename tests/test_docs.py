"""The documentation is complete, current, and its links lead somewhere."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
TEXTS = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def load_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["generate"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    return load_generator()


@pytest.mark.parametrize("name", ["settings.md", "cli.md", "metrics.md", "errors.md", "prices.md"])
def test_generated_pages_are_current(name: str, generate: ModuleType) -> None:
    path = DOCS / "reference" / name
    assert path.read_text() == generate.pages()[path], "run `make docs`"


def test_every_setting_is_documented() -> None:
    from steelyard.config import settings_rows

    text = (DOCS / "reference" / "settings.md").read_text()
    assert [row.name for row in settings_rows() if f"`{row.variable}`" not in text] == []


def test_every_metric_is_documented() -> None:
    from steelyard.metrics import CATALOGUE

    text = (DOCS / "reference" / "metrics.md").read_text()
    assert [name for name in CATALOGUE if f"\n## {name}\n" not in text] == []


def test_every_command_is_documented_with_an_example(generate: ModuleType) -> None:
    from typer.main import get_command

    from steelyard.cli.main import app

    text = (DOCS / "reference" / "cli.md").read_text()
    for names, command in generate.commands(get_command(app), ("steelyard",)):
        name = " ".join(names)
        assert f"\n## {name}\n" in text
        assert command.help, f"{name} needs a docstring"
        assert (command.epilog or "").count(name) >= 2, f"{name} needs two examples"


def test_every_error_is_documented(generate: ModuleType) -> None:
    text = (DOCS / "reference" / "errors.md").read_text()
    for error in generate.error_classes():
        assert f"`{error.code}`" in text
        assert error.__name__ in text


def test_every_kept_field_is_in_what_is_collected() -> None:
    from steelyard.records import TABLES

    text = (DOCS / "concepts" / "what-is-collected.md").read_text()
    fields = {name for schema in TABLES.values() for name in schema.names}
    assert sorted(name for name in fields if f"`{name}`" not in text) == []


@pytest.mark.parametrize("path", TEXTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_resolve(path: Path) -> None:
    broken = []
    for link in LINK.findall(path.read_text()):
        target, _, anchor = link.partition("#")
        if "://" in link or link.startswith("mailto:"):
            continue
        found = (path.parent / target).resolve() if target else path
        if not found.exists() or (anchor and anchor not in anchors(found)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("path", TEXTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_settings_to_copy_can_be_read(path: Path) -> None:
    for kind, text in BLOCK.findall(path.read_text()):
        if kind == "json":
            json.loads(text)
        elif kind == "toml":
            tomllib.loads(text)


def test_commands_to_copy_exist(generate: ModuleType) -> None:
    from typer.main import get_command

    from steelyard.cli.main import app

    root = get_command(app)
    known = {" ".join(n): c for n, c in generate.commands(root, ("steelyard",))}
    wrong = [line for path in TEXTS for line in commands_in(path) if not is_command(line, known)]
    assert wrong == []


def commands_in(path: Path) -> list[str]:
    """The lines of shell blocks that call steelyard, up to a pipe or a redirection."""
    blocks = [text for kind, text in BLOCK.findall(path.read_text()) if kind == "sh"]
    lines = [line.removeprefix(".venv/bin/") for text in blocks for line in text.splitlines()]
    return [re.split(r" [|>] ", line)[0] for line in lines if line.startswith("steelyard ")]


def is_command(line: str, known: dict[str, Any]) -> bool:
    words = shlex.split(line, comments=True)
    name = next((n for n in known if words[: len(n.split())] == n.split()), "")
    options = {opt for each in known[name].params for opt in each.opts} if name else set()
    said = {word.partition("=")[0] for word in words if word.startswith("-")}
    return bool(name) and said <= options | {"-q", "-v", "-h", "--help"}


def anchors(path: Path) -> set[str]:
    """The ids that headings of a page get."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


def test_every_page_is_in_the_index() -> None:
    index = (DOCS / "README.md").read_text()
    listed = {(DOCS / link).resolve() for link in LINK.findall(index) if "://" not in link}
    pages = {path.resolve() for path in DOCS.rglob("*.md")} - {(DOCS / "README.md").resolve()}
    assert sorted(str(page.relative_to(DOCS)) for page in pages - listed) == []
