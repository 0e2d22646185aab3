"""Backup and restore: equal answers, nothing replaced by what is not whole."""

from __future__ import annotations

import json
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.app.bodies import NOON, body_of, facts, week
from tests.ledger.world import Session
from tests.recorded import asked, open_house

from steelyard.app.backup import restore_backup
from steelyard.app.house import House
from steelyard.config import Settings, load_settings
from steelyard.errors import BadFile, NewerData, StoreError
from steelyard.state.tokens import Tokens
from steelyard.warehouse.migrations import latest

if TYPE_CHECKING:
    from tests.postgres import Postgres


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(tmp_path_factory.mktemp("house")) as opened:
        opened.inbox.put(week())
        opened.settle()
        yield opened


@pytest.fixture(scope="module")
def backup(house: House, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("backup") / "deep" / "steelyard.tar"
    report = house.backup(file)
    assert report.bytes == file.stat().st_size
    assert report.tables["usage"] == 10
    assert [path.name for path in file.parent.iterdir()] == ["steelyard.tar"]
    return file


def empty(folder: Path) -> Settings:
    return load_settings(folder / "data", threads=1, memory_limit="500MB")


def test_a_restored_house_gives_equal_answers(house: House, backup: Path, tmp_path: Path) -> None:
    report = restore_backup(empty(tmp_path), backup, replace=False)
    assert report.tables["usage"] == 10
    with open_house(tmp_path) as again:
        assert again.settle() == {}
        assert facts(again) == facts(house)
        for metric in ("tokens", "spend_usd", "commits_by_assistant"):
            assert asked(again, metric, "day", "person") == asked(house, metric, "day", "person")
        assert again.inbox.status().received == house.inbox.status().received


def test_what_came_after_the_copy_of_the_warehouse_is_applied_later(
    house: House, tmp_path: Path
) -> None:
    """Bodies keep coming while a backup is written: none is lost, none counts twice."""
    with open_house(tmp_path / "busy") as busy:
        busy.inbox.put(week())
        busy.settle()
        stop = threading.Event()
        sent: list[int] = []

        def receive() -> None:
            while not stop.is_set():
                who = Session(f"late-{len(sent)}", "late@acme.example")
                sent.append(busy.inbox.put([body_of(who.call(NOON, tokens={"input": 1}))])[0])
                if len(sent) % 5 == 0:
                    busy.applier.run()

        receiver = threading.Thread(target=receive)
        receiver.start()
        try:
            for n in range(2):
                busy.backup(tmp_path / f"{n}.tar")
        finally:
            stop.set()
            receiver.join()
    for n in range(2):
        settings = empty(tmp_path / str(n))
        restore_backup(settings, tmp_path / f"{n}.tar", replace=False)
        with open_house(tmp_path / str(n)) as again:
            again.settle()
            kept = again.inbox.status().last_number - 10
            late = "select coalesce(sum(tokens), 0) from usage where person = 'late@acme.example'"
            assert again.warehouse.query(late)[0][0] == kept <= len(sent)


def test_data_is_not_replaced_unasked(backup: Path, tmp_path: Path) -> None:
    settings = empty(tmp_path)
    restore_backup(settings, backup, replace=False)
    with pytest.raises(StoreError, match="already holds data") as refused:
        restore_backup(settings, backup, replace=False)
    assert "--replace" in refused.value.hint
    restore_backup(settings, backup, replace=True)


def test_session_files_read_since_are_read_again(backup: Path, tmp_path: Path) -> None:
    settings = empty(tmp_path)
    restore_backup(settings, backup, replace=False)
    marks = settings.data / "imported-transcripts.json"
    marks.write_text("{}")
    restore_backup(settings, backup, replace=True)
    assert not marks.exists()


def changed(backup: Path, target: Path, **parts: bytes | None) -> Path:
    """The backup with parts replaced (name without suffix), or left out."""
    with tarfile.open(backup) as old, tarfile.open(target, "w") as new:
        for member in old.getmembers():
            data = old.extractfile(member)
            assert data is not None
            content = parts.get(Path(member.name).stem, data.read())
            if content is not None:
                file = target.parent / f"part-{member.name}"
                file.write_bytes(content)
                new.add(file, member.name)
    return target


def manifest(backup: Path) -> dict[str, object]:
    with tarfile.open(backup) as tar:
        data = tar.extractfile("manifest.json")
        assert data is not None
        told: dict[str, object] = json.loads(data.read())
        return told


def damaged(backup: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    whole = backup.read_bytes()
    short = folder / "short.tar"
    short.write_bytes(whole[: len(whole) // 2])
    yield "cut short", short
    letter = folder / "letter.tar"
    letter.write_bytes(b"Dear all, " * 200)
    yield "no archive", letter
    yield "no warehouse", changed(backup, folder / "a.tar", steelyard=None)
    yield "no manifest", changed(backup, folder / "b.tar", manifest=None)
    yield "odd manifest", changed(backup, folder / "c.tar", manifest=b"[1]")
    told = json.dumps({**manifest(backup), "tables": {"usage": 11}}).encode()
    yield "missing rows", changed(backup, folder / "d.tar", manifest=told)
    yield "broken warehouse", changed(backup, folder / "e.tar", steelyard=b"x" * 5000)


def test_a_damaged_backup_replaces_nothing(backup: Path, tmp_path: Path) -> None:
    settings = empty(tmp_path)
    restore_backup(settings, backup, replace=False)
    before = (settings.data / "steelyard.duckdb").read_bytes()
    for what, file in damaged(backup, tmp_path):
        with pytest.raises(BadFile) as refused:
            restore_backup(settings, file, replace=True)
        assert str(file) in refused.value.message, what
        assert (settings.data / "steelyard.duckdb").read_bytes() == before, what
    left = {path.name for path in settings.data.iterdir()}
    assert left <= {"steelyard.duckdb", "inbox.db", "state.db"}


def test_a_backup_of_a_newer_version_is_refused(backup: Path, tmp_path: Path) -> None:
    told = json.dumps({**manifest(backup), "schema": latest() + 1}).encode()
    newer = changed(backup, tmp_path / "newer.tar", manifest=told)
    with pytest.raises(NewerData):
        restore_backup(empty(tmp_path), newer, replace=False)


def test_a_backup_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="There is no backup"):
        restore_backup(empty(tmp_path), tmp_path / "none.tar", replace=False)


def test_a_backup_that_cannot_be_written_says_so(house: House, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be written"):
        house.backup(tmp_path / "file" / "backup.tar")


def test_a_state_in_postgresql_is_in_the_backup_and_comes_back(
    tmp_path: Path, postgres: Postgres
) -> None:
    there, elsewhere = postgres.database(), postgres.database()
    with House(load_settings(tmp_path / "one", state=there, threads=1)) as one:
        Tokens(one.state).create("laptops")
        one.backup(tmp_path / "whole.tar")
    moved = load_settings(tmp_path / "two", state=elsewhere, threads=1)
    restore_backup(moved, tmp_path / "whole.tar", replace=False)
    assert not (moved.data / "state.db").exists()
    with House(moved) as two:
        assert [token.name for token in Tokens(two.state).list()] == ["laptops"]
        Tokens(two.state).create("since")
    with pytest.raises(StoreError, match="already"):
        restore_backup(
            load_settings(tmp_path / "x", state=elsewhere), tmp_path / "whole.tar", False
        )
    assert not (tmp_path / "x" / "steelyard.duckdb").exists(), "nothing is half restored"
    restore_backup(moved, tmp_path / "whole.tar", replace=True)
    embedded = empty(tmp_path)
    restore_backup(embedded, tmp_path / "whole.tar", replace=False)
    for settings in (moved, embedded):
        with House(settings) as again:
            assert [token.name for token in Tokens(again.state).list()] == ["laptops"]
