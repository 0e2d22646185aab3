"""What the commands say on stderr, and what they print on stdout.

stdout is data, stderr is talk: nothing but the answer may be written to stdout.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any

from steelyard.errors import SteelyardError

QUIET, USUAL, VERBOSE = 0, 1, 2
_level = USUAL


def set_level(level: int) -> None:
    """How much is said: QUIET (errors only), USUAL or VERBOSE (tracebacks too)."""
    global _level
    _level = level


def is_verbose() -> bool:
    return _level >= VERBOSE


def is_usual() -> bool:
    return _level >= USUAL


def say(text: str) -> None:
    """A sentence for the person at the terminal, unless -q."""
    if _level > QUIET:
        print(text, file=sys.stderr)


def complain(error: SteelyardError, as_json: bool) -> None:
    """The one place that prints errors: a sentence and a hint, or the one JSON shape."""
    if as_json:
        print(json.dumps(error.as_json(), ensure_ascii=False), file=sys.stderr)
        return
    print(f"Error: {error.message}", file=sys.stderr)
    if error.hint:
        print(f"  {error.hint}", file=sys.stderr)


def print_json(value: Any) -> None:
    """A value as JSON on stdout; dataclasses, dates and paths are understood."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def print_report(report: Any, as_json: bool) -> None:
    """A frozen dataclass of counts, as JSON or one `name: value` line a field.

    `problems` are talk: each is a line on stderr.
    """
    fields: dict[str, Any] = asdict(report)
    if as_json:
        print_json(fields)
        return
    for problem in fields.pop("problems", ()):
        say(_problem(problem))
    for name, value in fields.items():
        if value not in ((), [], {}, "", None):
            print(f"{name.replace('_', ' ')}: {_short(value)}")


def print_rows(rows: Sequence[Sequence[str]]) -> None:
    """Lines with their cells in columns, nothing cut."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr while a terminal is watching; yields `update(done, total)`."""
    if _level == QUIET or not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total or None)


def _problem(problem: Any) -> str:
    if isinstance(problem, dict) and "line" in problem:
        return f"line {problem['line']}: {problem['message']}"
    return str(problem)


def _short(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, dict):
        return ", ".join(f"{_short(each)} {name}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_short, value))
    return str(value)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
