"""The schema on a cluster. No engine of the tests has a Keeper, so nothing is created here: what is
said is read by the engine's own parser, and names in it are looked up in its own lists."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from tests.warehouse.opened import database

from steelyard.errors import ConfigError
from steelyard.warehouse import handed
from steelyard.warehouse.bench import Bench
from steelyard.warehouse.clickhouse_schema import Schema, statements
from steelyard.warehouse.wire import Wire, _settings

CLUSTER = "two-nodes"


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    opened = Wire(database())
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def schema() -> Schema:
    bench = Bench(":memory:", {})
    bench.connection.close()
    return bench.schema


def said(schema: Schema, cluster: str) -> list[str]:
    """All that makes or changes a table; and of an older schema, that lacks columns."""
    older = {(f"{table}{end}", c.name) for table, columns in schema.items()
             for c in columns[1:] for end in ("", "_rows")}  # fmt: skip
    return [*statements(schema, (), cluster), *statements(schema, older, cluster),
            *handed.statements(cluster)]  # fmt: skip


def test_every_statement_runs_on_all_servers_and_each_keeps_all_rows(
    schema: Schema, wire: Wire
) -> None:
    found = {*said(schema, CLUSTER)}
    kinds = {" ".join(statement.split()[:2]) for statement in found}
    assert kinds == {"CREATE TABLE", "CREATE OR", "ALTER TABLE"}
    for statement in found:
        assert f" ON CLUSTER `{CLUSTER}`" in statement
        assert not re.search(r"ENGINE = (?!Replicated)| non_replicated", statement)
        quoted = statement.replace("'", "''")
        assert wire.rows(f"SELECT formatQuery('{quoted}')"), "or it raises"
    engines = {name for s in found for name in re.findall(r"ENGINE = (\w+)", s)}
    assert engines == {"ReplicatedMergeTree", "ReplicatedReplacingMergeTree"}
    assert engines <= {name for (name,) in wire.rows("SELECT name FROM system.table_engines")}
    settings = {name for s in found if " SETTINGS " in s
                for name in re.findall(r"(\w+) = ", s.partition(" SETTINGS ")[2])}  # fmt: skip
    assert "replicated_deduplication_window" in settings
    known = {
        name for (name,) in wire.rows("SELECT name FROM system.replicated_merge_tree_settings")
    }
    assert settings <= known


def test_but_for_that_the_statements_are_those_without_a_cluster(schema: Schema) -> None:
    plain = [
        s.replace(f" ON CLUSTER `{CLUSTER}`", "")
        .replace("ENGINE = Replicated", "ENGINE = ")
        .replace(" replicated_dedup", " non_replicated_dedup")
        for s in said(schema, CLUSTER)
    ]
    assert plain == said(schema, "")


def test_an_insert_and_a_look_wait_for_most_of_the_servers(wire: Wire) -> None:
    there = _settings(CLUSTER)
    added = there.keys() - _settings("").keys()
    assert there["insert_quorum"] == "auto"
    assert (there["insert_quorum_parallel"], there["select_sequential_consistency"]) == (0, 1)
    known = {name for (name,) in wire.rows("SELECT name FROM system.settings")}
    assert added <= known


def test_a_cluster_that_is_not_there_is_refused_before_anything_is_made(wire: Wire) -> None:
    url = database()
    with pytest.raises(ConfigError, match="'nowhere' has 0 shards"):
        Wire(f"{url}?cluster=nowhere")
    name = url.rpartition("/")[2]
    assert wire.rows(
        "SELECT count() FROM system.databases WHERE name = {n:String}", {"n": name}
    ) == [(0,)]


def test_a_cluster_s_name_is_a_name() -> None:
    with pytest.raises(ConfigError, match="no name of a cluster"):
        Wire("clickhouse://127.0.0.1:1/x?cluster=a%60%20b")
