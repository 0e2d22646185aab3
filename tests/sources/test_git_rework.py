"""Rework: small stories with known numbers, and random histories against `git blame`."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.standins.git import BOB, Repo, numbered, wild

from steelyard.model import Rework
from steelyard.sources.git.history import History
from steelyard.sources.git.left_out import is_left_out
from steelyard.sources.git.lines import Hunk, Interval, Owner, inserted, joined, rewritten
from steelyard.sources.git.repository import find

NOW = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
Counts = dict[str, tuple[int, int]]


def rework(repo: Repo, page: int = 2000) -> Counts:
    """Added and rewritten lines of each commit."""
    (found,) = find(repo.folder)
    pages = History(found, "r", page=page).pages(None, NOW)
    records = [r for p in pages for r in p.records if isinstance(r, Rework)]
    return {r.sha: (r.added, r.rewritten) for r in records}


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "app")


def test_lines_rewritten_within_three_weeks_count(repo: Repo) -> None:
    first = repo.commit("1", a=numbered(("a", 10)))
    second = repo.later(days=20).commit("2", a=numbered(("b", 3), ("a", 6)))
    repo.later(days=2).commit("3", a=numbered(("a", 4)))
    assert rework(repo)[first] == (10, 4)  # the last two went after 22 days
    assert rework(repo)[second] == (3, 3)


def test_the_last_second_of_the_window_counts(repo: Repo) -> None:
    first = repo.commit("1", a=numbered(("a", 2)))
    repo.later(days=21).commit("2", a=numbered(("a", 1)))
    repo.later(seconds=1).commit("3", a="")
    assert rework(repo)[first] == (2, 1)


def test_a_moved_file_keeps_its_lines(repo: Repo) -> None:
    first = repo.commit("1", a_txt=numbered(("a", 40)), b_txt=numbered(("b", 40)))
    repo.git("mv", "a.txt", "c.txt")
    repo.git("mv", "b.txt", "sub b.txt")
    repo.later(days=1).commit("both move")
    repo.write("sub b.txt", "").later(days=1).commit("3", c_txt=numbered(("a", 35)))
    assert rework(repo)[first] == (80, 45)


def test_a_revert_is_rework(repo: Repo) -> None:
    repo.commit("0", a=numbered(("a", 5)))
    sha = repo.commit("1", b=numbered(("b", 7)))
    repo.later(days=3).git("revert", "--no-edit", sha)
    assert rework(repo)[sha] == (7, 7)


def test_what_a_branch_rewrites_before_it_is_merged_is_not_rework(repo: Repo) -> None:
    base = repo.commit("0", a=numbered(("a", 5)))
    repo.git("checkout", "-q", "-b", "topic")
    first = repo.commit("1", a=numbered(("a", 5), ("b", 6)))
    second = repo.later(days=1).commit("2", a=numbered(("a", 5), ("b", 4), ("c", 2)), author=BOB)
    repo.git("checkout", "-q", "main")
    merge = repo.later(days=1).merge("topic")
    repo.later(days=20).commit("3", a=numbered(("a", 5), ("b", 1), ("c", 1)))
    found = rework(repo)
    assert found[first] == (4, 3)
    assert found[second] == (2, 1)
    assert found[base] == (5, 0)
    assert merge not in found


def test_lines_of_a_merge_are_their_writers_when_both_sides_changed_the_file(repo: Repo) -> None:
    repo.commit("0", a=numbered(("a", 20)))
    repo.git("checkout", "-q", "-b", "topic")
    one = repo.commit("1", a=numbered(("x", 2), ("a", 20)))
    two = repo.commit("2", a=numbered(("x", 2), ("y", 3), ("a", 20)))
    repo.git("checkout", "-q", "main")
    other = repo.commit("3", a=numbered(("a", 20), ("z", 4)))
    repo.merge("topic")
    repo.later(days=1).commit("4", a=numbered(("x", 1), ("a", 20), ("z", 4)))
    found = rework(repo)
    assert (found[one], found[two], found[other]) == ((2, 1), (3, 3), (4, 0))


def test_merging_the_default_branch_into_a_branch_gives_its_lines_to_nobody_twice(
    repo: Repo,
) -> None:
    repo.commit("0", a=numbered(("a", 20)))
    repo.git("checkout", "-q", "-b", "topic")
    mine = repo.commit("1", a=numbered(("x", 2), ("a", 20)))
    repo.git("checkout", "-q", "main")
    theirs = repo.commit("2", a=numbered(("a", 20), ("z", 4)), b=numbered(("b", 9)))
    repo.git("checkout", "-q", "topic")
    back = repo.merge("main")
    repo.git("checkout", "-q", "main")
    repo.merge("topic")
    found = rework(repo)
    assert (found[mine], found[theirs]) == ((2, 0), (13, 0))
    assert back not in found


def test_a_squash_merge_is_one_commit(repo: Repo) -> None:
    repo.commit("0", a=numbered(("a", 5)))
    repo.git("checkout", "-q", "-b", "topic")
    inner = repo.commit("1", a=numbered(("a", 5), ("b", 6)))
    repo.commit("2", a=numbered(("a", 5), ("b", 4)))
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--squash", "topic")
    squashed = repo.commit("topic (#1)")
    repo.later(days=1).commit("3", a=numbered(("a", 5), ("b", 3)))
    found = rework(repo)
    assert found[squashed] == (4, 1)
    assert inner not in found


def test_what_nobody_wrote_is_left_out(repo: Repo) -> None:
    repo.write("node_modules/x.js", "1\n2\n").write("uv.lock", "1\n2\n").write("api_pb2.py", "1\n")
    repo.write("web/app.min.js", "1\n").write("logo.bin", b"\0\1\n\2\n")
    sha = repo.write("src.js", f"one\n{'x' * 1001}\ntwo\n{'é' * 1000}\n").commit()
    repo.write("uv.lock", "3\n").write("src.js", "").later(days=1).commit()
    assert rework(repo)[sha] == (3, 3)


@pytest.mark.parametrize(
    ("path", "left_out"),
    [
        ("package-lock.json", True),
        ("web/pnpm-lock.yaml", True),
        ("a/dist/app.js", True),
        ("vendor/github.com/x/y.go", True),
        ("api/v1/user.pb.go", True),
        ("tests/__snapshots__/a.tsx.snap", True),
        ("tests/cassettes/login.yaml", True),
        ("src/distance.py", False),
        ("src/vendors.py", False),
        ("docs/lock.md", False),
        ("build.gradle", False),
        ("src/main.rs", False),
    ],
)
def test_paths_that_are_left_out(path: str, left_out: bool) -> None:
    assert is_left_out(path.encode()) is left_out


def test_a_date_in_the_future_does_not_stop_the_clock(repo: Repo) -> None:
    first = repo.commit("1", a=numbered(("a", 4)))
    now = repo.now
    repo.now = dt.datetime(2099, 1, 1, tzinfo=dt.UTC)
    future = repo.commit("2", a=numbered(("a", 4), ("b", 4)))
    repo.now = now + dt.timedelta(days=30)
    repo.commit("3", a=numbered(("a", 2), ("b", 2)))
    assert rework(repo) == {first: (4, 0), future: (4, 0)}


def test_a_clock_that_ran_backwards_stands_still(repo: Repo) -> None:
    first = repo.commit("1", a=numbered(("a", 4)))
    repo.now = dt.datetime(1970, 1, 2, tzinfo=dt.UTC)
    repo.commit("2", a=numbered(("a", 3)))
    assert rework(repo)[first] == (4, 1)


def blamed(repo: Repo, sha: str) -> Counter[str]:
    """Lines of each commit in the files of a version."""
    found: Counter[str] = Counter()
    for path in repo.git("ls-tree", "-r", "--name-only", sha).splitlines():
        said = repo.git("blame", "--line-porcelain", sha, "--", path)
        found.update(line[:40] for line in said.splitlines() if line[40:41] == " " and " " in line)
    shas = set(repo.git("rev-list", sha).split())
    return Counter({key: count for key, count in found.items() if key in shas})


def slowly(repo: Repo) -> Counts:
    """The same from `git blame` of every version of the default branch."""
    chain = repo.git("log", "--first-parent", "--reverse", "--format=%H %ct").splitlines()
    landed: dict[str, int] = {}
    added: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    before: Counter[str] = Counter()
    for line in chain:
        sha, _, time = line.partition(" ")
        now = blamed(repo, sha)
        for writer in now.keys() | before.keys():
            if writer not in landed:
                landed[writer], added[writer] = int(time), now[writer]
            elif int(time) - landed[writer] <= 21 * 86_400:
                lost[writer] += max(before[writer] - now[writer], 0)
        before = now
    return {sha: (count, lost[sha]) for sha, count in added.items()}


@pytest.mark.parametrize("seed", range(6))
def test_random_histories_agree_with_blame(tmp_path: Path, seed: int) -> None:
    repo = wild(tmp_path / "app", seed, commits=14)
    assert rework(repo, page=2) == slowly(repo)


@given(st.lists(st.integers(0, 5), max_size=20), st.data())
def test_line_arithmetic_is_that_of_a_list(lines: list[int], data: st.DataObject) -> None:
    """A file as a list of owners, edited at random, against intervals and hunks."""
    owners = [Owner(str(number)) for number in range(6)]
    new_owner = Owner("new")
    edited: list[Owner] = []
    hunks: list[Hunk] = []
    at, gone = 0, Counter[str]()
    while at < len(lines):
        keep = data.draw(st.integers(1, 4))
        edited += [owners[line] for line in lines[at : at + keep]]
        at = min(at + keep, len(lines))
        drop = min(data.draw(st.integers(0, 3)), len(lines) - at)
        add = data.draw(st.integers(0, 3))
        if drop or add:
            start = at + 1 if drop else at
            hunks.append((start, drop, len(edited) + (1 if add else 0), add))
        gone.update(owners[line].sha for line in lines[at : at + drop])
        edited += [new_owner] * add
        at += drop
    owned: list[Interval] = [(i + 1, i + 2, owners[line]) for i, line in enumerate(lines)]
    kept, lost = rewritten(owned, hunks)
    after = joined(kept, [(start, end, new_owner) for start, end in inserted(hunks)])
    assert [owner for start, end, owner in after for _ in range(start, end)] == edited
    assert [start for start, _, _ in after] == sorted({start for start, _, _ in after})
    total: Counter[str] = Counter()
    for owner, count in lost:
        total[owner.sha] += count
    assert total == gone
