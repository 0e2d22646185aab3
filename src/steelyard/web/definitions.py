"""The page of metric definitions, straight from the catalogue: nothing is described here."""

from __future__ import annotations

import csv
import functools
import io
from dataclasses import dataclass

from steelyard.metrics import CATALOGUE, Metric, describe
from steelyard.web import words

DIRECTIONS = {"up": "More is better", "down": "Less is better", "neutral": "Neither"}
GROUPS = (
    ("Spend and tokens", ("usage", "costs", "witnesses")),
    ("People", ("person_days", "people", "people_seen")),
    ("Sessions and prompts", ("session_days", "sessions", "prompts")),
    ("Calls to models and tools", ("requests", "tool_calls")),
    ("Decisions and output", ("decisions", "counters")),
)
JOINED = "Joined"


@dataclass(frozen=True)
class Definition:
    """One metric as the page prints it; `facts` are label and text."""

    name: str
    label: str
    sentence: str
    grade: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Section:
    title: str
    metrics: tuple[Definition, ...]


def definition(metric: Metric) -> Definition:
    said = describe(metric.name)
    facts = [
        ("Formula", str(said["formula"])),
        ("Unit", f"{metric.unit} · {DIRECTIONS[metric.direction].lower()}"),
        ("Evidence", metric.evidence),
        ("Caveats", " ".join(metric.caveats)),
        ("Dimensions", ", ".join(words.dimension(name) for name in metric.dimensions)),
        ("Needs", ", ".join(words.dimension(name) for name in metric.needs)),
    ]
    label = words.metric(metric.name)
    shown = tuple((label, text) for label, text in facts if text)
    return Definition(metric.name, label, metric.sentence, metric.grade, shown)


@functools.cache
def sections() -> list[Section]:
    """The catalogue in the groups a reader looks for, in its own order within each."""
    grouped: dict[str, list[Definition]] = {}
    for metric in CATALOGUE.values():
        grouped.setdefault(_group(metric), []).append(definition(metric))
    titles = [*(title for title, _ in GROUPS), JOINED]
    return [Section(title, tuple(grouped[title])) for title in titles if title in grouped]


def _group(metric: Metric) -> str:
    """A metric of several facts joins them; else it belongs to its fact."""
    homes = {title for title, facts in GROUPS for fact in metric.facts if fact in facts}
    return homes.pop() if len(homes) == 1 else JOINED


def as_json() -> list[dict[str, object]]:
    return [dict(describe(name)) for name in CATALOGUE]


def as_csv() -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    columns = ("name", "sentence", "unit", "direction", "reliability", "formula", "evidence")
    writer.writerow((*columns, "caveats", "dimensions"))
    for said in as_json():
        lists = [_joined(said["caveats"]), _joined(said["dimensions"])]
        writer.writerow([*(said[column] for column in columns), *lists])
    return out.getvalue()


def _joined(values: object) -> str:
    return " ".join(map(str, values)) if isinstance(values, list) else str(values)
