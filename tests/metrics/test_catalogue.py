"""The catalogue: complete, consistent with the warehouse, closed, and light to import."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from steelyard import records
from steelyard.metrics import CATALOGUE, DIMENSIONS, Metric, describe
from steelyard.metrics.catalogue import spend
from steelyard.metrics.facts import FACTS
from steelyard.metrics.measures import Count, Is, Quantile, Ratio, Sum
from steelyard.metrics.plan import EVIDENCE

from .engines import DuckStore

LATER = {"plan_fit"}  # of a person: needs plans' limits


def test_every_name_of_the_contract_is_there(shared: Path) -> None:
    text = (shared / "design" / "metrics.md").read_text()
    table = text.split("## Use and spend")[1].split("Reliability grades")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    names = {
        name for cell in cells if "(dimension)" not in cell for name in re.findall(r"`(\w+)`", cell)
    }
    names = {name for name in names if not name.startswith("_")} - LATER
    assert len(names) > 60
    assert names - set(CATALOGUE) == set()
    assert {"api_latency_ms_p95", "session_cost_usd_p95", "segment"} <= {*CATALOGUE, *DIMENSIONS}


def test_facts_are_those_of_the_warehouse() -> None:
    tables = DuckStore(roll_up=False).tables()
    for name, fact in FACTS.items():
        held = {column for column, _, _ in tables[fact.table]}
        assert fact.columns <= held, name
        maybe = {column for column, _, nullable in tables[fact.table] if nullable}
        assert maybe & {*fact.numbers, *fact.flags} == fact.nullable, name
        if fact.fallback:
            assert fact.columns - {"sessions"} <= FACTS[fact.fallback].columns


def test_every_fact_says_what_stands_for_it() -> None:
    assert set(EVIDENCE) == set(FACTS)
    assert {name for facts in EVIDENCE.values() for name in facts} <= set(FACTS)


def test_money_and_token_types_are_those_of_the_records() -> None:
    assert spend.NANOS_PER_USD == records.NANOS_PER_USD
    assert spend.TOKEN_TYPES == records.TOKEN_TYPES


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_metric_is_described(name: str) -> None:
    said = describe(name)
    assert str(said["sentence"]).endswith(".")
    assert said["unit"] and said["formula"] and said["evidence"]
    assert {"day", "week", "month", "team", "tenure"} <= set(CATALOGUE[name].dimensions)
    assert all(str(caveat).endswith(".") for caveat in CATALOGUE[name].caveats)


@pytest.mark.parametrize(
    ("formula", "error"),
    [
        ("sum(list_nanos)", TypeError),
        (Ratio(Count("usage"), 3), TypeError),  # type: ignore[arg-type]
        (Sum("usage", "list_euros"), ValueError),
        (Sum("invoices", "list_nanos"), ValueError),
        (Count("usage", (Is("no_such", True),)), ValueError),
        (Count("usage", ("1 = 1",)), TypeError),  # type: ignore[arg-type]
        (Quantile("requests", "latency_ms", 95), ValueError),
    ],
)
def test_anything_outside_the_vocabulary_is_refused(formula: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        Metric("x", "A sentence.", "unit", "up", formula, "evidence")


def test_importing_metrics_is_light() -> None:
    heavy = ("sqlglot", "duckdb", "pyarrow", "pandas", "numpy")
    code = f"import sys, steelyard.metrics; sys.exit(any(m in sys.modules for m in {heavy}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
