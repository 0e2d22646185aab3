"""With prompts, tool details and content switched on, nothing people or models wrote is kept."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests.recorded import Recording
from tests.server.running import Running
from tests.server.sending import JSON, Request

from steelyard.receiver.inbox import Inbox

MESSAGES = {
    "logs": ExportLogsServiceRequest,
    "metrics": ExportMetricsServiceRequest,
    "traces": ExportTraceServiceRequest,
}
MIN_CHARS = 12
# Written down here once more, so that a key forgotten by the receiver is found by this test.
WRITTEN = re.compile(
    r"prompt(_text)?|user_prompt|request_text|response(_text)?|completion|new_context|reasoning"
    r"|system_prompt.*|tool_(input|output|parameters|result)|function_args|arguments|output|input"
    r"|full_command|bash_command|file_path|process\.command_args|gen_ai\..*(messages|instructions"
    r"|arguments|result|prompt|completion|definitions)|body|content"
)
# Names inside tool parameters that say who was called, not what was said.
NAMES = {"mcp_server_name", "mcp_tool_name", "skill_name", "subagent_type", "git_commit_id"}


def attributes(value: Any) -> Iterator[tuple[str, Any]]:
    """Every key and value pair of OTLP/JSON, at any depth."""
    if isinstance(value, dict):
        if isinstance(value.get("key"), str) and "value" in value:
            yield value["key"], value["value"]
        for inner in value.values():
            yield from attributes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from attributes(inner)


def texts(value: Any) -> Iterator[str]:
    """The text of a value: of JSON inside it, every leaf; of several lines, each line."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in NAMES:
                yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str):
        try:
            parsed = json.loads(value) if value[:1] in "[{" else None
        except ValueError:
            parsed = None
        yield from texts(parsed) if parsed is not None else map(str.strip, value.splitlines())


def said(requests: list[Request]) -> tuple[set[str], set[str]]:
    """Texts under keys of content, and the one-word values of all other keys."""
    content: set[str] = set()
    names: set[str] = set()
    for request in requests:
        data = gzip.decompress(request.data) if request.encoding == "gzip" else request.data
        if request.content_type == JSON:
            message = json.loads(data)
        else:
            message = MessageToDict(MESSAGES[request.signal].FromString(data))
        for key, value in attributes(message):
            if WRITTEN.fullmatch(key):
                content.update(texts(value))
            else:
                names.update(text for text in texts(value) if not re.search(r"\s", text))
    return content, names


@pytest.fixture(scope="module")
def secrets(every_request: list[Request], all_recordings: list[Recording]) -> set[str]:
    """What must be nowhere: the texts of raw bodies, and what people typed.

    Left out are ids and names that the same bodies also say under keys of their own (a tool's
    name, a call's id, a model): single words only.
    """
    content, names = said(every_request)
    typed = {run.get("prompt") or "" for each in all_recordings for run in each.manifest["runs"]}
    found = (content - names) | typed
    return {text for text in found if len(text) >= MIN_CHARS and "REDACTED" not in text}


def kept(server: Running, folder: Path) -> Iterator[tuple[str, bytes]]:
    """Everything under the data folder: each file, each body inflated, each table as text."""
    for file in sorted(server.data.rglob("*")):
        if file.is_file():
            yield file.name, file.read_bytes()
    inbox = Inbox(server.data / "inbox.db")
    bodies = inbox.after(0, 1_000_000, 1 << 40)
    inbox.close()
    assert len(bodies) == server.status()["inbox"]["received"]
    yield "bodies", b"\n".join(body.payload() for body in bodies)
    server.door.export(folder)
    for table in sorted(folder.glob("*.parquet")):
        rows = pq.read_table(table).to_pylist()
        yield table.name, "\n".join(str(list(row.values())) for row in rows).encode()


def test_nothing_written_by_people_or_models_is_kept(
    told: Running, secrets: set[str], tmp_path: Path
) -> None:
    assert len(secrets) > 100, sorted(secrets)
    forms = {form: text for text in secrets for form in spellings(text)}
    found: dict[str, set[str]] = {}
    places = 0
    for place, data in kept(told, tmp_path / "export"):
        places += 1
        found |= {text: {place} for form, text in forms.items() if form in data}
    assert places > 20
    assert not found, "\n".join(f"{text!r} in {places}" for text, places in found.items())


def spellings(text: str) -> set[bytes]:
    """As it is, inside JSON, and inside JSON inside JSON."""
    once = json.dumps(text)[1:-1]
    return {text.encode(), once.encode(), json.dumps(once)[1:-1].encode()}


def test_the_search_finds_what_is_there(told: Running, tmp_path: Path) -> None:
    """A text known to be kept is found in bodies and tables: the search itself works."""
    seen = {place for place, data in kept(told, tmp_path / "export") if b"claude_code.api" in data}
    assert "bodies" in seen
    session = told.status()["last_event"]["session"].encode()
    found = {place for place, data in kept(told, tmp_path / "again") if session in data}
    assert {"events.parquet", "session_days.parquet"} <= found
