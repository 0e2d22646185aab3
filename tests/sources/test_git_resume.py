"""Going on: after an interruption anywhere, after new commits, after the branch was rewritten."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from tests.standins.git import Repo, numbered, wild

from steelyard.model import Commit, Record, Rework
from steelyard.sources.git import mainline
from steelyard.sources.git.history import History
from steelyard.sources.git.repository import find

NOW = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
Known = dict[tuple[str, str], Record]


def history(repo: Repo, page: int = 2, **options: object) -> History:
    (found,) = find(repo.folder)
    return History(found, "r", page=page, **options)  # type: ignore[arg-type]


def run(
    repo: Repo, known: Known, cursor: str | None = None, pages: int = 10**9, **options: object
) -> str | None:
    """Store at most so many pages, as a runner does, and say from where to go on."""
    now = options.pop("now", NOW)
    for count, page in enumerate(history(repo, **options).pages(cursor, now), 1):
        known.update({(record.kind, record.key): record for record in page.records})
        cursor = page.cursor
        if count >= pages:
            break
    return cursor


def clean(repo: Repo, **options: object) -> Known:
    known: Known = {}
    run(repo, known, **options)
    return known


@pytest.mark.parametrize("seed", range(3))
def test_interrupted_anywhere_and_gone_on_is_the_same(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = wild(tmp_path / "app", seed, commits=16)
    whole = clean(repo, page=1000)
    assert {kind for kind, _ in whole} == {"commits", "rework"}
    monkeypatch.setattr(mainline, "STEP", 2)
    count = len(list(history(repo).pages(None, NOW)))
    assert count > 6
    for pages in range(1, count):
        known: Known = {}
        cursor = run(repo, known, pages=pages)
        run(repo, known, cursor)
        assert known == whole, f"interrupted after page {pages}"


@pytest.mark.parametrize("seed", [5])
def test_interrupted_again_and_again(tmp_path: Path, seed: int) -> None:
    """Each run stores two pages beyond the one that says where it begins."""
    repo = wild(tmp_path / "app", seed, commits=12)
    known: Known = {}
    cursor: str | None = None
    for pages in (2, 3, 4, 5, 6, 7, 8, 9, 99):
        cursor = run(repo, known, cursor, pages)
    assert known == clean(repo)


def test_commits_appended_later(tmp_path: Path) -> None:
    repo = wild(tmp_path / "app", 3, commits=6)
    known: Known = {}
    cursor = run(repo, known, now=repo.now)
    for number in range(8):
        repo.later(days=2 * number).write("a_more.txt", numbered((f"x{number}", 5))).commit()
        cursor = run(repo, known, cursor, now=repo.now)
        assert known == clean(repo, now=repo.now)
    repo.later(days=40)
    run(repo, known, cursor, now=repo.now)
    assert known == clean(repo, now=repo.now)
    assert all(r.complete for r in known.values() if isinstance(r, Rework))


def test_nothing_new_is_one_empty_page_and_the_next_day_completes(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "app")
    sha = repo.commit("x", a=numbered(("a", 3)))
    known: Known = {}
    cursor = run(repo, known, now=repo.now)
    assert known["rework", sha] == Rework(
        key=sha, repo="r", sha=sha, added=3, rewritten=0, complete=False
    )
    (page,) = history(repo).pages(cursor, repo.now)
    assert (list(page.records), page.cursor) == ([], cursor)
    run(repo, known, cursor, now=repo.now + dt.timedelta(days=22))
    assert known["rework", sha].complete  # type: ignore[attr-defined]


def on_default(known: Known) -> set[str]:
    return {r.sha for r in known.values() if isinstance(r, Commit) and r.on_default}


def test_a_rewritten_branch(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "app")
    base = repo.commit("1", a=numbered(("a", 9)))
    for number in range(5):
        repo.later(days=8).commit(f"{number}", **{f"f{number}": numbered((f"{number}", 4))})
    known: Known = {}
    cursor = run(repo, known)
    before = on_default(known)
    repo.git("reset", "-q", "--hard", "HEAD~2")
    repo.later(days=1).commit("instead", a=numbered(("a", 4), ("b", 2)))
    cursor = run(repo, known, cursor)
    now_there = set(repo.git("rev-list", "HEAD").split())
    assert on_default(known) == now_there
    vanished = before - now_there
    assert len(vanished) == 2 and base in now_there
    assert all(known["rework", sha].added == 0 for sha in vanished)  # type: ignore[attr-defined]
    told = {key: record for key, record in known.items() if key[1] not in vanished}
    assert told == clean(repo)


def test_a_branch_rewritten_after_an_interruption(tmp_path: Path) -> None:
    """The interrupted run had not come as far again as the one before it."""
    repo = Repo(tmp_path / "app")
    for number in range(8):
        repo.later(days=2).commit(f"{number}", **{f"f{number}": numbered((f"{number}", 4))})
    known: Known = {}
    cursor = run(repo, known, now=repo.now)
    repo.later(days=1).commit("one more", a="1\n")
    cursor = run(repo, known, cursor, pages=3)
    repo.git("reset", "-q", "--hard", "HEAD~4")
    repo.later(days=1).commit("instead", a="2\n")
    run(repo, known, cursor)
    assert on_default(known) == set(repo.git("rev-list", "HEAD").split())


def test_the_whole_history_was_rewritten(tmp_path: Path) -> None:
    repo = wild(tmp_path / "app", 7, commits=8)
    known: Known = {}
    cursor = run(repo, known)
    repo.git("checkout", "-q", "--orphan", "fresh")
    repo.commit("squashed to one")
    repo.git("branch", "-q", "-M", "fresh", "main")
    run(repo, known, cursor)
    assert on_default(known) == {repo.head()}


def test_old_commits_that_git_dropped_stay_counted_and_it_is_said(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "app")
    repo.commit("1", a="1\n")
    gone = repo.later(days=1).commit("2", a="2\n")
    known: Known = {}
    cursor = run(repo, known)
    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.later(days=1).commit("3", a="3\n")
    repo.git("reflog", "expire", "--expire=now", "--all")
    repo.git("gc", "-q", "--prune=now")
    pages = list(history(repo).pages(cursor, NOW))
    assert any("dropped" in note for page in pages for note in page.notes)
    run(repo, known, cursor)
    assert gone in on_default(known)
    assert set(clean(repo)) <= set(known)


def test_a_merge_that_swaps_the_sides(tmp_path: Path) -> None:
    """Somebody merges the default branch into their own and pushes that: no commit is lost."""
    repo = Repo(tmp_path / "app")
    repo.commit("1", a=numbered(("a", 9)))
    repo.git("branch", "topic")
    repo.later(days=30).commit("2", b=numbered(("b", 3)))
    repo.later(days=30).commit("3", b=numbered(("b", 2)))
    known: Known = {}
    cursor = run(repo, known)
    repo.git("checkout", "-q", "topic")
    repo.commit("4", c=numbered(("c", 3)))
    repo.merge("main")
    repo.git("branch", "-q", "-f", "main")
    repo.git("checkout", "-q", "main")
    run(repo, known, cursor)
    assert on_default(known) == set(repo.git("rev-list", "HEAD").split())
    assert known == clean(repo)


def test_other_options_begin_again(tmp_path: Path) -> None:
    repo = wild(tmp_path / "app", 8, commits=6)
    known: Known = {}
    cursor = run(repo, known, rework=False)
    assert {kind for kind, _ in known} == {"commits"}
    run(repo, known, cursor)
    assert known == clean(repo)
