"""Receiver nodes hand over to a worker through ClickHouse: each body counts once, whoever is killed
when, and whatever is away for how long. The engine is chDB behind its HTTP interface."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.recorded import FOLDER, Recording, asked, open_house
from tests.standins.line import cut_line
from tests.warehouse.opened import database

from steelyard.app.handing import Handing, Taking
from steelyard.app.house import House
from steelyard.app.steady import Steady
from steelyard.config import load_settings
from steelyard.errors import ConfigError, StoreError
from steelyard.receiver.body import NewBody
from steelyard.receiver.inbox import Inbox
from steelyard.receiver.otlp import Limits, take_in
from steelyard.warehouse.handed import Handed

KILLS = 4
SCENARIO = "claude-code/06-many-exports-delta-http-protobuf"


@pytest.fixture(scope="module")
def url() -> str:
    return database()


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[list[Inbox]]:
    inboxes = [Inbox(tmp_path / f"node{n}.db") for n in range(2)]
    yield inboxes
    for inbox in inboxes:
        inbox.close()


def hand_over(inbox: Inbox, url: str) -> None:
    handing = Handing(inbox, url, name=inbox.path.stem)
    while inbox.status().pending:
        handing.round()
    handing.handed.close()


def sent(*ids: int, token: str = "tok_1") -> list[NewBody]:
    """Bodies that differ by their number."""
    return [NewBody("logs", "protobuf", f"body {n}".encode(), "", token) for n in ids]


def found(inbox: Inbox) -> Counter[bytes]:
    return Counter(body.data for body in inbox.after(0, 100_000, 1 << 40))


@pytest.mark.usefixtures("recordings")
def test_what_two_nodes_took_is_the_recordings_truth(
    tmp_path: Path, url: str, nodes: list[Inbox]
) -> None:
    """Each request goes to one of two nodes, by chance, some to both, some of those twice."""
    recording = Recording(FOLDER / "recordings" / SCENARIO)
    chance, limits = random.Random(3), Limits()
    for n, told in enumerate(recording.requests()):
        data = (recording.folder / told["file"]).read_bytes()
        encoding = "json" if "json" in told["content_type"] else "protobuf"
        zipped = "gzip" if told["content_encoding"] == "gzip" else ""
        body = take_in(told["signal"], encoding, zipped, data, "", limits)
        for node in nodes if n % 3 == 0 else [chance.choice(nodes)]:
            node.put([body])
            node.put([body] * (n % 2))
    with open_house(tmp_path) as house:
        house.taking = Taking(house.inbox, url)
        for node in chance.sample(nodes, 2):
            hand_over(node, url)
        house.settle()
        assert asked(house, "tokens", "model", "token_type") == recording.tokens()
        assert house.inbox.status().received == len(recording.requests())
        assert sum(node.status().received for node in nodes) > len(recording.requests())
        house.taking.end()
    handed = Handed(url)
    assert handed.batches() == []
    assert [node.handed for node in handed.nodes()] == [0, 0]


Start = Callable[[str, Path], tuple[Any, Any]]


@pytest.fixture(scope="module")
def start(url: str) -> Start:
    """A node or a worker in a process of its own, and what it says."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.app.test_handing", "clickhouse_connect"])

    def begin(side: str, path: Path) -> tuple[Any, Any]:
        here, there = context.Pipe()
        process = context.Process(target=_go_on, args=(side, path, url, there), daemon=True)
        process.start()
        there.close()
        return process, here

    return begin


def _go_on(side: str, path: Path, url: str, told: Any) -> None:
    """Hand over or take, almost without rests, until it is killed; "… noting" kills itself after
    the copy is durable and before it is noted or deleted."""
    inbox = Inbox(path)
    work = Handing(inbox, url) if side.startswith("node") else Taking(inbox, url)
    if side.endswith("noting"):
        place, name = (inbox, "mark_applied") if isinstance(work, Handing) else (work, "_forget")
        setattr(place, name, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    while True:
        if isinstance(work, Taking):
            work._next_forgetting = 0.0  # delete at once, to be killed at it more often
        work.round()
        told.send("went round")
        time.sleep(0.02)


def on_way(url: str) -> int:
    return sum(node.handed for node in Handed(url).nodes())


def finish(nodes: list[Inbox], taker: Inbox, url: str) -> None:
    """All that is left, by nodes and a worker who are not killed."""
    for node in nodes:
        hand_over(node, url)
    taking = Taking(taker, url)
    taking.round()
    taking.end()
    assert Handed(url).bytes() == 0


@pytest.mark.slow
def test_killed_before_the_copy_was_noted_it_counts_once(
    tmp_path: Path, url: str, nodes: list[Inbox], start: Start
) -> None:
    node, taker = nodes[0], Inbox(tmp_path / "taker.db")
    node.put(sent(1, 2))
    process, _ = start("node noting", node.path)
    process.join(60)
    assert (process.exitcode, node.status().pending) == (-signal.SIGKILL, 2)
    node.put(sent(3))  # so that the next batch is another one
    hand_over(node, url)
    assert on_way(url) == 2 + 3
    process, _ = start("worker noting", taker.path)
    process.join(60)
    assert (process.exitcode, taker.status().received) == (-signal.SIGKILL, 3)
    assert on_way(url) == 2 + 3, "it is taken again"
    finish(nodes, taker, url)
    assert found(taker) == {f"body {n}".encode(): 1 for n in (1, 2, 3)}
    taker.close()


@pytest.mark.slow
def test_nodes_and_workers_killed_at_any_moment_lose_and_double_nothing(
    tmp_path: Path, url: str, nodes: list[Inbox], start: Start
) -> None:
    chance, number, taker = random.Random(9), 0, Inbox(tmp_path / "taker.db")
    for _ in range(KILLS):
        sides = [start("node", node.path) for node in nodes] + [start("worker", taker.path)]
        for _, told in sides:
            assert told.poll(60) and told.recv()
        until = time.monotonic() + chance.uniform(0.02, 0.4)
        while time.monotonic() < until:
            chance.choice(nodes).put(sent(number))
            number += 1
            time.sleep(0.005)
        for process, _ in sides:
            assert process.is_alive()
            process.kill()
            process.join()
    assert all(node.status().applied for node in nodes)
    assert taker.status().received > 0, "some got through before the end"
    finish(nodes, taker, url)
    assert found(taker) == {f"body {n}".encode(): 1 for n in range(number)}
    taker.close()


def test_a_node_goes_on_where_it_was_when_the_warehouse_comes_back(
    url: str, nodes: list[Inbox], tmp_path: Path
) -> None:
    node, taker, said = nodes[0], Inbox(tmp_path / "taker.db"), list[str]()
    with cut_line(url) as (line, over_line):
        line.cut()
        handing = Handing(node, over_line)
        steady = Steady("hand-over", handing.round, said.append)
        node.put(sent(1, 2, 3))
        steady.start()
        while not steady.trouble:
            time.sleep(0.01)
        node.put(sent(4, 5))
        assert node.status().pending == 5
        line.mend()
        while node.status().pending:
            time.sleep(0.01)
        steady.stop()
        handing.end()
    assert "Nothing is lost" in said[0] and said[1] == "The hand-over works again."
    Taking(taker, url).round()
    assert sum(found(taker).values()) == 5
    assert [body.received_at for body in taker.after(0)] == [b.received_at for b in node.after(0)]
    taker.close()


def test_each_node_says_what_waits_and_one_that_ended_with_nothing_left_is_not_told_of(
    nodes: list[Inbox],
) -> None:
    url, [one, two] = database(), nodes
    handed = Handed(url)
    assert handed.nodes() == ()
    first, second = (Handing(node, url, name=node.path.stem) for node in nodes)
    one.put(sent(1, 2))
    first.round()
    second.round()
    told = {node.name: node for node in handed.nodes()}
    assert (told["node0"].handed, told["node1"].handed) == (2, 0)
    assert told["node0"].handed_since and not told["node1"].handed_since
    assert told["node0"].last_received_at == one.status().last_received_at
    assert dt.datetime.now(dt.UTC) - told["node1"].told_at < dt.timedelta(minutes=5)
    two.put(sent(3))
    first.end()
    second.end()
    assert {node.name: node.handed for node in handed.nodes()} == {"node0": 2, "node1": 1}
    handed.forget(handed.batches())
    assert handed.nodes() == ()


def test_too_much_on_the_way_stays_with_the_node(
    url: str, nodes: list[Inbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("steelyard.app.handing._MOST_WAITING", 1)
    handing = Handing(nodes[0], url)
    nodes[0].put(sent(1))
    handing.round()
    nodes[0].put(sent(2))
    with pytest.raises(StoreError, match="waits for the worker"):
        handing.round()
    assert nodes[0].status().pending == 1
    handed = Handed(url)
    handed.forget(handed.batches())
    handing.round()
    assert nodes[0].status().pending == 0


def test_a_node_forgets_what_it_handed_over_after_a_day(url: str, tmp_path: Path) -> None:
    now = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)
    inbox = Inbox(tmp_path / "node.db", clock=lambda: now)
    inbox.put(sent(1))
    hand_over(inbox, url)
    inbox.put(sent(2))
    now += dt.timedelta(hours=25)
    Handing(inbox, url).round()
    assert [*found(inbox)] == [b"body 2"]
    inbox.close()


def test_an_inbox_is_a_nodes_or_a_workers(tmp_path: Path, nodes: list[Inbox]) -> None:
    name = nodes[0].belong(to_node=True)
    assert len(name) == 16 and nodes[0].belong(to_node=True) == name
    assert nodes[1].belong(to_node=True) != name
    with pytest.raises(ConfigError, match="is a receiver node's"):
        nodes[0].belong(to_node=False)
    before = Inbox(tmp_path / "before.db")  # of a worker, before whose it is was written down
    before.put(sent(1))
    before.mark_applied(1)
    with pytest.raises(ConfigError, match="is a worker's"):
        before.belong(to_node=True)
    assert before.belong(to_node=False) == ""
    before.close()


def test_a_new_folder_for_an_old_warehouse_loses_nothing(tmp_path: Path) -> None:
    """The warehouse remembers how far it is; a new inbox must not begin below that."""
    settings = load_settings(tmp_path / "new", warehouse=f"duckdb:///{tmp_path / 'old.duckdb'}")
    with House(settings) as house:
        house.warehouse.append({}, 1000, dt.datetime.now(dt.UTC))
    with House(settings) as house:
        assert house.inbox.put(sent(1)) == [1001]
        assert house.inbox.status().pending == 1
        assert house.applier.run().bodies == 1
