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


# The receiver's reason, or the beginning of it, and what mends it.
FIXES: dict[str, str] = {
    "missing_token": "Set OTEL_EXPORTER_OTLP_HEADERS to 'Authorization=Bearer YOUR_TOKEN' for the"
    " client; make a token with `steelyard token create --scope ingest`.",
    "bad_token": "The token is unknown, expired or revoked. Make a new one with"
    " `steelyard token create --scope ingest` and put it into OTEL_EXPORTER_OTLP_HEADERS.",
    "wrong_scope": "This token may not send telemetry. Make one that may with"
    " `steelyard token create --scope ingest`.",
    "unknown_path": "Use the address without a path: the client adds /v1/metrics and /v1/logs."
    " Per-signal variables such as OTEL_EXPORTER_OTLP_LOGS_ENDPOINT need the full path.",
    "method": "Something other than an OTLP client is knocking here: exports are POST requests.",
    "unsupported_media_type": "Set OTEL_EXPORTER_OTLP_PROTOCOL to http/protobuf or http/json for"
    " port 4318, or to grpc for port 4317.",
    "wrong_protocol": "Port and protocol do not fit: grpc goes to port 4317, http/protobuf and"
    " http/json go to port 4318. Change OTEL_EXPORTER_OTLP_PROTOCOL or the port.",
    "bad_compression": "Set OTEL_EXPORTER_OTLP_COMPRESSION to gzip or none; nothing else is read.",
    "unsupported_encoding": "Set OTEL_EXPORTER_OTLP_COMPRESSION to gzip or none.",
    "too_large": "Let the client export more often (OTEL_METRIC_EXPORT_INTERVAL,"
    " OTEL_LOGS_EXPORT_INTERVAL), or raise `max_body_bytes` in the settings.",
    "bad_body": "The body is not OTLP. Check that OTEL_EXPORTER_OTLP_PROTOCOL is what the client"
    " really sends, and that no proxy rewrites requests.",
    "busy": "The server was busy; clients send it again by themselves. Nothing to do.",
    "full": "The inbox is full. Free disk space or raise `inbox_max_bytes`, and see with"
    " `steelyard doctor` why it is not being emptied.",
    "disk": "The inbox cannot write. Check free space and permissions of the data folder with"
    " `steelyard doctor`.",
}
BY_STATUS: dict[int, str] = {
    401: FIXES["missing_token"],
    403: FIXES["wrong_scope"],
    404: FIXES["unknown_path"],
    405: FIXES["method"],
    413: FIXES["too_large"],
    415: FIXES["unsupported_media_type"],
    400: FIXES["bad_body"],
    503: FIXES["busy"],
}
ELSE = "Look at the server's log for this time, or run `steelyard doctor`."
NOTHING = (
    "Nothing has reached the ports yet.",
    "Start the assistant anew: it reads these variables only when it starts. Then ask it anything,"
    " and wait up to a minute. CLAUDE_CODE_OTEL_DIAG_STDERR=1 makes Claude Code print its export"
    " errors.",
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
    reason = refusal.reason.lower()
    exact = next((fix for code, fix in FIXES.items() if reason.startswith(code)), None)
    return exact or BY_STATUS.get(refusal.status, ELSE)


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
            "It is kept and blocks nothing. Please report it with the error, and with the client's"
            " version.",
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
    return "Listening on " + " and ".join(listener.url for listener in listeners)
