"""The same request in JSON and in protobuf gives the same records, whatever client sent it."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToJson, Parse
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from tests.recorded import FOLDER, SCENARIOS

from steelyard.receiver.body import Body
from steelyard.receiver.decode import TABLE_OF, decode

pytestmark = pytest.mark.usefixtures("recordings")
NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
KINDS: dict[str, Any] = {"logs": ExportLogsServiceRequest, "metrics": ExportMetricsServiceRequest}


def requests(folder: Path) -> list[tuple[str, bytes]]:
    """(signal, protobuf) of all log and metric requests; JSON ones converted by protobuf itself."""
    found = []
    for request in json.loads((folder / "manifest.json").read_bytes())["requests"]:
        if (signal := request["signal"]) in KINDS and not request["file"].endswith(".gz"):
            data = (folder / request["file"]).read_bytes()
            if "json" in str(request.get("content_type")):
                data = Parse(data, KINDS[signal](), ignore_unknown_fields=True).SerializeToString()
            found.append((signal, data))
    return found


def as_json(signal: str, data: bytes) -> bytes:
    message = KINDS[signal].FromString(data)
    return MessageToJson(message, use_integers_for_enums=True, indent=None).encode()


@pytest.mark.parametrize("scenario", SCENARIOS or ["none"])
def test_json_and_protobuf_say_the_same(scenario: str) -> None:
    for number, (signal, data) in enumerate(requests(FOLDER / "recordings" / scenario), 1):
        protobuf = Body(signal, "protobuf", data, number=number, received_at=NOW)
        plain = Body(signal, "json", as_json(signal, data), number=number, received_at=NOW)
        one, other = decode([protobuf]), decode([plain])
        assert one.failures == other.failures == ()
        assert one.tables.keys() == other.tables.keys() <= {TABLE_OF[signal]}
        for name, table in one.tables.items():
            assert table.equals(other.tables[name]), (scenario, number)


@pytest.mark.parametrize("scenario", SCENARIOS or ["none"])
def test_nothing_that_was_sent_is_left_out(scenario: str) -> None:
    """As many events as log records; each keeps its session, model and time."""
    for number, (signal, data) in enumerate(requests(FOLDER / "recordings" / scenario), 1):
        if signal != "logs":
            continue
        message = ExportLogsServiceRequest.FromString(data)
        sent = sum(len(s.log_records) for r in message.resource_logs for s in r.scope_logs)
        body = Body(signal, "protobuf", data, number=number, received_at=NOW)
        table = decode([body]).tables["events"]
        assert table.num_rows == sent
        assert all(table.column("name").to_pylist())
        assert {day.year for day in table.column("day").to_pylist()} == {2026}
