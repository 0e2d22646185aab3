"""Which nodes may run beside each other, and what of the listeners each role leaves to others."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from tests.postgres import Postgres

from steelyard.app.roles import of_role, only_worker
from steelyard.config import load_settings
from steelyard.errors import ConfigError

SHARED = "clickhouse://db.internal:8123/steelyard"
AT_ONCE = timedelta(0)


def listeners(tmp_path: Path, role: str) -> list[bool]:
    said = of_role(load_settings(tmp_path, role=role, warehouse=SHARED))
    return [bool(each) for each in (said.web, said.otlp_http, said.otlp_grpc)]


def test_a_role_leaves_the_other_listeners_off(tmp_path: Path) -> None:
    assert listeners(tmp_path, "all") == [True, True, True]
    assert listeners(tmp_path, "receiver") == [False, True, True]
    assert listeners(tmp_path, "worker") == [False, False, False]
    assert listeners(tmp_path, "web") == [True, False, False]


def test_what_cannot_work_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="needs a warehouse on the network"):
        of_role(load_settings(tmp_path, role="web"))
    with pytest.raises(ConfigError, match="no address"):
        of_role(load_settings(tmp_path, role="receiver", otlp_http="", otlp_grpc=""))
    with pytest.raises(ConfigError, match="no address"):
        of_role(load_settings(tmp_path, role="web", web="", warehouse=SHARED))
    with pytest.raises(ConfigError, match="role"):
        load_settings(tmp_path, role="reader")


def test_of_the_nodes_on_one_state_one_works(tmp_path: Path, postgres: Postgres) -> None:
    url, stop, said = postgres.database(), threading.Event(), list[str]()
    one, two = (load_settings(tmp_path / name, state=url) for name in ("one", "two"))

    def enter(settings: object, patience: timedelta = AT_ONCE) -> ExitStack:
        stack = ExitStack()
        stack.enter_context(only_worker(settings, said.append, stop, patience))  # type: ignore[arg-type]
        return stack

    with enter(one):
        with pytest.raises(ConfigError, match="Another node"):
            enter(two)
        with pytest.raises(ConfigError, match="Another node"):
            enter(load_settings(tmp_path / "two", state=url, warehouse=SHARED))
        with enter(load_settings(tmp_path / "two", state=url, warehouse=SHARED, role="web")):
            pass
        with enter(load_settings(tmp_path / "three")):
            pass
        stop.set()
        with pytest.raises(SystemExit):
            enter(two, timedelta(hours=1))
        assert "Waiting for" in said[0]
    with enter(two):
        pass
