"""Why telemetry does not arrive: what reached the ports, what was declined, one fix per reason.

Reads only what the receiver noted down. The advice is for the person who set the client up.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from steelyard.receiver.body import Refusal
from steelyard.web.formats import ago, count
from steelyard.web.services import Listener, Status

CLOCK_TOLERANCE = dt.timedelta(minutes=10)


@dataclass(frozen=True)
class Finding:
    """`what` happened, the `fix` to try, `detail` for the curious."""

    what: str
    fix: str
    detail: str = ""


# What mends each reason the receiver gives.
FIXES: dict[str, str] = {
    "no_token": "Set OTEL_EXPORTER_OTLP_HEADERS to 'Authorization=Bearer YOUR_TOKEN' where the"
    " client runs; `steelyard token create laptops` on the server makes a token.",
    "bad_token": "The token is unknown, expired, revoked, or may not send telemetry. Make a new"
    " one with `steelyard token create laptops` and put it into OTEL_EXPORTER_OTLP_HEADERS.",
    "no_such_path": "Give the address without a path: the client adds /v1/metrics and /v1/logs."
    " Only per-signal variables such as OTEL_EXPORTER_OTLP_LOGS_ENDPOINT need the whole path.",
    "no_such_method": "Something that is not an OTLP exporter calls the gRPC port; check what"
    " this client is.",
    "not_post": "Something that is not an OTLP exporter opens this address: exports are POST.",
    "content_type": "Set OTEL_EXPORTER_OTLP_PROTOCOL to http/protobuf or http/json for this port;"
    " grpc goes to the gRPC port.",
    "content_encoding": "Set OTEL_EXPORTER_OTLP_COMPRESSION to gzip or none.",
    "bad_compression": "A proxy may change the body on its way. Try without it, or set"
    " OTEL_EXPORTER_OTLP_COMPRESSION to none.",
    "bad_data": "Set OTEL_EXPORTER_OTLP_PROTOCOL to what fits the port: http/protobuf or"
    " http/json here, grpc for the gRPC port; and check that no proxy changes the body.",
    "bad_http": "This looks like gRPC on the HTTP port: set OTEL_EXPORTER_OTLP_PROTOCOL to"
    " http/protobuf, or send to the gRPC port. TLS on a plain port looks the same: use http://.",
    "unreadable": "The body is damaged. Check that no proxy changes it, and report it if it stays.",
    "connections": "Nothing to do: clients try again. Many clients? Put a collector between.",
    "too_large": "Let the client export more often (OTEL_METRIC_EXPORT_INTERVAL,"
    " OTEL_LOGS_EXPORT_INTERVAL), or raise the setting `max_body_bytes`.",
    "slow": "The connection broke or is very slow; clients send again. Look at proxies between.",
    "busy": "Nothing to do: clients send the same data again by themselves.",
    "full": "Free disk space or raise the setting `inbox_max_bytes`; `steelyard doctor` shows why"
    " the inbox is not being emptied.",
    "disk": "Check free space and permissions of the data folder with `steelyard doctor`.",
}
ELSE = "Look into the server's log at that time, or run `steelyard doctor`."
UNREAD = (
    "It is kept and blocks nothing. Please report it with the error, and with the client's version."
)
NOTHING = (
    "Nothing has reached the ports yet.",
    "Start the assistant anew: it reads these variables only when it starts. Then ask it anything"
    " and wait up to a minute. Protocol and port must fit (see below), and nothing between may"
    " block them. CLAUDE_CODE_OTEL_DIAG_STDERR=1 makes Claude Code print export errors.",
)


def diagnose(status: Status, now: dt.datetime) -> list[Finding]:
    """What stands in the way, most likely first; never empty while nothing has arrived."""
    found = [*_declined(status.refusals, now), *_unread(status), *_clock(status, now)]
    inbox = status.inbox
    if inbox.pending and not status.has_data:
        found.append(_pending(inbox.pending))
    if not found and not inbox.received:
        found.append(Finding(*NOTHING, detail=_listening(status.listeners)))
    elif not found and not status.has_data:
        found.append(_no_usage(inbox.received))
    return found


def fix_for(refusal: Refusal) -> str:
    """The one thing to change so that such a request is taken."""
    return FIXES.get(refusal.reason, ELSE)


def _declined(refusals: tuple[Refusal, ...], now: dt.datetime) -> Iterator[Finding]:
    for refusal in refusals[:8]:
        times = "once" if refusal.count == 1 else f"{count(refusal.count)} times"
        where = f"{refusal.protocol} {refusal.path}".strip()
        sender = " · ".join(filter(None, (refusal.agent, refusal.peer)))
        yield Finding(
            f"Declined {times} with {refusal.status} ({refusal.reason}): {where}",
            fix_for(refusal),
            f"{sender} · last {ago(refusal.time, now)}".lstrip(" ·"),
        )


def _unread(status: Status) -> Iterator[Finding]:
    for aside in status.set_aside[-3:]:
        yield Finding(
            f"Request {aside.number} ({aside.signal}) was taken but could not be read.",
            UNREAD,
            aside.error,
        )


def _clock(status: Status, now: dt.datetime) -> Iterator[Finding]:
    seen = status.last_event
    if seen and seen.time - now > CLOCK_TOLERANCE:
        yield Finding(
            f"The last event is dated {ago(now, seen.time).removesuffix(' ago')} in the future.",
            "Set the clock of that computer: usage counts on the day the client names.",
        )


def _pending(pending: int) -> Finding:
    return Finding(
        f"{count(pending)} requests have arrived and are being read.",
        "Nothing to do; this takes seconds.",
    )


def _no_usage(received: int) -> Finding:
    return Finding(
        f"{count(received)} requests arrived, but none held an event or a count of an assistant.",
        "Set both OTEL_METRICS_EXPORTER=otlp and OTEL_LOGS_EXPORTER=otlp: each is off by default.",
    )


def _listening(listeners: tuple[Listener, ...]) -> str:
    kinds = {"otlp-http": "http/protobuf or http/json", "otlp-grpc": "grpc"}
    said = (f"{kinds.get(each.name, each.name)} on {each.url}" for each in listeners)
    return "Listening: " + ", ".join(said)
