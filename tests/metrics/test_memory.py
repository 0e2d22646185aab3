"""What is remembered is made once, however many ask for it at the same time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from steelyard.metrics.memory import Recent


def test_who_asks_meanwhile_waits_for_the_same() -> None:
    recent: Recent[str] = Recent(2)
    begun, go, made = threading.Event(), threading.Event(), []

    def make() -> str:
        made.append(1)
        begun.set()
        assert go.wait(10)
        return "answer"

    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(recent.found, "key", make)
        assert begun.wait(10)
        others = [pool.submit(recent.found, "key", make) for _ in range(3)]
        go.set()
        assert {each.result(10) for each in (first, *others)} == {"answer"}
    assert len(made) == 1


def test_a_failure_is_not_kept_and_keeps_nobody_waiting() -> None:
    recent: Recent[str] = Recent(2)
    with pytest.raises(ZeroDivisionError):
        recent.found("key", lambda: str(1 / 0))
    assert recent.found("key", lambda: "answer") == "answer"


def test_what_is_not_worth_it_is_made_again() -> None:
    recent: Recent[str] = Recent(2)
    for text in ("one", "two"):
        assert recent.found("key", lambda text=text: text, lambda value: False) == text  # type: ignore[misc]
