"""Commits out of real repositories: the numbers are git's own, the text stays where it is."""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.standins.git import BOB, START, Repo, numbered, wild

from steelyard.errors import BadFile, ConfigError, SourceDenied, SourceError, SteelyardError
from steelyard.model import Account, Commit, Record
from steelyard.sources.contract import Page
from steelyard.sources.git.history import History
from steelyard.sources.git.repository import find
from steelyard.sources.git.source import Git
from steelyard.sources.network import Network
from steelyard.sources.tables import to_tables

NOW = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
CLAUDE = "Co-Authored-By: Claude <noreply@anthropic.com>"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "app")


def source(path: Path, **options: object) -> Git:
    return Git(Git.Options(path=str(path), **options), Network())


def pages(path: Path, cursor: str | None = None, **options: object) -> Iterator[Page]:
    for stream in source(path, **options).streams():
        yield from stream.pages(cursor, NOW)


def records(path: Path, **options: object) -> list[Record]:
    return [record for page in pages(path, **options) for record in page.records]


def commits(path: Path, **options: object) -> dict[str, Commit]:
    found = [record for record in records(path, **options) if isinstance(record, Commit)]
    assert len({commit.key for commit in found}) == len(found)
    return {commit.sha: commit for commit in found}


def shortstat(repo: Repo) -> dict[str, tuple[int, int, int]]:
    """Files, additions, deletions of each commit that is no merge, as git prints them."""
    said = repo.git("log", "--no-merges", "--shortstat", "--format=%x00%H")
    found = {}
    for part in said.split("\0")[1:]:
        numbers = [re.search(rf"(\d+) {word}", part) for word in ("file", "insertion", "deletion")]
        found[part[:40]] = tuple(int(n[1]) if n else 0 for n in numbers)
    return found  # type: ignore[return-value]


@pytest.mark.parametrize("seed", range(2))
def test_numbers_are_those_of_git(tmp_path: Path, seed: int) -> None:
    repo = wild(tmp_path / "app", seed, commits=16)
    found = commits(repo.folder)
    assert set(found) == set(repo.git("rev-list", "HEAD").split())
    plain = {sha: commit for sha, commit in found.items() if not commit.is_merge}
    assert {s: (c.files, c.additions, c.deletions) for s, c in plain.items()} == shortstat(repo)
    merges = [commit for commit in found.values() if commit.is_merge]
    assert merges and all(m.additions is m.deletions is m.files is None for m in merges)


def test_all_kinds_of_changes_are_counted_as_git_counts_them(repo: Repo) -> None:
    (repo.folder / "link").symlink_to("a.txt")
    repo.write("a.txt", numbered(("a", 40))).write("logo.png", b"\x89PNG\0\1\2").commit()
    repo.git("mv", "a.txt", "b c.txt")
    repo.commit("rename only")
    repo.write("b c.txt", numbered(("a", 40), ("x", 2))).write("logo.png", b"\0\0").commit()
    (repo.folder / "b c.txt").rename(repo.folder / 'ä "q"\n\t.txt')
    repo.commit("odd name")
    (repo.folder / 'ä "q"\n\t.txt').chmod(0o755)
    repo.commit("mode only")
    (repo.folder / "link").unlink()
    repo.write("link", "now a file\nwith lines\n").commit("changed type")
    repo.write("late.bin", b"x\n" * 5000 + b"\0\n").write("crlf", "a\r\nb").commit()
    repo.write("tricky", "-- a\n++ b\n@@ -1,2 +3,4 @@\ndiff --git a/x b/x\n").commit()
    repo.write("tricky", "++ b\n@@ -1,2 +3,4 @@\n--- a\n+++ b\n").commit(
        "index 0..1\n\n@@ -1 +1 @@"
    )
    repo.commit("empty")
    found = commits(repo.folder)
    assert {s: (c.files, c.additions, c.deletions) for s, c in found.items()} == shortstat(repo)
    assert len(found) == 10


def test_who_and_when(repo: Repo) -> None:
    repo.write(".mailmap", "Ada Lovelace <ada@acme.test> <ADA@home.test>\n").commit()
    sha = repo.later(hours=2).commit("x", author="ada <ada@home.test>")
    login = repo.commit("y", author="Ada <12+ada@users.noreply.github.com>")
    bot = repo.commit("z", author="dependabot[bot] <9+dependabot[bot]@users.noreply.github.com>")
    found = commits(repo.folder)
    assert found[sha].author_email == "ada@acme.test"
    assert found[sha].author_name == "Ada Lovelace"
    assert found[sha].authored_at == found[sha].committed_at == START + dt.timedelta(hours=2)
    assert found[login].author == "github:ada"
    assert found[bot].author == ""
    accounts = [record for record in records(repo.folder) if isinstance(record, Account)]
    assert {(a.account, a.email, a.bot) for a in accounts} == {
        ("email:ada@home.test", "ada@acme.test", False),
        ("email:9+dependabot[bot]@users.noreply.github.com", "", True),
    }


def test_an_address_of_two_people_joins_nobody(repo: Repo) -> None:
    mailmap = "Ada <ada@acme.test> ada <root@localhost>\nBob <bob@acme.test> bob <root@localhost>\n"
    repo.write(".mailmap", f"# <x@x> <y@y>\n{mailmap}Ada <ada@acme.test>\n").commit()
    assert not [record for record in records(repo.folder) if isinstance(record, Account)]


def test_marks_of_the_message_are_kept_and_the_message_is_not(repo: Repo) -> None:
    repo.git("remote", "add", "origin", "git@github.com:Acme/App.git")
    first = repo.commit(f"PAY-12 Secret plan (#7)\n\nUTF-8 now\n\n{CLAUDE}\n", a="1\n")
    second = repo.commit(f'Revert "Secret plan"\n\nThis reverts commit {first}.', a="2\n")
    found = commits(repo.folder)
    assert found[first].assistants == ("claude-code",)
    assert found[first].evidence == "trailer"
    assert found[first].issues == ("PAY-12", "github.com/acme/app#7")
    assert found[second].reverts == first
    assert found[second].repo == "github.com/acme/app"
    assert "ecret" not in repr(records(repo.folder))
    assert to_tables(records(repo.folder))["commits"].num_rows == 2


def test_an_authorship_note_is_the_best_evidence(repo: Repo) -> None:
    sha = repo.commit("x\n\nCo-authored-by: Cursor <cursoragent@cursor.com>", a="1\n" * 20)
    human = repo.commit("y", b="1\n")
    broken = repo.commit("z", c="1\n")
    note = (
        'a\n  s_0123456789abcd::t_0123456789abcd 1-10,15\n  h_31dce776f88375 11-14\n"b c"\n'
        '  aaaabbbbccccdddd 3\n---\n{"schema_version": "authorship/3.0.0", "sessions":'
        ' {"s_0123456789abcd": {"agent_id": {"tool": "claude", "id": "1", "model": "m"}}},'
        ' "prompts": {"aaaabbbbccccdddd": {"agent_id": {"tool": "copilot"}, "messages": ["no"]}}}'
    )
    repo.git("notes", "--ref=ai", "add", "-F", "-", sha, given=note)
    only = "b\n  h_31dce776f88375 1\n---\n{}"
    repo.git("notes", "--ref=ai", "add", "-F", "-", human, given=only)
    repo.git("notes", "--ref=ai", "add", "-m", "something else", broken)
    found = commits(repo.folder)
    assert found[sha].assistants == ("claude-code", "copilot", "cursor")
    assert (found[sha].evidence, found[sha].ai_lines) == ("note", 12)
    assert (found[human].evidence, found[human].ai_lines) == ("", 0)
    assert (found[broken].evidence, found[broken].ai_lines) == ("", None)


def test_a_note_that_comes_late_is_read(repo: Repo) -> None:
    first = repo.commit("old", a="1\n")
    repo.later(days=60).commit("new", a="2\n")
    cursor = list(pages(repo.folder))[-1].cursor
    assert not [r for page in pages(repo.folder, cursor) for r in page.records]
    note = 'a\n  s_1::t_1 1\n---\n{"sessions": {"s_1": {"agent_id": {"tool": "claude"}}}}'
    repo.git("notes", "--ref=ai", "add", "-F", "-", first, given=note)
    again = [r for page in pages(repo.folder, cursor) for r in page.records]
    late = [r for r in again if isinstance(r, Commit) and r.sha == first]
    assert late[0].ai_lines == 1


def test_clone_worktree_bare_and_folder_below_say_the_same(repo: Repo, tmp_path: Path) -> None:
    repo.write("sub/x", "1\n").write(".gitattributes", "x -diff\n").commit()
    repo.write("sub/x", "1\n2\n").write(".mailmap", "<ada@new.test> <ada@acme.test>\n").commit()
    here = commits(repo.folder, repo="r")
    repo.git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    repo.git("clone", "-q", ".", str(tmp_path / "clone"))
    repo.git("worktree", "add", "-q", str(tmp_path / "tree"), "-b", "other")
    for place in ("bare.git", "clone", "tree", "app/sub"):
        assert commits(tmp_path / place, repo="r") == here, place
    assert {commit.author_email for commit in here.values()} == {"ada@new.test"}
    assert {c.repo for c in commits(tmp_path / "bare.git").values()} == {"bare"}


def test_the_branch_is_the_remotes_default(repo: Repo, tmp_path: Path) -> None:
    main = repo.commit("main", a="1\n")
    repo.git("branch", "release/1")
    repo.git("clone", "-q", ".", str(tmp_path / "clone"))
    clone = Repo.__new__(Repo)
    clone.folder, clone.now, clone.author = tmp_path / "clone", START, BOB
    clone.commit("not pushed", b="1\n")
    clone.git("checkout", "-q", "-b", "topic")
    assert set(commits(clone.folder)) == {main}
    assert set(commits(clone.folder, branch="release/1")) == {main}
    assert len(commits(clone.folder, branch="topic")) == 2
    with pytest.raises(BadFile, match="no branch nope"):
        list(pages(clone.folder, branch="nope"))


def test_a_folder_of_repositories_has_a_stream_each(tmp_path: Path) -> None:
    one = Repo(tmp_path / "all" / "one").commit("1", a="1\n")
    two = Repo(tmp_path / "all" / "deep" / "two").commit("2", a="2\n")
    (tmp_path / "all" / "empty").mkdir()
    several = source(tmp_path / "all", repo="github.com/acme")
    assert [stream.name for stream in several.streams()] == ["history:deep/two", "history:one"]
    found = commits(tmp_path / "all", repo="github.com/acme")
    assert {sha: commit.repo for sha, commit in found.items()} == {
        one: "github.com/acme/one",
        two: "github.com/acme/two",
    }


def test_since_leaves_out_what_landed_before(repo: Repo) -> None:
    repo.commit("old", a="1\n")
    repo.git("checkout", "-q", "-b", "topic")
    early = repo.later(days=1).commit("written early", b="1\n")
    repo.git("checkout", "-q", "main")
    merge = repo.later(days=9).merge("topic")
    assert set(commits(repo.folder, since=dt.date(2026, 3, 10))) == {early, merge}
    assert commits(repo.folder, since=dt.date(2026, 5, 1)) == {}


def test_an_empty_repository_is_no_error(repo: Repo) -> None:
    (page,) = pages(repo.folder)
    assert not page.records and "no commits yet" in page.notes[0]
    sha = repo.commit("first", a="1\n")
    assert next(r.key for p in pages(repo.folder, page.cursor) for r in p.records) == sha


def test_a_shallow_clone_says_what_it_does_not_know(repo: Repo, tmp_path: Path) -> None:
    old = repo.commit("1", a="1\n")
    shas = [repo.later(days=1).commit("x", a=f"{i}\n1\n") for i in range(4)]
    repo.git("clone", "-q", "--depth=2", repo.folder.as_uri(), str(tmp_path / "clone"))
    said = list(pages(tmp_path / "clone", repo="r"))
    assert any("shallow" in note for page in said for note in page.notes)
    found = {r.sha: r for page in said for r in page.records if isinstance(r, Commit)}
    assert set(found) == set(shas[2:])
    assert (found[shas[2]].additions, found[shas[2]].files) == (None, None)
    assert (found[shas[3]].additions, found[shas[3]].deletions) == (1, 1)
    assert [c.what for c in source(tmp_path / "clone").check() if not c.ok] == ["clone is whole"]
    repo.git("-C", str(tmp_path / "clone"), "fetch", "-q", "--unshallow")
    again = [
        r for page in pages(tmp_path / "clone", said[-1].cursor, repo="r") for r in page.records
    ]
    assert {r.sha for r in again if isinstance(r, Commit)} == {old, *shas}


def test_a_partial_clone_is_refused_and_nothing_is_fetched(repo: Repo, tmp_path: Path) -> None:
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.commit("1", a="1\n")
    repo.commit("2", a="2\n")
    url = repo.folder.as_uri()
    repo.git("clone", "-q", "--no-checkout", "--filter=blob:none", url, str(tmp_path / "part"))
    with pytest.raises(SourceError, match="partial clone"):
        list(pages(tmp_path / "part"))
    assert [check.ok for check in source(tmp_path / "part").check()] == [True, True, False, True]


def test_odd_dates_and_encodings(repo: Repo) -> None:
    tree = repo.git("hash-object", "-t", "tree", "-w", "/dev/null")
    parent = ""
    for who, date in (
        ("1970", "0 +0000"),
        ("2100", "4102444800 +0000"),
        ("far", "99999999999999 +0000"),
        ("Jos\xe9", "1772442000 -1200"),
    ):
        line = f"{who} <x@acme.test> {date}"
        above = f"parent {parent}\n" if parent else ""
        text = f"tree {tree}\n{above}author {line}\ncommitter {line}\nencoding ISO-8859-1\n\nS\xfc"
        parent = repo.git(
            "hash-object",
            "-t",
            "commit",
            "-w",
            "--stdin",
            "--literally",
            given=text.encode("latin1"),
        )
    repo.git("update-ref", "refs/heads/main", parent)
    found = {commit.author_name: commit for commit in commits(repo.folder).values()}
    assert found["1970"].committed_at == dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    assert found["2100"].authored_at == dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
    assert found["far"].authored_at is None
    assert found["José"].author_email == "x@acme.test"
    assert to_tables(found.values())["commits"].num_rows == 4


def test_sha256_repositories(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "app", "--object-format=sha256")
    sha = repo.commit("1", a="1\n2\n")
    assert len(sha) == 64
    assert commits(repo.folder)[sha].additions == 2


def test_submodules_count_as_git_counts_them(repo: Repo, tmp_path: Path) -> None:
    other = Repo(tmp_path / "other")
    other.commit("1", a="1\n")
    repo.git("submodule", "add", "-q", other.folder.as_uri(), "lib")
    sha = repo.commit("add")
    assert commits(repo.folder)[sha].additions == shortstat(repo)[sha][1] == 4


def test_a_commit_with_very_many_and_long_lines(repo: Repo) -> None:
    sha = repo.commit("big", a_js="x" * 3_000_000 + "\n", b_txt="a line\n" * 400_000)
    assert commits(repo.folder)[sha].additions == 400_001


def test_nobodys_settings_change_what_is_read(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.commit("1", a=numbered(("a", 30)))
    repo.git("mv", "a", "b")
    repo.commit("2")
    plain = commits(repo.folder)
    for name, value in (
        ("diff.noprefix", "true"),
        ("diff.renames", "false"),
        ("diff.algorithm", "patience"),
        ("diff.external", "false"),
        ("color.ui", "always"),
        ("log.showSignature", "true"),
        ("diff.context", "9"),
        ("diff.submodule", "log"),
        ("log.diffMerges", "combined"),
        ("core.pager", "false"),
    ):
        repo.git("config", name, value)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "false")
    assert commits(repo.folder) == plain


def test_no_repository_and_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(BadFile, match="is not a git repository"):
        list(pages(tmp_path))
    with pytest.raises(BadFile, match="no folder"):
        list(pages(tmp_path / "nope"))
    assert [check.ok for check in source(tmp_path / "nope").check()][-1] is False


def test_no_git(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.commit("1", a="1\n")
    (stream,) = source(repo.folder).streams()
    monkeypatch.setenv("PATH", str(repo.folder))
    with pytest.raises(ConfigError, match="no git"):
        list(stream.pages(None, NOW))
    assert "Install git" in next(iter(source(repo.folder).check())).hint


@pytest.mark.skipif(os.geteuid() != 0, reason="needs the right to give a folder away")
def test_somebody_elses_repository_is_refused(repo: Repo) -> None:
    repo.commit("1", a="1\n")
    for path in (repo.folder, repo.folder / ".git"):
        os.chown(path, 12345, 12345)
    with pytest.raises(SourceDenied) as refused:
        list(pages(repo.folder))
    assert "safe.directory" in refused.value.hint


def test_a_broken_repository_is_said_and_no_process_stays(repo: Repo) -> None:
    repo.commit("1", a="1\n")
    blob = repo.head("HEAD:a")
    file = repo.folder / ".git/objects" / blob[:2] / blob[2:]
    file.chmod(0o644)
    file.unlink()
    with pytest.raises(SteelyardError, match=r"could not read|partial"):
        list(pages(repo.folder))


def test_leaving_early_ends_git(tmp_path: Path) -> None:
    repo = wild(tmp_path / "app", 1)
    (found,) = find(repo.folder)
    reading = History(found, "r", page=1).pages(None, NOW)
    next(reading), next(reading)
    reading.close()  # type: ignore[attr-defined]
    children = subprocess.run(
        ["ps", "-o", "args=", "--ppid", str(os.getpid())], capture_output=True, text=True
    ).stdout
    assert "no-walk" not in children


def test_check_says_what_it_found(repo: Repo, tmp_path: Path) -> None:
    repo.commit("1", a="1\n")
    checks = list(source(repo.folder).check())
    assert [check.ok for check in checks] == [True, True, True]
    assert checks[1].detail == "Its branch is refs/heads/main."
    shutil.rmtree(repo.folder)
    assert not list(source(repo.folder).check())[-1].ok
