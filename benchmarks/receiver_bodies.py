"""OTLP log bodies for the receiver's benchmark, made from recorded Claude Code events."""

from __future__ import annotations

import os
import random
import uuid
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

RECORDS = 60  # in a body
EVENTS = {"api_request": 30, "tool_decision": 14, "tool_result": 14, "user_prompt": 2}
JSON_FIELDS = ("timeUnixNano", "observedTimeUnixNano", "body", "attributes")
START = datetime(2026, 11, 2, 8, tzinfo=UTC)
ROOT = Path(__file__).resolve().parent.parent


def recordings() -> Path:
    return Path(os.environ.get("STEELYARD_SHARED", ROOT.parent / "shared")) / "recordings"


@cache
def templates() -> tuple[Any, dict[str, list[Any]]]:
    """A request without records, and recorded records by event, none of which holds content."""
    shell: Any = None
    found: dict[str, list[Any]] = {event: [] for event in EVENTS}
    for file in sorted((recordings() / "claude-code").glob("*http-protobuf/*-logs.pb")):
        request = ExportLogsServiceRequest.FromString(file.read_bytes())
        for record in request.resource_logs[0].scope_logs[0].log_records:
            values = {pair.key: pair.value.string_value for pair in record.attributes}
            redacted = values.get("prompt", "<REDACTED>") == "<REDACTED>"
            if redacted and not values.keys() & {"tool_input", "tool_parameters", "error"}:
                found.get(values["event.name"], []).append(record)
        del request.resource_logs[0].scope_logs[0].log_records[:]
        shell = shell or request
    return shell, found


def request(seed: int) -> Any:
    """One export of a session; equal seeds give equal requests."""
    dice = random.Random(seed)
    shell, found = templates()
    made = ExportLogsServiceRequest()
    made.CopyFrom(shell)
    session = _uuid(dice)
    records = made.resource_logs[0].scope_logs[0].log_records
    for sequence, event in enumerate(e for e, count in EVENTS.items() for _ in range(count)):
        record = records.add()
        record.CopyFrom(dice.choice(found[event]))
        _renew(
            record, dice, session, sequence, START + timedelta(seconds=seed, milliseconds=sequence)
        )
    return made


def _renew(record: Any, dice: random.Random, session: str, sequence: int, time: datetime) -> None:
    record.time_unix_nano = int(time.timestamp() * 1e9)
    record.observed_time_unix_nano = record.time_unix_nano + 1_000_000
    fresh: dict[str, str] = {
        "session.id": session,
        "prompt.id": _uuid(dice),
        "request_id": f"req_{dice.getrandbits(96):024x}",
        "tool_use_id": f"toolu_{dice.getrandbits(96):024x}",
        "event.timestamp": time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    for pair in record.attributes:
        if pair.key in fresh:
            pair.value.string_value = fresh[pair.key]
        elif pair.key == "event.sequence":
            pair.value.int_value = sequence
        elif pair.key == "input_tokens":
            pair.value.int_value = dice.randrange(1, 4000)


def _uuid(dice: random.Random) -> str:
    return str(uuid.UUID(int=dice.getrandbits(128), version=4))


def protobuf_bodies(count: int) -> list[bytes]:
    return [request(seed).SerializeToString() for seed in range(count)]


def json_bodies(count: int) -> list[bytes]:
    return [orjson.dumps(as_claude_code_writes_it(request(seed))) for seed in range(count)]


def as_claude_code_writes_it(made: Any) -> Any:
    """OTLP/JSON with small numbers as numbers and the counts that are 0 written out."""
    tree = MessageToDict(made)
    for group in tree["resourceLogs"]:
        group["resource"]["droppedAttributesCount"] = 0
        records = group["scopeLogs"][0]["logRecords"]
        records[:] = [
            {name: record[name] for name in JSON_FIELDS} | {"droppedAttributesCount": 0}
            for record in records
        ]
        for pair in (pair for record in records for pair in record["attributes"]):
            if "intValue" in pair["value"]:
                pair["value"]["intValue"] = int(pair["value"]["intValue"])
    return tree
