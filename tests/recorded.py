"""What a recording says was on the wire, in the shape of our answers; and how to ask for it."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from pathlib import Path
from typing import Any

from steelyard.app.house import House
from steelyard.config import load_settings
from steelyard.ledger.models import family
from steelyard.metrics import Question
from tests.warehouse.opened import ON_CLICKHOUSE, database

Key = tuple[str, ...]
FOLDER = Path(
    os.environ.get("STEELYARD_SHARED", Path(__file__).resolve().parent.parent.parent / "shared")
)
SCENARIOS = sorted(
    f"{manifest.parent.parent.name}/{manifest.parent.name}"
    for manifest in (FOLDER / "recordings").glob("*/*/manifest.json")
)
EDIT_TOOLS = ("Edit", "Write", "NotebookEdit")


class Recording:
    """One scenario: its requests, what happened, and what was on the wire."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_bytes())
        expected = json.loads((folder / "expected.json").read_bytes())
        self.wire: dict[str, Any] = expected["on_the_wire"]
        self.happened: dict[str, Any] = expected["happened"]
        self.client = folder.parent.name

    def requests(self) -> list[dict[str, Any]]:
        """The requests that a receiver took; those refused on purpose are left out."""
        count_all = bool(self.manifest.get("faulted_requests_count_as_received"))
        return [r for r in self.manifest["requests"] if count_all or not r.get("fault")]

    def metric(self, name: str, *dimensions: str) -> dict[Key, float]:
        """Sums of a Claude Code or Gemini metric, by attributes; models by family."""
        series = self.wire.get("metrics") or self.wire.get("metrics_sums") or {}
        found: dict[Key, float] = defaultdict(float)
        for point in series.get(name, []):
            key = tuple(_label(d, point.get(d, "")) for d in dimensions)
            found[key] += point["value"]
        return {key: value for key, value in found.items() if value}

    def tokens(self) -> dict[Key, int]:
        """(model family, token type) → tokens, the larger witness."""
        if self.client != "claude-code":
            return _inclusive(self.wire["tokens_by_model_from_events"])
        metrics = self.metric("claude_code.token.usage", "model", "type")
        events: dict[Key, int] = defaultdict(int)
        for model, told in self.wire["api_request_events_by_model"].items():
            for kind in ("input", "output", "cacheRead", "cacheCreation"):
                events[(family(model), kind)] += told[kind]
        keys = metrics.keys() | events.keys()
        larger = {key: int(max(metrics.get(key, 0), events.get(key, 0))) for key in keys}
        return {key: value for key, value in larger.items() if value}

    def reported_usd(self) -> dict[Key, float]:
        """(model family,) → what the client reported, the larger witness."""
        metrics = self.metric("claude_code.cost.usage", "model")
        events: dict[Key, float] = defaultdict(float)
        for model, told in self.wire.get("api_request_events_by_model", {}).items():
            events[(family(model),)] += told["cost_usd"]
        keys = metrics.keys() | events.keys()
        return {key: max(metrics.get(key, 0), events.get(key, 0)) for key in keys}


def _label(dimension: str, value: str) -> str:
    return family(value) if dimension == "model" else value


def _inclusive(told: dict[str, Any]) -> dict[Key, int]:
    """Counts of clients whose input includes what came from the cache."""
    found: dict[Key, int] = {}
    for model, count in told.items():
        cached = count["cached"]
        output = count.get("output", 0) + count.get("thought", 0)
        output = count.get("output_including_reasoning", output)
        found[(model, "input")] = count["input_including_cached"] - cached
        found[(model, "cacheRead")] = cached
        found[(model, "output")] = output
    return {key: value for key, value in found.items() if value}


def asked(door: Any, metric: str, *by: str, **where: str) -> dict[Key, Any]:
    """A metric by dimensions as {values: number}, without empty rows."""
    question = Question((metric,), by=by, where={k: (v,) for k, v in where.items()})
    answer = door.ask(question)
    rows = [(tuple(str(row[d] or "") for d in by), row[metric]) for row in answer.records()]
    return {key: value for key, value in rows if value}


def total(door: Any, metric: str) -> Any:
    return door.ask(Question((metric,))).value(metric)


def open_house(folder: Path) -> House:
    """A house on a small budget: tests share the machine."""
    warehouse = database() if ON_CLICKHOUSE else ""
    return House(load_settings(folder / "data", threads=2, memory_limit="1GB", warehouse=warehouse))
