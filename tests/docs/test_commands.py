"""Every command of the documentation is run, page by page and in order, as a reader would."""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
from pathlib import Path

import pytest

from steelyard.cli.main import main
from tests.docs import stage
from tests.server.running import running
from tests.server.test_roles import receiver
from tests.test_docs import BLOCK, DOCS, ROOT, TEXTS

# How commands end that need what no test has, and why.
OTHERWISE = {
    "source sync": (3, "systems elsewhere cannot be reached"),
    "source test": (1, "systems elsewhere cannot be reached"),
    "source add okta acme.okta.com --set token": (2, "the other way, after the first"),
    "source add toy": (2, "a package of the reader's own"),
    "source test toy": (2, "a package of the reader's own"),
    "source sync toy": (2, "a package of the reader's own"),
    "people review --accept": (2, "the numbers are the reader's"),
    "people review --reject": (2, "the numbers are the reader's"),
    "migrate --to": (3, "the reader's ClickHouse and PostgreSQL"),
    "impact roi --analysis pilot.json": (2, "the page's study is yet to come"),
}
CALL = re.compile(
    r"(?:(?P<name>\w+)=(?P<value>\S+) )?steelyard (?P<words>.*?)(?: > (?P<into>\S+))?"
)


def commands(path: Path) -> list[str]:
    """The page's shell lines that call steelyard, continued ones joined, without comments."""
    blocks = (text for kind, text in BLOCK.findall(path.read_text()) if kind == "sh")
    joined = (re.sub(r"\\\n\s*", " ", text).replace(".venv/bin/", "") for text in blocks)
    lines = (re.sub(r"\s+# .*", "", line) for text in joined for line in text.splitlines())
    return [line for line in lines if CALL.fullmatch(line)]


SERVED: dict[tuple[str, ...], tuple[int, str]] = {}
REFERENCE = DOCS / "reference" / "cli.md"  # its examples stand each alone, and in no order
PAGES = [path for path in TEXTS if commands(path) and path != REFERENCE]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stage.build(tmp_path_factory.mktemp("stage"))


@pytest.fixture
def folder(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the stage, in which the reader works."""
    return stage.enter(built, tmp_path / "stage", monkeypatch)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_of(page: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = []
    for line in commands(page):
        code, said = run(line, folder, monkeypatch)
        if code != expected(line):
            wrong.append(f"{line}\n  ended with {code}, not {expected(line)}: {said[-600:]}")
    assert not wrong, "\n".join(wrong)


def test_examples_of_the_reference(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each can be read and does not fail unexpectedly; what it names may not be there."""
    wrong = []
    for line in commands(REFERENCE):
        _, said = run(line, folder, monkeypatch)
        if "failed unexpectedly" in said or "--help`" in said:
            wrong.append(f"{line}\n  {said[-600:]}")
    assert not wrong, "\n".join(wrong)


def exception(line: str) -> str:
    """Which of OTHERWISE the line is, if any."""
    words = line.partition("steelyard ")[2]
    return max((name for name in OTHERWISE if words.startswith(name)), key=len, default="")


def expected(line: str) -> int:
    name = exception(line)
    return OTHERWISE[name][0] if name else 0


def test_every_exception_is_of_a_command() -> None:
    assert {exception(line) for page in PAGES for line in commands(page)} - {""} == set(OTHERWISE)


def run(line: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    """The line's exit code, and what it said."""
    call = CALL.fullmatch(line)
    assert call
    words = shell_words(stage.here(call["words"]), folder)
    if words[0] == "serve":
        return serve(words[1:], folder)
    if words[0] == "demo" and "--remove" not in words:
        words.append("--no-serve")
    if call["name"]:
        monkeypatch.setenv(call["name"], call["value"])
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(words)
    if call["into"]:
        (folder / call["into"]).write_text(out.getvalue())
    return code, err.getvalue() or out.getvalue()


def shell_words(text: str, folder: Path) -> list[str]:
    """What a shell makes of the words: quotes, ~ and patterns."""
    said = subprocess.run(
        ["bash", "-c", f"printf '%s\\0' {text}"], cwd=folder, capture_output=True, check=True
    )
    return said.stdout.decode().split("\0")[:-1]


def serve(words: list[str], folder: Path) -> tuple[int, str]:
    """Start it on free ports, and end it as an operator would; what was served before, once."""
    options = tuple(re.sub(r":\d+$", ":0", word) for word in words)
    data = folder / "data"
    if options[:1] == ("--data",):
        data, options = folder / options[1], options[2:]
    if "receiver" in options:  # it is ready when it listens, and serves no pages to ask
        with receiver(data) as node:
            return node.end(), ""
    if options not in SERVED:
        with running(data, *options) as server:
            SERVED[options] = server.stop(), server.said()
    return SERVED[options]
