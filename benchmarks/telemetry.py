"""Telemetry of a made-up organisation: recorded Claude Code events, renewed.

Equal seeds give equal bodies: sessions of a few hundred records, people with an e-mail, five
working days; 60 records a body, gzip. Unlike those of `receiver_bodies`, sessions span bodies, so
that facts have something to join.
"""

from __future__ import annotations

import gzip
import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.receiver_bodies import EVENTS, RECORDS, templates
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

START = datetime(2026, 11, 2, 8, tzinfo=UTC)
DAYS, PEOPLE = 5, 400
BODIES_PER_SESSION = 6  # some 180 model calls and 360 records in a session
MODELS = {"claude-opus-5-5": 45, "claude-sonnet-5-5": 40, "claude-haiku-4-5": 15}
TOKENS = {"input_tokens": 3_000, "output_tokens": 1_200}
TOKENS |= {"cache_read_tokens": 60_000, "cache_creation_tokens": 6_000}


def bodies(count: int, seed: int = 1) -> list[bytes]:
    """So many gzip bodies of RECORDS records each, in the order in which they were sent."""
    made: list[tuple[datetime, bytes]] = []
    for number in range(-(-count // BODIES_PER_SESSION)):
        made.extend(_session(random.Random(f"{seed}-{number}")))
    made.sort(key=lambda pair: pair[0])
    return [body for _, body in made[:count]]


def records(count: int) -> int:
    return count * RECORDS


def _session(dice: random.Random) -> Iterator[tuple[datetime, bytes]]:
    person, session = dice.randrange(PEOPLE), _uuid(dice)
    who = {
        "session.id": session,
        "user.id": f"{person:064x}",
        "user.email": f"person{person}@example.com",
        "organization.id": str(uuid.UUID(int=7)),
    }
    time = START + timedelta(days=dice.randrange(DAYS), seconds=dice.randrange(9 * 3600))
    sequence = 0
    for _ in range(BODIES_PER_SESSION):
        request, time, sequence = _request(dice, who, time, sequence)
        yield time, gzip.compress(request.SerializeToString(), 6, mtime=0)


def _request(
    dice: random.Random, who: dict[str, str], time: datetime, sequence: int
) -> tuple[Any, datetime, int]:
    """One export and where the session's clock and count then stand."""
    shell, found = templates()
    made = ExportLogsServiceRequest()
    made.CopyFrom(shell)
    kept = made.resource_logs[0].scope_logs[0].log_records
    said = who | {"prompt.id": _uuid(dice)}
    model = dice.choices([*MODELS], [*MODELS.values()])[0]
    for event in (event for event, times in EVENTS.items() for _ in range(times)):
        time += timedelta(milliseconds=dice.randrange(200, 4_000))
        record = kept.add()
        record.CopyFrom(dice.choice(found[event]))
        _renew(record, dice, said | {"model": model}, time, sequence)
        sequence += 1
    return made, time, sequence


def _renew(
    record: Any, dice: random.Random, said: dict[str, str], time: datetime, sequence: int
) -> None:
    """Own time, ids and counts; everything else as recorded."""
    record.time_unix_nano = int(time.timestamp() * 1e9)
    record.observed_time_unix_nano = record.time_unix_nano + 1_000_000
    fresh = said | {
        "request_id": f"req_{dice.getrandbits(96):024x}",
        "tool_use_id": f"toolu_{dice.getrandbits(96):024x}",
        "event.timestamp": time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    there = set()
    for pair in record.attributes:
        there.add(pair.key)
        if pair.key in fresh:
            pair.value.string_value = fresh[pair.key]
        elif pair.key == "event.sequence":
            pair.value.int_value = sequence
        elif pair.key in TOKENS:
            pair.value.int_value = int(dice.expovariate(1 / TOKENS[pair.key]))
    for key in ("user.email", "organization.id"):
        if key not in there:
            record.attributes.add(key=key).value.string_value = said[key]


def _uuid(dice: random.Random) -> str:
    return str(uuid.UUID(int=dice.getrandbits(128), version=4))
