"""The demo company, whole: what it would send, and what its systems would tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from steelyard.demo import claude, money, others, tickets, use, work
from steelyard.demo.shape import Shape
from steelyard.demo.staff import Staff, hire
from steelyard.demo.use import Session
from steelyard.demo.wire import CUMULATIVE, Logs, Metrics
from steelyard.model import BillingLine, Record

_TOGETHER = 25  # sessions in one request, as a collector between sends them
_PAGE = 5_000


class Export(NamedTuple):
    """An OTLP request in protobuf, as it would come in."""

    signal: str  # logs | metrics
    data: bytes


class Company:
    """Everything of one shape, made when first asked for."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape

    @cached_property
    def staff(self) -> Staff:
        return hire(self.shape)

    @cached_property
    def sessions(self) -> tuple[Session, ...]:
        return tuple(use.sessions(self.shape, self.staff))

    @cached_property
    def work(self) -> tickets.Work:
        return work.ship(self.shape, self.staff, use.habits(self.shape, self.staff))

    @cached_property
    def bills(self) -> tuple[BillingLine, ...]:
        return tuple(money.bills(self.shape, self.staff, self.sessions))

    def exports(self) -> Iterator[Export]:
        """All telemetry, in the order of time."""
        waiting = iter(self.sessions)
        while group := list(islice(waiting, _TOGETHER)):
            yield from exports(group)

    def pages(self) -> Iterator[list[Record]]:
        """People first, then work and bills, a page of one kind at a time."""
        done = self.work
        people: list[Record] = [r for m in self.staff.members for r in m.records()]
        accounts: list[Record] = [a for m in self.staff.members for a in tickets.accounts(m)]
        kinds: tuple[Sequence[Record], ...] = (
            *(people, accounts, done.issues, done.transitions, done.pull_requests),
            *(done.commits, done.rework, done.reviews, done.deployments, done.incidents),
            *(done.worklogs, self.bills, tuple(money.survey(self.shape, self.staff))),
        )
        for records in kinds:
            for start in range(0, len(records), _PAGE):
                yield list(records[start : start + _PAGE])


def exports(sessions: Sequence[Session]) -> Iterator[Export]:
    """The requests of some sessions: each client's resource, scope and records by themselves."""
    logs, delta, running = Logs(), Metrics(), Metrics(CUMULATIVE)
    for made in sessions:
        if made.assistant == "claude-code":
            claude.tell(made, logs, delta)
        elif made.assistant == "codex":
            others.tell_codex(made, logs)
        else:
            others.tell_gemini(made, logs, running)
    yield Export("logs", logs.request.SerializeToString(deterministic=True))
    for each in (delta, running):
        if each.request.resource_metrics:
            yield Export("metrics", each.request.SerializeToString(deterministic=True))
