"""A server reads its sources by itself; commands beside it do the same; trouble is told."""

from __future__ import annotations

import datetime as dt
import json
import signal
from pathlib import Path

from tests.server.running import command, running, until
from tests.standins.git import Repo

WHOLE = ("--from", "2026-03-01", "--to", "2026-03-31")


def made(folder: Path) -> Repo:
    repo = Repo(folder)
    repo.commit("one", app_py="1\n")
    repo.later(hours=1).commit("two", app_py="1\n2\n")
    return repo


def commits(data: Path) -> int | None:
    asked = command("ask", "commits", *WHOLE, "--data", str(data), "--format", "json")
    assert asked.returncode == 0, asked.stderr
    count: int | None = json.loads(asked.stdout)["rows"][0]["commits"]
    return count


def test_a_server_reads_what_is_due_and_a_command_reads_it_now(tmp_path: Path) -> None:
    data, repo = tmp_path / "data", made(tmp_path / "app")
    there = ("--data", str(data))
    with running(data) as server:
        added = command("source", "add", "git", str(repo.folder), "--name", "app", *there)
        assert added.returncode == 0, added.stderr
        until(lambda: commits(data) == 2, "the schedule's reading", 60)
        repo.later(hours=1).commit("three", app_py="1\n2\n3\n")
        synced = command("source", "sync", "app", *there)
        assert synced.returncode == 0, synced.stderr
        assert commits(data) == 3
        assert "app/" in synced.stderr
        assert server.stop() == 0
    again = command("source", "sync", *there, "--format", "json")
    assert again.returncode == 0, again.stderr
    assert commits(data) == 3
    listed = command("source", "list", *there, "--format", "json")
    [known] = json.loads(listed.stdout)
    assert known["status"] == "ok" and known["kind"] == "git"


def test_trouble_stands_in_the_list_in_doctor_and_on_the_page_and_heals(tmp_path: Path) -> None:
    data, repo = tmp_path / "data", made(tmp_path / "app")
    there = ("--data", str(data))
    assert command("source", "add", "git", str(repo.folder), *there).returncode == 0
    away = repo.folder.rename(tmp_path / "away")
    failed = command("source", "sync", *there)
    assert failed.returncode == 3
    listed = command("source", "list", *there)
    assert "failing" in listed.stdout and str(repo.folder) in listed.stdout
    examined = command("doctor", *there)
    assert examined.returncode == 1 and "source git" in examined.stdout
    away.rename(repo.folder)
    assert command("source", "sync", *there).returncode == 0
    assert "FAIL" not in command("source", "list", *there).stdout


def test_a_killed_server_leaves_no_reader_behind(tmp_path: Path) -> None:
    data, repo = tmp_path / "data", made(tmp_path / "app")
    with running(data) as server:
        command("source", "add", "git", str(repo.folder), "--data", str(data))
        until(lambda: len(server.members()) > 3, "a reading process", 60)
        server.process.send_signal(signal.SIGKILL)
        until(lambda: not server.members(), "the end of the whole tree", 60)
    assert command("source", "sync", "--data", str(data)).returncode == 0
    assert commits(data) == 2


def test_an_unknown_option_a_secret_in_clear_and_a_taken_name_are_refused(tmp_path: Path) -> None:
    there = ("--data", str(tmp_path / "data"))
    wrong = command("source", "add", "git", "/x", "--set", "brnch=main", *there)
    assert wrong.returncode == 2 and "branch" in wrong.stderr
    clear = command("source", "add", "tempo", "--set", "token=s3cret", *there)
    assert clear.returncode == 2 and "env:NAME" in clear.stderr and "s3cret" not in clear.stderr
    ok = command("source", "add", "tempo", "--set", "token=env:TEMPO", "--every", "30m", *there)
    assert ok.returncode == 0, ok.stderr
    again = command("source", "add", "tempo", "--set", "token=env:TEMPO", *there)
    assert again.returncode == 2 and "already" in again.stderr
    missing = command("source", "sync", *there)
    assert missing.returncode == 3 and "TEMPO" in missing.stderr


def test_kinds_and_their_options_are_listed() -> None:
    listed = command("source", "kinds", "--format", "json")
    kinds = {row["kind"] for row in json.loads(listed.stdout)}
    assert {"git", "github", "jira", "microsoft-graph", "claude-code-analytics"} <= kinds
    options = json.loads(command("source", "kinds", "github", "--format", "json").stdout)
    assert options[0]["name"] == "repositories"
    assert {"name": "token", "default": "secret"}.items() <= options[1].items()


def test_a_due_source_is_due_again_after_its_interval() -> None:
    from steelyard.state.sources import KnownSource, StreamState

    began = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
    hour = dt.timedelta(hours=1)
    known = KnownSource("x", "git", {}, hour, began, (StreamState("commits", started=began),))
    assert not known.is_due(began + hour - dt.timedelta(seconds=1))
    assert known.is_due(began + hour)
