"""Somebody forgotten is nowhere any more, does not come back, and totals are as was said."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import sqlite3
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from sqlalchemy import text
from tests.app.bodies import NOON, body_of
from tests.ledger.world import DAY, Session
from tests.recorded import asked, open_house, total
from tests.warehouse.opened import rows

from steelyard.app import work_bodies
from steelyard.app.house import House
from steelyard.app.importing import put_people
from steelyard.errors import UnknownName
from steelyard.model import (
    Account,
    Commit,
    Incident,
    Issue,
    Membership,
    Person,
    PullRequest,
    Record,
    Review,
    SurveyAnswer,
    Transition,
    UsageDay,
    Worklog,
)
from steelyard.receiver.body import NewBody
from steelyard.state.accounts import Accounts
from steelyard.state.identities import Identities
from steelyard.state.looks import Look, Looks

ADA, BOB = "ada@acme.example", "bob@acme.example"
TRACES = ("ada@acme", "ada lovelace", "github:adal", "acct_ada", "install-ada", "s-ada", "okta-ada")
FILE = (
    "email,name,team,manager,install_id\n"
    f"{ADA},Ada Lovelace,payments,,install-ada\n"
    f"{BOB},Bob Babbage,payments,{ADA},install-bob\n"
)


def session(name: str, number: int = 0) -> Session:
    return Session(
        f"s-{name}-{number}",
        f"{name}@acme.example",
        install_id=f"install-{name}",
        account_id=f"acct_{name}",
    )


def telemetry(start: dt.datetime = NOON, days: int = 3) -> list[NewBody]:
    """Both work each day; a body holds both."""
    bodies = []
    for day in range(days):
        time = start + day * DAY
        ada, bob = session("ada", time.day), session("bob", time.day)
        bodies.append(
            body_of(
                ada.call(time, tokens={"input": 1000 + day}, prompt_id="s-ada-prompt"),
                bob.call(time, tokens={"input": 100 + day}),
                # of the same session, from a witness that says nothing of who it is
                Session(ada.id, "", install_id="").call(time + DAY / 24, tokens={"input": 7}),
            )
        )
    return bodies


def work() -> list[Record]:
    at = NOON + DAY
    return [
        Person(key="okta-ada", email=ADA, name="Ada Lovelace", team="payments"),
        Person(key="okta-bob", email=BOB, name="Bob Babbage", team="payments", manager="okta-ada"),
        Account(key="github:adal", account="github:adal", email=ADA, name="Ada Lovelace"),
        Membership(key="payments/adal", team="payments", member="github:adal"),
        *(
            Commit(
                key=sha,
                sha=sha,
                repo="acme/shop",
                author=login,
                author_email=email,
                author_name=name,
                committed_at=at,
                additions=10,
                deletions=2,
                files=1,
            )
            for sha, login, email, name in (
                ("c1", "github:adal", "Ada@acme.example", "Ada Lovelace"),
                ("c2", "github:bob", BOB, "Bob Babbage"),
            )
        ),
        PullRequest(
            key="acme/shop#1",
            repo="acme/shop",
            number=1,
            state="merged",
            author="github:bob",
            merged_by="github:adal",
            created_at=NOON,
            merged_at=at,
            additions=10,
            deletions=1,
        ),
        Review(
            key="github:adal/1",
            repo="acme/shop",
            pull_request="acme/shop#1",
            reviewer="github:adal",
            state="approved",
            submitted_at=at,
        ),
        Incident(key="i1", created_at=at, responders=("github:adal", "github:bob")),
        Issue(
            key="PAY-1",
            id="PAY-1",
            name="PAY-1",
            project="PAY",
            reporter=f"email:{ADA}",
            assignee=f"email:{BOB}",
            created_at=NOON,
        ),
        Transition(key="t1", issue="PAY-1", happened_at=at, actor=f"email:{ADA}"),
        Worklog(
            key=f"PAY-1|{ADA}", issue="PAY-1", worker=f"email:{ADA}", day=at.date(), seconds=60
        ),
        UsageDay(
            key=f"x|{ADA}",
            day=at.date(),
            assistant="copilot",
            provider="github",
            actor=f"email:{ADA}",
            api_key="s-ada-key",
            sessions=3,
        ),
        SurveyAnswer(
            key=f"q|{ADA}",
            survey="q",
            question="x",
            day=at.date(),
            respondent=f"email:{ADA}",
            score=4.0,
        ),
    ]


def hear(house: House, at: dt.datetime = NOON + 5 * DAY) -> None:
    house.inbox.put(work_bodies.page_bodies("okta", work(), at, str(at)))


@pytest.fixture
def company(tmp_path: Path) -> Iterator[House]:
    file = tmp_path / "people.csv"
    file.write_text(FILE)
    with open_house(tmp_path) as house:
        put_people(house.inbox, file)
        house.inbox.put(telemetry())
        hear(house)
        broken = b"\xff\xff broken, of " + ADA.encode()
        house.inbox.put([NewBody("logs", "protobuf", broken)])
        house.settle()
        Identities(house.state).decide("github:adal", ADA, True, BOB)
        Accounts(house.state).create(ADA, "Ada Lovelace", "member", ADA)
        look = Look(NOON, "1", "Grace", "admin", ADA, "/person", 1)
        Looks(house.state).add([look, look])
        house.backup(tmp_path / "before.tar")
        yield house


def _shas(house: House) -> list[tuple[str]]:
    return house.warehouse.query("select sha from work_commits order by 1")


def everything(house: House) -> Iterator[tuple[str, str]]:
    """Where and what: every row of every database, as text in lower case."""
    for table in house.warehouse.counts():
        for (row,) in rows(house.warehouse, f"select t::varchar from {table} t"):
            yield f"warehouse {table}", row.lower()
    for name in ("inbox.db", "state.db"):
        with sqlite3.connect(house.settings.data / name) as file:
            tables = [
                t for (t,) in file.execute("select name from sqlite_master where type='table'")
            ]
            for table in tables:
                for row in file.execute(f"select * from {table}"):
                    yield f"{name} {table}", repr(row).lower()
    for body in house.inbox.after(0, 1000, 1 << 30):
        if body.encoding == "arrow":
            table = pa.ipc.open_stream(body.payload()).read_all()
            yield f"body {body.number}", repr(table.to_pylist()).lower()


def traces(house: House) -> list[tuple[str, str]]:
    return [
        (where, what)
        for where, what in everything(house)
        if where != "state.db copies" and any(each in what for each in TRACES)
    ]


def figures(house: House) -> dict[str, object]:
    """What must be the same before and after, as sums of the facts."""
    return {
        f"{table}.{column}": rows(house.warehouse, f"select sum({column}) from {table}")
        for table, column in (
            *(("usage", "tokens"), ("usage_days", "list_nanos"), ("session_days", "requests")),
            *(("work_commits", "additions"), ("work_pull_requests", "lines")),
            *(("work_worklogs", "seconds"), ("work_surveys", "score"), ("vendor_days", "sessions")),
        )
    }


def test_somebody_forgotten_is_nowhere_and_totals_stay(company: House, tmp_path: Path) -> None:
    before, held = figures(company), {where for where, _ in traces(company)}
    assert {"warehouse events", "warehouse usage", "warehouse raw_commits"} <= held
    assert {"inbox.db poison", "state.db accounts", "state.db looks"} <= held
    report = company.people_forget(ADA, with_work=False)
    assert traces(company) == []
    for name in ("inbox.db", "state.db"):
        for file in company.settings.data.glob(f"{name}*"):
            assert ADA.encode() not in file.read_bytes(), file.name
    assert figures(company) == before
    assert asked(company, "tokens", "person") == {("",): 3003 + 21, (BOB,): 303}
    assert report.known
    assert report.rows["raw_people"] == 2
    assert report.bodies >= 4
    assert [Path(copy.path).name for copy in report.copies] == ["before.tar"]


def test_whoever_was_forgotten_does_not_come_back(company: House) -> None:
    company.people_forget(ADA, with_work=False)
    tokens, commits = total(company, "tokens"), _shas(company)
    company.inbox.put(telemetry(NOON + 10 * DAY))
    hear(company, NOON + 20 * DAY)
    file = company.settings.data / "again.csv"
    file.write_text(FILE)
    put_people(company.inbox, file)
    file.unlink()
    company.settle()
    kept = [(where, what) for where, what in traces(company) if where.startswith("warehouse")]
    assert kept == []
    assert total(company, "tokens") == 2 * tokens
    assert _shas(company) == commits
    assert not company.warehouse.query("select 1 from people where person = ?", [ADA])
    company.rebuild()
    assert [each for each in traces(company) if each[0].startswith("warehouse")] == []
    assert total(company, "tokens") == 2 * tokens


SILENT = Session("s-ada-5", "", install_id="")  # of Ada's first day; names nobody
LATER = Session("s-ada-99", "", install_id="")  # of a session that begins after she was forgotten


@pytest.mark.parametrize("with_work", [False, True])
def test_what_comes_later_of_their_sessions_is_theirs_though_it_names_nobody(
    company: House, with_work: bool
) -> None:
    assert SILENT.id == session("ada", NOON.day).id
    company.people_forget(ADA, with_work=with_work)
    tokens = total(company, "tokens")
    at = NOON + 6 * DAY
    bodies = [
        [SILENT.call(at, tokens={"input": 50})],
        [LATER.call(at, tokens={"input": 500})],  # nothing says yet whose it is
        [session("ada", 99).call(at + DAY / 24, tokens={"input": 5000})],
        [LATER.call(at + DAY / 12, tokens={"input": 50_000})],
    ]
    for each in bodies:  # one after another: each a batch of its own
        company.inbox.put([body_of(*each)])
        company.settle()
    assert [each for each in traces(company) if each[0].startswith("warehouse")] == []
    assert total(company, "tokens") == tokens + (0 if with_work else 55_550)
    if not with_work:  # work of one session stays work of one session
        sql = "select count(*) from events group by session order by 1"
        found = rows(company.warehouse, sql)
        assert (3,) in found
    company.rebuild()
    assert [each for each in traces(company) if each[0].startswith("warehouse")] == []
    assert total(company, "tokens") == tokens + (0 if with_work else 55_550)


def test_with_their_work_totals_shrink_and_stay_so(company: House) -> None:
    company.people_forget(ADA, with_work=True)
    assert traces(company) == []
    assert asked(company, "tokens", "person") == {(BOB,): 303}
    company.inbox.put(telemetry(NOON + 10 * DAY))
    hear(company, NOON + 20 * DAY)
    company.settle()
    assert asked(company, "tokens", "person") == {(BOB,): 606}
    assert company.warehouse.query("select count(*) from raw_commits") == [(1,)]


def test_days_without_raw_records_are_cleaned_too(company: House) -> None:
    company.warehouse.drop_raw_before((NOON + 100 * DAY).date())
    tokens = total(company, "tokens")
    company.people_forget(ADA, with_work=False)
    assert traces(company) == []
    assert total(company, "tokens") == tokens


def test_forgetting_can_be_cut_off_and_said_again(
    company: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from steelyard.people import erase

    whole = erase.erase

    def breaks(*arguments: object) -> dict[str, int]:
        whole(*arguments)  # type: ignore[arg-type]
        raise RuntimeError("the machine stops before the commit")

    tokens = total(company, "tokens")
    monkeypatch.setattr(erase, "erase", breaks)
    with pytest.raises(RuntimeError):
        company.people_forget(ADA, with_work=False)
    company.rebuild()
    assert total(company, "tokens") == tokens
    monkeypatch.setattr(erase, "erase", whole)
    company.people_forget(ADA, with_work=False)
    assert traces(company) == []
    assert total(company, "tokens") == tokens
    assert not company.people_forget(ADA, with_work=False).known


def test_what_they_decided_and_planned_stays_without_them(company: House) -> None:
    Identities(company.state).decide("github:bob", BOB, True, "Ada Lovelace")
    with company.state.transaction() as connection:
        values = "'a', 1, '{}', 'd', '2026-01-01', '2026-01-01'"
        connection.execute(text(f"INSERT INTO plans VALUES ({values}, '{ADA}')"))
    company.people_forget(ADA, with_work=False)
    assert traces(company) == []
    assert [each.by for each in Identities(company.state).decisions()] == [""]
    with company.state.transaction() as connection:
        assert connection.execute(text("SELECT count(*) FROM plans")).scalar() == 1


def test_nobody_is_forgotten_by_mistake(company: House) -> None:
    with pytest.raises(UnknownName):
        company.people_forget("Charles", with_work=False)
    company.people_forget(BOB, with_work=False)
    assert asked(company, "tokens", "person") == {(ADA,): 3003 + 21, ("",): 303}


def test_a_copy_holds_every_row_of_one_person(company: House, tmp_path: Path) -> None:
    file = tmp_path / "ada.zip"
    report = company.people_export(ADA, file)
    assert file.stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(file) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        rows = {
            each["file"]: list(csv.DictReader(io.StringIO(archive.read(each["file"]).decode())))
            for each in manifest["files"]
        }
    assert manifest["person"] == ADA
    assert {name.removesuffix(".csv"): len(found) for name, found in rows.items()} == report.tables
    assert len(rows["events.csv"]) == 6
    assert [row["sha"] for row in rows["raw_commits.csv"]] == ["c1"]
    assert len(rows["looks.csv"]) == 2
    assert "password" not in rows["accounts.csv"][0]
    named = {where.split()[1] for where, _ in traces(company) if where.startswith("warehouse")}
    assert named - set(report.tables) <= {"prices", "models", "vendor_told", "shown_built"}
    assert BOB not in {row["person"] for row in rows["usage.csv"]}


def test_state_keeps_no_name_of_whom_it_lets_in_no_more(company: House) -> None:
    company.people_forget(ADA, with_work=False)
    with company.state.transaction() as connection:
        found = connection.execute(text("SELECT digest FROM forgotten")).all()
    assert found
    assert all(len(row[0]) == 64 for row in found)
