"""OTLP over gRPC: generic handlers that take the messages' bytes as they come."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from steelyard.errors import Refused
from steelyard.receiver.door import Door, Held
from steelyard.receiver.otlp import retry_seconds

SERVICES = {
    "opentelemetry.proto.collector.logs.v1.LogsService": "logs",
    "opentelemetry.proto.collector.metrics.v1.MetricsService": "metrics",
    "opentelemetry.proto.collector.trace.v1.TraceService": "traces",
}
CODES = {
    400: code_pb2.INVALID_ARGUMENT,
    401: code_pb2.UNAUTHENTICATED,
    413: code_pb2.RESOURCE_EXHAUSTED,  # without RetryInfo: not to be sent again
    503: code_pb2.UNAVAILABLE,
}
MAX_METADATA_BYTES = 64 * 1024
Handler = Callable[[bytes, Any], Awaitable[bytes]]


def grpc_server(door: Door) -> Any:
    """A grpc.aio server with the three services; ports are still to be added."""
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", door.limits.inflated),  # also after inflating
            ("grpc.max_metadata_size", MAX_METADATA_BYTES),
            ("grpc.so_reuseport", 0),  # a second receiver must fail, not share the port
        ]
    )
    handlers = [
        grpc.method_handlers_generic_handler(
            service, {"Export": grpc.unary_unary_rpc_method_handler(_export(door, service, signal))}
        )
        for service, signal in SERVICES.items()
    ]
    server.add_generic_rpc_handlers([*handlers, _Unknown(door)])
    return server


class _Unknown(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Notes calls of methods that do not exist; gRPC itself answers UNIMPLEMENTED."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def service(self, details: Any) -> None:
        refused = Refused(404, "no_such_method", "There is no such method.")
        agent = _metadata(details.invocation_metadata).get("user-agent", "")
        self._door.refusals.note(refused, "grpc", details.method, "", agent)


def _export(door: Door, service: str, signal: str) -> Handler:
    path = f"/{service}/Export"

    async def export(request: bytes, context: Any) -> bytes:
        metadata = _metadata(context.invocation_metadata())
        try:
            token = door.access.token_of(metadata.get("authorization", ""))
            await _store(door, signal, request, token)
        except Refused as refused:
            agent = metadata.get("user-agent", "")
            door.refusals.note(refused, "grpc", path, _peer(context.peer()), agent)
            await context.abort_with_status(rpc_status.to_status(status_of(refused)))
        return b""  # an Export…ServiceResponse without fields

    return export


async def _store(door: Door, signal: str, request: bytes, token: str) -> None:
    stored: asyncio.Future[int | Refused] = asyncio.get_running_loop().create_future()

    def done(outcome: int | Refused) -> None:
        if not stored.done():  # the client may have gone away
            stored.set_result(outcome)

    held = Held(door)
    try:
        held.add(len(request))
        door.store(signal, "protobuf", "", request, token, done)
        outcome = await stored
    finally:
        held.release()
    if isinstance(outcome, Refused):
        raise outcome


def status_of(refused: Refused) -> status_pb2.Status:
    """The status with its details; RetryInfo says that and when the same data may come again."""
    text = " ".join(filter(None, [refused.message, refused.hint]))
    status = status_pb2.Status(code=CODES.get(refused.status, code_pb2.UNKNOWN), message=text)
    if refused.status == 503:
        delay = duration_pb2.Duration(seconds=retry_seconds(refused))
        detail = any_pb2.Any()
        detail.Pack(error_details_pb2.RetryInfo(retry_delay=delay))
        status.details.append(detail)
    return status


def _metadata(pairs: Any) -> dict[str, str]:
    return {key: value for key, value in pairs or () if isinstance(value, str)}


def _peer(peer: str) -> str:
    """`ipv4:127.0.0.1:5123` without protocol and port."""
    return peer.partition(":")[2].rpartition(":")[0].replace("%5B", "[").replace("%5D", "]")
