"""`steelyard migrate`: everything is there and proved equal, a difference is found, and a copy that
was cut off counts for nothing."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.app.bodies import facts, week
from tests.demo.company import demo_house
from tests.postgres import Postgres
from tests.server.running import get, running
from tests.server.sending import Client, made_up
from tests.warehouse.opened import database, rows

from steelyard.app import migrating
from steelyard.app.house import House
from steelyard.app.migrating import MigrateReport
from steelyard.cli.main import main
from steelyard.config import Settings, load_settings
from steelyard.errors import NewerData, StoreError, UsageError
from steelyard.state.database import open_state
from steelyard.state.tokens import Tokens
from steelyard.warehouse import open_warehouse
from steelyard.warehouse.duck import DuckWarehouse
from steelyard.warehouse.migrations import latest
from steelyard.warehouse.wire import Wire

Said = tuple[int, dict[str, Any], str]
Migrate = Callable[..., Said]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the demo company, and one token in its state."""
    folder = tmp_path_factory.mktemp("company")
    with demo_house(folder, weeks=4).house as house:
        Tokens(house.state).create("laptops")
    return folder / "data"


@pytest.fixture
def small(tmp_path: Path) -> Settings:
    """A folder with a week's telemetry."""
    found = settings(tmp_path / "data")
    with House(found) as house:
        house.inbox.put(week()[:3])
        house.settle()
    return found


@pytest.fixture
def migrate(capsys: pytest.CaptureFixture[str]) -> Migrate:
    """The command: its exit code, what it printed as JSON, and what it said."""

    def call(data: Path, *targets: str) -> Said:
        to = [word for url in targets for word in ("--to", url)]
        capsys.readouterr()
        code = main(["migrate", "--data", str(data), "--format", "json", *to])
        out, err = capsys.readouterr()
        return code, json.loads(out or "{}"), err

    return call


def settings(data: Path, **said: str) -> Settings:
    return load_settings(data, threads=1, memory_limit="1GB", **said)


def held(data: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in data.glob("*.d*b*")}


def different(report: dict[str, Any]) -> dict[str, list[str]]:
    return {each["table"]: each["different"] for each in report["tables"] if not each["equal"]}


def quickly(found: Settings, url: str) -> MigrateReport:
    return migrating.migrate(found, [url], lambda _done, _total: None)


@pytest.fixture
def without_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only tables are looked at: every metric on two engines takes seconds."""
    monkeypatch.setattr(migrating, "_metrics", lambda *_: {})


def test_a_company_is_there_whole_and_a_difference_is_found(
    company: Path, postgres: Postgres, migrate: Migrate, tmp_path: Path
) -> None:
    url, state = database(), postgres.database()
    before = held(company)
    code, report, said = migrate(company, url, state)
    assert (code, report["equal"], different(report)) == (0, True, {}), said
    assert report["copied"] == {"warehouse": True, "state": True}
    assert held(company) == before, "the folder is only read"
    counts = {each["table"]: each["before"] for each in report["tables"]}
    assert counts["events"] > 1000
    assert counts["tokens"] == 1
    assert report["metrics"] > 100
    assert f"STEELYARD_WAREHOUSE={url}" in said
    _in_the_same_order(company, url, tmp_path)

    wire = Wire(url)
    day = "SELECT max(day) FROM usage_days WHERE list_nanos > 0"
    wire.run(
        "ALTER TABLE usage_days_rows UPDATE list_nanos = list_nanos + 1000"
        f" WHERE list_nanos > 0 AND day = ({day})"
    )
    wire.run("DELETE FROM events WHERE of_place = 7")
    wire.close()
    postgres.sql("UPDATE tokens SET name = 'others'", state.split("/")[3].partition("?")[0])
    code, report, said = migrate(company, url, state)
    assert (code, report["equal"]) == (3, False)
    found = different(report)
    assert found.keys() == {"usage_days", "events", "tokens"}
    assert found["usage_days"] == ["list_nanos"]
    assert "spend_usd" in report["metrics_different"]
    assert "do not use it" in said


def _in_the_same_order(company: Path, url: str, folder: Path) -> None:
    """Raw records come back as they were written, whose order tells copies apart."""
    with open_warehouse(url, threads=1) as there:
        there.copy_to(folder / "back.duckdb")
    with (
        DuckWarehouse(str(company / "steelyard.duckdb"), read_only=True) as here,
        DuckWarehouse(str(folder / "back.duckdb"), read_only=True) as back,
    ):
        for name in ("events", "points"):
            assert back.arrow(f"from {name}").equals(here.arrow(f"from {name}")), name


CUT_OFF = """
import os, signal, sys
from pathlib import Path
from steelyard.app import migrating
from steelyard.config import load_settings
from steelyard.warehouse import clickhouse, moving
moving._AT_ONCE = 100
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
def update(done, total):
    if sys.argv[3] == "copying" and done * 2 > total:
        die()
if sys.argv[3] == "proving":
    migrating._tables = die
found = load_settings(Path(sys.argv[1]), threads=1, memory_limit="1GB")
migrating.migrate(found, [sys.argv[2]], update)
"""


@pytest.mark.usefixtures("without_metrics")
def test_a_copy_cut_off_begins_anew_and_a_whole_one_is_proved_again(small: Settings) -> None:
    url = database()
    for at in ("copying", "proving"):
        words = [sys.executable, "-c", CUT_OFF, str(small.data), url, at]
        root = Path(__file__).resolve().parents[2]
        assert subprocess.run(words, cwd=root, timeout=120).returncode == -signal.SIGKILL
        with open_warehouse(url, threads=1) as there:
            assert (there.position() > 0) == (at == "proving")
        if at == "copying":
            wire = Wire(url)
            assert wire.rows("SELECT count() FROM events")[0][0] > 0, "it was in the middle"
            assert wire.rows("SELECT count() FROM usage") == [(0,)]
            wire.close()
    report = quickly(small, url)
    assert report.equal
    assert report.copied == {"warehouse": False}


@pytest.mark.usefixtures("without_metrics")
def test_it_goes_on_where_it_was_with_nothing_counted_twice(
    small: Settings, tmp_path: Path
) -> None:
    beside = settings(tmp_path / "beside")
    shutil.copytree(small.data, beside.data)
    url = database()
    assert quickly(small, url).equal
    moved = settings(small.data, warehouse=url)
    with House(beside) as embedded, House(moved) as house:
        assert house.warehouse.position() == embedded.warehouse.position() == 3
        for each in (embedded, house):
            each.inbox.put(week()[:4])  # three of them again, and one more
            each.settle()
        for name, expected in facts(embedded).items():
            columns = ", ".join(row[0] for row in embedded.warehouse.query(f"describe {name}"))
            found = rows(house.warehouse, f"select {columns} from {name}")
            assert sorted(found, key=repr) == expected, name
        assert house.warehouse.records() == embedded.warehouse.records()


@pytest.mark.slow
@pytest.mark.usefixtures("without_metrics")
def test_a_server_goes_on_with_the_moved_warehouse(small: Settings) -> None:
    url = database()
    assert quickly(small, url).equal
    with running(small.data, STEELYARD_WAREHOUSE=url) as server:
        client = Client(server)
        assert client.send(made_up("late", "later", session="new")) == 200
        client.close()
        server.settle()
        for page in ("/", "/spend", "/sources"):
            code, text = get(server.web + page, Accept="text/html")
            assert code == 200, (page, text[-500:])
        asked = "/api/v1/ask?metrics=api_requests&from=2026-11-01&to=2026-11-02"
        code, text = get(server.web + asked)
        assert (code, json.loads(text)["rows"]) == (200, [{"api_requests": 2}])
        with pytest.raises(StoreError, match="is running"):
            quickly(settings(small.data), database())
    with open_warehouse(url) as there:
        found = there.facts.query("SELECT count() FROM events WHERE session = 'new'")
        assert found == [(2,)]


@pytest.mark.usefixtures("without_metrics")
def test_what_is_refused(small: Settings, postgres: Postgres, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no URL"):
        quickly(small, "elsewhere")
    with pytest.raises(UsageError, match="Nothing moves to mysql"):
        quickly(small, "mysql://host/steelyard")
    with pytest.raises(StoreError, match="There is no warehouse"):
        quickly(settings(tmp_path / "nothing"), database())
    newer = database()
    open_warehouse(newer).close()
    wire = Wire(newer)
    wire.run(f"INSERT INTO schema_version VALUES ({latest() + 1})")
    wire.close()
    with pytest.raises(NewerData):
        quickly(small, newer)
    state = postgres.database()
    with_state = open_state(state)
    Tokens(with_state).create("others")
    with_state.close()
    with House(small) as house:
        Tokens(house.state).create("laptops")
    report = quickly(small, state)
    assert (report.equal, report.copied) == (False, {"state": False})


@pytest.mark.usefixtures("without_metrics")
def test_an_older_folder_is_left_as_it_is(small: Settings) -> None:
    file = small.data / "steelyard.duckdb"
    with DuckWarehouse(str(file)) as warehouse, warehouse.transaction() as cursor:
        cursor.execute("delete from schema_version where version = ?", [latest()])
    before = file.read_bytes()
    with pytest.raises(StoreError, match="of an older Steelyard"):
        quickly(small, database())
    assert file.read_bytes() == before
