from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from isal import isal_zlib

from steelyard.errors import NewerData, Refused, StoreError
from steelyard.receiver.inbox import Inbox, NewBody, Refusal

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def body(data: bytes, signal: str = "logs", token: str = "") -> NewBody:
    return NewBody(signal, "protobuf", data, token=token)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def inbox(tmp_path: Path, clock: Clock) -> Inbox:
    return Inbox(tmp_path / "inbox.db", clock=clock)


def test_bodies_come_out_in_order_and_as_they_went_in(inbox: Inbox) -> None:
    zipped = NewBody("metrics", "json", isal_zlib.compress(b"{}", 1, 31), "gzip", "tok_1")
    assert inbox.put([body(b"one"), zipped]) == [1, 2]
    assert inbox.put([body(b"three")]) == [3]

    first, second, third = inbox.after(0)
    assert (first.number, first.data, first.received_at) == (1, b"one", NOON)
    assert (second.signal, second.encoding, second.token) == ("metrics", "json", "tok_1")
    assert (second.payload(), first.payload(), third.payload()) == (b"{}", b"one", b"three")


def test_after_goes_on_from_a_position_within_bounds(inbox: Inbox) -> None:
    inbox.put([body(bytes([at]) * 1000) for at in range(10)])
    assert [found.number for found in inbox.after(4)] == [5, 6, 7, 8, 9, 10]
    assert [found.number for found in inbox.after(4, limit=2)] == [5, 6]
    assert [found.number for found in inbox.after(4, max_bytes=2500)] == [5, 6, 7]
    assert [found.number for found in inbox.after(4, max_bytes=1)] == [5], "at least one"
    assert inbox.after(10) == []


def test_an_equal_body_is_acknowledged_and_not_stored_again(inbox: Inbox, clock: Clock) -> None:
    assert inbox.put([body(b"same"), body(b"other")]) == [1, 2]
    clock.now += timedelta(hours=23, minutes=59)
    assert inbox.put([body(b"same")]) == [1]
    assert len(inbox.after(0)) == 2
    assert inbox.status().repeated == 1


def test_a_repeat_within_one_transaction_counts_once(inbox: Inbox) -> None:
    assert inbox.put([body(b"same"), body(b"same"), body(b"same")]) == [1, 1, 1]
    assert len(inbox.after(0)) == 1


@pytest.mark.parametrize(
    "other",
    [
        body(b"same", token="tok_2"),
        body(b"same", signal="metrics"),
        NewBody("logs", "json", b"same"),
        NewBody("logs", "protobuf", b"same", "gzip"),
    ],
)
def test_the_same_bytes_from_elsewhere_are_another_body(inbox: Inbox, other: NewBody) -> None:
    assert inbox.put([body(b"same")]) == [1]
    assert inbox.put([other]) == [2]


def test_after_a_day_equal_bytes_are_new(inbox: Inbox, clock: Clock) -> None:
    inbox.put([body(b"same")])
    clock.now += timedelta(hours=24, seconds=1)
    assert inbox.put([body(b"same")]) == [2]


def test_equal_digests_do_not_make_bodies_equal(inbox: Inbox, tmp_path: Path) -> None:
    inbox.put([body(b"one")])
    with sqlite3.connect(tmp_path / "inbox.db") as connection:
        connection.execute("UPDATE bodies SET digest = ?", (body(b"two").digest(),))
    connection.close()
    assert inbox.put([body(b"two")]) == [2]


def test_a_full_inbox_refuses_and_keeps_nothing_of_the_request(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox.db", max_bytes=400_000)
    inbox.put([body(os.urandom(100_000))])
    with pytest.raises(Refused) as refused:
        inbox.put([body(b"small"), body(os.urandom(300_000))])
    assert (refused.value.status, refused.value.reason) == (503, "full")
    assert inbox.status().received == 1


def test_a_full_inbox_takes_bodies_again_once_it_is_pruned(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox.db", max_bytes=400_000)
    inbox.put([body(os.urandom(250_000))])
    with pytest.raises(Refused):
        inbox.put([body(os.urandom(150_000))])
    inbox.mark_applied(1)
    assert inbox.prune(datetime.now(UTC) + timedelta(minutes=1)) == 1
    assert inbox.put([body(os.urandom(150_000))]) == [2]


def test_prune_forgets_only_what_is_old_and_applied(inbox: Inbox, clock: Clock) -> None:
    inbox.put([body(b"old, applied"), body(b"old, applied too"), body(b"old, not applied")])
    clock.now += timedelta(days=2)
    inbox.put([body(b"new")])
    inbox.mark_applied(2)
    assert inbox.prune(NOON + timedelta(days=1)) == 2
    assert [found.number for found in inbox.after(0)] == [3, 4]
    inbox.mark_applied(4)
    assert inbox.prune(NOON + timedelta(days=1)) == 1
    assert [found.number for found in inbox.after(0)] == [4]


def test_prune_goes_through_many_bodies(inbox: Inbox, clock: Clock) -> None:
    inbox.put([body(f"{at}".encode()) for at in range(1201)])
    inbox.mark_applied(1201)
    assert inbox.prune(NOON + timedelta(seconds=1)) == 1201


def test_a_number_is_never_given_twice(inbox: Inbox, tmp_path: Path) -> None:
    inbox.put([body(b"one"), body(b"two")])
    inbox.mark_applied(2)
    inbox.prune(NOON + timedelta(days=1))
    inbox.close()
    assert Inbox(tmp_path / "inbox.db").put([body(b"three")]) == [3]


def test_a_body_that_cannot_be_decoded_is_kept_beside(inbox: Inbox, clock: Clock) -> None:
    inbox.put([body(b"good"), body(b"bad")])
    inbox.set_aside(2, "no such field")
    inbox.mark_applied(2)
    clock.now += timedelta(days=30)
    inbox.prune(clock.now)
    (aside,) = inbox.poison()
    assert (aside.number, aside.error, aside.size_bytes) == (2, "no such field", 3)
    kept = inbox.body(2)
    assert kept is not None and kept.data == b"bad"
    assert inbox.body(1) is None
    assert inbox.status().set_aside == 1


def test_refusals_are_counted_by_kind(inbox: Inbox) -> None:
    seen = Refusal(NOON, 401, "bad_token", "/v1/logs", "10.0.0.1", "OTel/1")
    inbox.refuse(seen)
    inbox.refuse(
        Refusal(
            NOON + timedelta(minutes=1), 401, "bad_token", "/v1/logs", "10.0.0.1", "OTel/1", count=4
        )
    )
    inbox.refuse(Refusal(NOON, 404, "no_such_path", "/x"))
    latest, other = inbox.refusals()
    assert (latest.count, latest.time, latest.status) == (5, NOON + timedelta(minutes=1), 401)
    assert other.status == 404
    assert inbox.status().refused == 6


def test_refusals_are_bounded_in_number_and_size(inbox: Inbox) -> None:
    inbox.refuse(
        *(
            Refusal(NOON + timedelta(seconds=at), 404, "no_such_path", f"/{at}" + "x" * 5000)
            for at in range(700)
        )
    )
    kept = inbox.refusals(limit=1000)
    assert len(kept) == 500
    assert kept[0].path.startswith("/699") and max(len(refusal.path) for refusal in kept) <= 200
    assert inbox.status().refused == 700


def test_status_says_what_waits(inbox: Inbox) -> None:
    empty = inbox.status()
    assert (empty.received, empty.pending, empty.last_received_at) == (0, 0, None)
    inbox.put([body(b"one"), body(b"two"), body(b"three")])
    inbox.mark_applied(1)
    inbox.mark_applied(0)
    status = inbox.status()
    assert (status.received, status.applied, status.pending) == (3, 1, 2)
    assert (status.first_number, status.last_number) == (1, 3)
    assert status.last_received_at == NOON and status.bytes > 0


def test_several_processes_may_open_a_new_inbox_at_once(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path;"
        "from steelyard.receiver.inbox import Inbox, NewBody;"
        "inbox = Inbox(Path(sys.argv[1]));"
        "texts = [f'{sys.argv[2]}-{at}'.encode() for at in range(20)];"
        "[inbox.put([NewBody('logs', 'protobuf', text)]) for text in texts]"
    )
    path = str(tmp_path / "inbox.db")
    runs = [subprocess.Popen([sys.executable, "-c", script, path, str(at)]) for at in range(3)]
    assert [run.wait(60) for run in runs] == [0, 0, 0]
    found = Inbox(tmp_path / "inbox.db").after(0, limit=1000)
    assert len({one.data for one in found}) == 60
    assert [one.number for one in found] == list(range(1, 61))


def test_threads_share_an_inbox(inbox: Inbox) -> None:
    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(lambda at: inbox.put([body(f"{at}".encode())])[0], range(100)))
    assert sorted(numbers) == list(range(1, 101))


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    """Writers are killed in mid-work, round after round; every acknowledged body is there once."""
    script = (
        "import sys; from pathlib import Path;"
        "from steelyard.receiver.inbox import Inbox, NewBody\n"
        "inbox, name, at = Inbox(Path(sys.argv[1])), sys.argv[2], 0\n"
        "while True:\n"
        "    texts = [f'{name}-{at + each}' for each in range(5)]; at += 5\n"
        "    numbers = inbox.put([NewBody('logs', 'protobuf', t.encode() * 300) for t in texts])\n"
        "    for number, text in zip(numbers, texts): print(number, text, flush=True)\n"
    )
    path = tmp_path / "inbox.db"
    acknowledged: dict[int, str] = {}
    for name in range(5):
        command = [sys.executable, "-c", script, str(path), f"round{name}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            lines = [writer.stdout.readline() for _ in range(40 + 17 * name)]
            os.kill(writer.pid, signal.SIGKILL)
            lines += [line for line in writer.stdout if line.endswith("\n")]
        acknowledged |= {int(line.split()[0]): line.split()[1] for line in lines}
    found = {one.number: one.data for one in Inbox(path).after(0, limit=100_000, max_bytes=1 << 30)}
    assert len(acknowledged) > 200
    assert all(found[number] == text.encode() * 300 for number, text in acknowledged.items())
    assert len(set(found.values())) == len(found), "nothing is there twice"


def test_an_inbox_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "inbox.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(NewerData):
        Inbox(tmp_path / "inbox.db")


def test_a_file_that_is_no_inbox_is_named(tmp_path: Path) -> None:
    (tmp_path / "inbox.db").write_bytes(b"this is a diary, not a database" * 100)
    with pytest.raises(StoreError, match=r"inbox\.db"):
        Inbox(tmp_path / "inbox.db")


def test_only_the_owner_may_read_the_inbox(inbox: Inbox, tmp_path: Path) -> None:
    inbox.put([body(b"one")])
    assert {file.stat().st_mode & 0o077 for file in tmp_path.iterdir()} == {0}


def test_a_damaged_body_is_refused_when_it_is_inflated(inbox: Inbox) -> None:
    inbox.put([NewBody("logs", "protobuf", b"not gzip", "gzip")])
    with pytest.raises(Refused, match="not valid gzip"):
        inbox.after(0)[0].payload()


def test_a_body_does_not_inflate_beyond_its_bound(inbox: Inbox) -> None:
    inbox.put([NewBody("logs", "protobuf", isal_zlib.compress(bytes(10_000_000), 1, 31), "gzip")])
    with pytest.raises(Refused) as refused:
        inbox.after(0)[0].payload(limit=1_000_000)
    assert refused.value.status == 413
