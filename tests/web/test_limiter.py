"""Guesses are counted and secrets kept in a memory that strangers cannot fill."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.web.signing import Clock

from steelyard.web import limiter
from steelyard.web.limiter import Limiter, TooManyTries, network_of
from steelyard.web.once import Once


def allowed(limit: Limiter, key: str) -> bool:
    try:
        limit.count(key)
    except TooManyTries:
        return False
    return True


def test_so_many_within_a_window() -> None:
    clock = Clock()
    limit = Limiter(3, clock)
    assert [allowed(limit, "ada") for _ in range(5)] == [True, True, True, False, False]
    assert allowed(limit, "bo")
    clock.now += limiter.WINDOW
    assert allowed(limit, "ada")


def test_what_went_well_is_no_try() -> None:
    limit = Limiter(2, Clock())
    for _ in range(9):
        assert allowed(limit, "office")
        limit.uncount("office")
    assert allowed(limit, "office")
    assert allowed(limit, "office")
    assert not allowed(limit, "office")
    limit.forget("office")
    assert allowed(limit, "office")


def test_many_at_once_are_counted_too() -> None:
    limit = Limiter(10, Clock())
    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(lambda _: allowed(limit, "ada"), range(200))) == 10


def test_the_wait_is_said() -> None:
    clock = Clock()
    limit = Limiter(1, clock)
    limit.count("ada")
    clock.now += dt.timedelta(minutes=10)
    with pytest.raises(TooManyTries) as refused:
        limit.count("ada")
    assert refused.value.hint == "Try again in 5 minutes."


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limiter, "_KEYS", 50)
    limit = Limiter(1, Clock())
    for number in range(500):
        limit.count(str(number))
    assert len(limit._tries) == 50
    once = Once[int](dt.timedelta(hours=1), Clock(), 50)
    secrets = [once.put(number) for number in range(500)]
    assert len(once._kept) == 50
    assert once.take(secrets[0]) is None
    assert (once.take(secrets[-1]), once.take(secrets[-1])) == (499, None)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_a_network_counts_as_one(address: str, network: str) -> None:
    assert network_of(address) == network
