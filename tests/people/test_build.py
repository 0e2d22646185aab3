"""Building people again: order and repetition, what telemetry must be built again, size."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.ledger.world import DAY, Session, at
from tests.people.world import ADA, BOB, Company, account, commit, day, decided, member, person
from tests.warehouse.opened import examples, of_duckdb

from steelyard.warehouse import open_warehouse
from steelyard.warehouse.migrations import migrate

NOON = at("2026-10-05 12:00")
GRAPH, OKTA = "microsoft-graph", "okta"
RAW = ("raw_people", "raw_memberships", "raw_accounts", "raw_commits")


def tables(company: Company) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    company.build()
    return (
        company.rows("select * from people order by all"),
        company.rows("select * from identities order by all"),
    )


def test_building_again_changes_nothing(company: Company) -> None:
    company.hear(GRAPH, "09-01", person("g1", ADA, account_ids=("user_1",)))
    assert company.build() is True
    version = company.warehouse.data_version()
    assert company.build() is False
    assert company.warehouse.data_version() == version


_KEY = st.sampled_from(["k1", "k2", "k3"])
_ADDRESS = st.sampled_from([ADA, BOB, "c@x.example", ""])
_DAY = st.sampled_from(["08-01", "09-01", "10-01"])
_PERSON = st.builds(
    person,
    _KEY,
    _ADDRESS,
    name=st.sampled_from(["Ada", "Bob", ""]),
    team=st.sampled_from(["search", "payments", ""]),
    manager=_KEY,
    active=st.booleans(),
    role=st.sampled_from(["CTO", "Engineer"]),
    start_date=st.sampled_from([None, day("2026-08-15")]),
)
_LOGIN = st.sampled_from(["github:a", "github:b"])
_RECORD = st.one_of(
    _PERSON,
    st.builds(account, _LOGIN, _ADDRESS, bot=st.booleans()),
    st.builds(commit, st.sampled_from("1234"), _LOGIN, _ADDRESS),
    st.builds(
        member, st.sampled_from(["red", "blue"]), st.sampled_from([f"email:{ADA}", "github:a"])
    ),
)
_TOLD = st.tuples(st.sampled_from([GRAPH, OKTA, "zz"]), _DAY, _RECORD)


@settings(max_examples=examples(25), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(_TOLD, max_size=10), st.randoms(use_true_random=False))
def test_order_and_repetition_of_rows_change_nothing(
    company: Company, told: list[tuple[str, str, Any]], chance: random.Random
) -> None:
    company.forget()
    for source, on, record in sorted(told, key=lambda each: each[1]):
        company.hear(source, on, record)
    before = tables(company)
    with company.warehouse.transaction() as cursor:
        for name in RAW:
            rows = cursor.execute(f"select * from {name}").fetchall()
            again = [row for row in rows for _ in range(chance.randint(1, 2))]
            chance.shuffle(again)
            cursor.execute(f"delete from {name}")
            if again:
                marks = ", ".join("?" * len(again[0]))
                cursor.executemany(f"insert into {name} values ({marks})", again)
    assert tables(company) == before
    spans = company.rows(
        "select person, valid_from, valid_to, lead(valid_from) over"
        " (partition by person order by valid_from) from people"
    )
    for _, first, last, following in spans:
        assert first <= last
        assert following is None or following > last
    assert company.rows("select kind, value from identities group by all having count(*) > 1") == []


def test_only_days_on_which_a_changed_identity_occurs_are_built_again(company: Company) -> None:
    company.tell(
        Session("s1", email="", account_id="user_1").call(NOON),
        Session("s2", email=BOB).call(NOON + DAY),
        Session("s3", email="", account_id="user_2").call(NOON + 2 * DAY),
        Session("", email="", install_id="", account_id="user_1").call(NOON + 3 * DAY),
    )
    company.hear(GRAPH, "10-06", person("g1", ADA, account_ids=("user_1",)), person("g2", BOB))
    company.build()
    dirty = company.rows("select distinct day from dirty_days order by 1")
    assert [row[0] for row in dirty] == [dt.date(2026, 10, 5), dt.date(2026, 10, 8)]
    company.refresh()
    assert company.rows("select day, person from usage order by 1") == [
        (dt.date(2026, 10, 5), ADA),
        (dt.date(2026, 10, 6), BOB),
        (dt.date(2026, 10, 7), "user_2"),
        (dt.date(2026, 10, 8), ADA),
    ]


def test_a_session_goes_over_whole_when_one_of_its_days_tells_who_it_is(company: Company) -> None:
    """Only its second day names the account; the first belongs to the same session."""
    company.tell(
        Session("s1", email="").call(NOON),
        Session("s1", email="", account_id="user_1").call(NOON + 3 * DAY),
    )
    company.hear(GRAPH, "10-06", person("g1", ADA, account_ids=("user_1",))).build()
    company.refresh()
    assert company.rows("select distinct person from usage") == [(ADA,)]
    company.decisions = (decided("account:user_1", BOB),)
    company.build()
    company.refresh()
    assert company.rows("select distinct person from usage") == [(BOB,)]


def test_a_renamed_address_brings_telemetry_together(company: Company) -> None:
    company.tell(
        Session("s1", email=ADA).call(NOON),
        Session("s2", email="king@acme.example").call(NOON + DAY),
    )
    company.hear(GRAPH, "09-01", person("g1", ADA)).build()
    company.hear(GRAPH, "10-06", person("g1", "king@acme.example")).build()
    company.refresh()
    assert company.tokens("person") == {ADA: 200}


@of_duckdb
def test_people_imported_before_there_were_sources_stay(tmp_path: Path) -> None:
    path = tmp_path / "old.duckdb"
    with duckdb.connect(str(path)) as connection:
        migrate(connection, str(path), up_to=2)
        connection.execute(
            f"insert into people values ('{ADA}', '{ADA}', 'Ada', 'search', '', '', '', '', '', '',"
            " 'GB', null, null, '2025-01-01', '9999-12-31')"
        )
        connection.execute(f"insert into identities values ('email', '{ADA}', '{ADA}')")
        connection.execute(f"insert into identities values ('account', 'user_1', '{ADA}')")
    company = Company.__new__(Company)
    with open_warehouse(str(path), threads=1, memory_limit="500MB") as company.warehouse:
        assert company.rows("select kind from dirty_work") == [("people",)]
        assert company.build() is False, "what is built is what was there"
        assert company.people("team", "valid_from") == [("search", day("2025-01-01"))]


@pytest.mark.slow
def test_ten_thousand_people_with_five_versions(company: Company) -> None:
    """A tree of ten reports each, whose members change team, title and manager four times."""
    for version in range(5):
        company.hear(
            GRAPH,
            f"0{version + 3}-01",
            *(
                person(
                    str(n),
                    f"p{n}@acme.example",
                    team=f"team {(n + version) % 50}",
                    role="CEO" if n == 0 else f"Engineer {version}",
                    manager=str((n - 1) // 10) if n else "",
                )
                for n in range(10_000)
            ),
        )
    company.build()
    assert company.one("select count(distinct person) from people") == 10_000
    assert company.one("select count(*) from people") == 49_997 + 3
    assert company.one("select count(distinct rollup) from people where rollup <> ''") == 10
