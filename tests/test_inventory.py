"""What docs/reference/data.md says is kept is what is kept, and what the program erases by."""

from __future__ import annotations

from types import ModuleType

import pytest

from steelyard.people import personal
from steelyard.records import TABLES
from tests.test_docs import DOCS, load_generator

# What app/life.py does: tables of the state whose rows go, and columns that it empties or drops.
STATE_ROWS = (
    "state.identity_decisions",
    "state.identity_proposals",
    "state.accounts",
    "state.looks",
    "state.saved_views",
)
ELSEWHERE = {("state.plans", "saved_by"), ("inbox.bodies", "data"), ("inbox.poison", "data")}


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    return load_generator()


def test_every_table_and_column_that_is_kept_is_said(generate: ModuleType) -> None:
    tables = {generate.full_name(each): each for each in generate.catalogue("data_tables")}
    assert set(tables) == {table for table, _ in generate.kept()}
    for table, column in generate.kept():
        assert generate.column_entry(table, column)["meaning"], f"{table}.{column}"
    assert {each["kept"] for each in tables.values()} == generate.KEPT.keys()


def test_nothing_is_said_of_what_is_not_kept(generate: ModuleType) -> None:
    entries = generate.catalogue("data_columns")
    used = [generate.column_entry(*each) for each in generate.kept()]
    assert [each for each in entries if each not in used] == []
    names = {table for table, _ in generate.kept()}
    literal = {p for each in entries for p in each["tables"].split() if "*" not in p}
    assert literal - names == set()
    assert {each["person"] for each in entries} == {"names", "leads", ""}


def test_the_page_is_current(generate: ModuleType) -> None:
    path = DOCS / "reference" / "data.md"
    assert path.read_text() == generate.pages()[path], "run `make docs`"


def named_by_program() -> dict[str, set[str]]:
    """Columns by which people are erased, by table."""
    found: dict[str, set[str]] = {table: set(personal.WHO) for table in TABLES}
    for table in (*personal.SESSION_FACTS, *personal.PERSON_FACTS, *personal.PERSON_ROWS):
        found.setdefault(table, set()).add("person")
    for kind, columns in personal.ABOUT.items():
        found.setdefault(f"raw_{kind}", set()).update(columns)
    for hand in personal.HANDS:
        found.setdefault(f"raw_{hand.kind}", set()).update(hand.columns)
    return found


def test_what_is_erased_is_said_to_be_personal(generate: ModuleType) -> None:
    said = {(t, c): generate.column_entry(t, c)["person"] for t, c in generate.kept()}
    for table, columns in named_by_program().items():
        for column in columns - {"key"}:
            assert said[table, column] == "names", f"{table}.{column}"
    for table, schema in TABLES.items():
        for column in set(personal.TRACES) & set(schema.names):
            assert said[table, column] == "leads", f"{table}.{column}"
    for hand in personal.HANDS:
        for column in hand.also:
            assert said[f"raw_{hand.kind}", column] != "", column


def test_what_names_somebody_is_erased(generate: ModuleType) -> None:
    """By its column, or with its whole row."""
    erased = named_by_program()
    rows = {*personal.PERSON_ROWS, *(f"raw_{kind}" for kind in personal.ABOUT), *STATE_ROWS}
    also = {(f"raw_{h.kind}", column) for h in personal.HANDS for column in h.also}
    for table, column in generate.kept():
        if generate.column_entry(table, column)["person"] != "names" or table in rows:
            continue
        known = column in erased.get(table, ()) or (table, column) in also | ELSEWHERE
        assert known, f"{table}.{column} names somebody and is not erased"
