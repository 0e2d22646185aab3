"""Every line of the table of other dashboards' figures can be asked, and is answered."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from steelyard.metrics import Question, ask, parse_arguments

from .engines import DuckStore
from .world import NOW, World

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "seed-figures.md"
TEXT = PAGE.read_text()
ROWS = re.findall(r"^\| (?!figure|---)(.+?) \| (.+?) \| (?:`(.+)` )?\|$", TEXT, re.MULTILINE)
LINES = sorted({line.strip("`") for _, line, _ in ROWS if line.startswith("`steelyard ask ")})
OPTIONS = {"--by": "by", "--from": "start", "--to": "end", "--period": "period"}


def parsed(line: str) -> Question:
    """The question of a command line, read as the command reads it."""
    _, _, metrics, *rest = shlex.split(line)
    said: dict[str, Any] = {"where": []}
    for flag, value in zip(rest[::2], rest[1::2], strict=True):
        if flag == "--where":
            said["where"].append(value)
        elif flag == "--compare":
            said["compare"] = value
        else:
            said[OPTIONS[flag]] = value
    return parse_arguments(metrics, NOW.date(), **said)


@pytest.fixture(scope="module")
def busiest(world: World) -> str:
    """The person whose assistant ran most tools."""
    return Counter(row["person"] for row in world.rows("tool_calls")).most_common(1)[0][0]


@pytest.mark.parametrize("line", LINES)
def test_every_line_is_answered(line: str, duck: DuckStore, busiest: str) -> None:
    question = parsed(line.replace("ann@acme.example", busiest))
    answer = ask(duck, question, NOW)
    assert answer.rows
    metrics = [i for i, column in enumerate(answer.columns) if column.kind == "metric"]
    if question.start is None:
        assert all(any(row[i] is not None for row in answer.rows) for i in metrics)


def test_every_figure_has_a_place() -> None:
    assert len(ROWS) > 110
    for figure, place, _ in ROWS:
        assert place.startswith(("`steelyard ask ", "needs ")), figure


def test_no_panel_of_the_inventory_is_forgotten(shared: Path) -> None:
    """The panels as the inventory lists them, between its section titles."""
    text = (shared / "reference" / "seed-systems.md").read_text()
    adoption = text.split("37 panels:")[1].split("**Dashboard")[0]
    sections = re.split(r"\*[A-Z][\w &]+\* – ", adoption)
    named = re.sub(r"\([^)]*\)", "", ",".join(sections)).split(",")
    panels = [name.strip(" .\n") for name in named if name.strip(" .\n")]
    assert len(panels) > 35
    assert [panel for panel in panels if panel.split(" (")[0] not in TEXT] == []
