"""What was declined, gathered in memory and written once a second: a flood must cost nothing."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import UTC, datetime

from steelyard.errors import Refused, SteelyardError
from steelyard.receiver.body import Refusal
from steelyard.receiver.inbox import Inbox

FLUSH_SECONDS = 1.0
MAX_KINDS = 200  # between two writes; beyond that, peers and agents are no longer told apart

log = logging.getLogger(__name__)
Kind = tuple[int, str, str, str, str, str]


class RefusalLog:
    """Counts refusals by kind and hands them to the inbox."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._seen: dict[Kind, Refusal] = {}

    def note(
        self, refused: Refused, protocol: str, path: str = "", peer: str = "", agent: str = ""
    ) -> None:
        """Count one refusal. Texts are cut; a token is never among them."""
        kind = (refused.status, refused.reason, protocol, path[:200], peer[:80], agent[:120])
        if kind not in self._seen and len(self._seen) >= MAX_KINDS:
            kind = (refused.status, refused.reason, protocol, "", "", "")
        status, reason, protocol, path, peer, agent = kind
        seen = self._seen.get(kind)
        now = datetime.now(UTC)
        if seen is None:
            self._seen[kind] = Refusal(now, status, reason, path, peer, agent, protocol)
        else:
            self._seen[kind] = replace(seen, time=now, count=seen.count + 1)

    async def watch(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            seen, self._seen = self._seen, {}
            await asyncio.to_thread(self._write, seen)

    def flush(self) -> None:
        """Write what was gathered."""
        seen, self._seen = self._seen, {}
        self._write(seen)

    def _write(self, seen: dict[Kind, Refusal]) -> None:
        try:
            self._inbox.refuse(*seen.values())
        except SteelyardError as error:  # the inbox has other troubles then
            log.warning("%d refusals were not written down: %s", len(seen), error.message)
