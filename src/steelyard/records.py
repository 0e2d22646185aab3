"""The canonical records: what every way in yields and the warehouse keeps.

Three raw tables, all metadata only. A record knows its evidence (`witness`) and carries a `key`
that is equal for every copy of the same record, so that duplicates can be told apart later
without an index. Text columns are never null: the empty string is "not said". Numbers are null
when not said, never 0. Money is integer nano-dollars (1e-9 USD): one cached token costs 0.2
micro-dollars, so micro-dollars would round.
"""

from __future__ import annotations

import pyarrow as pa
import xxhash

NANOS_PER_USD = 1_000_000_000
TIME = pa.timestamp("us", tz="UTC")

# Who and where: on every raw record.
IDENTITY = ("session", "install_id", "email", "account_id", "account_uuid", "organization")
CONTEXT = ("provider", "app_version", "terminal", "repo", "plan")
# What the work was for: attribution attributes of model calls.
ATTRIBUTION = (
    "model",
    "query_source",
    "effort",
    "speed",
    "agent",
    "skill",
    "plugin",
    "mcp_server",
)

_HEAD: list[tuple[str, pa.DataType]] = [
    ("key", pa.int64()),
    ("time", TIME),
    ("day", pa.date32()),
    ("witness", pa.string()),  # metrics | events | transcripts | spans
    ("assistant", pa.string()),  # claude-code | codex | gemini-cli | service.name of others
    ("name", pa.string()),  # canonical event or measure name
]
_WHO: list[tuple[str, pa.DataType]] = [(name, pa.string()) for name in (*IDENTITY, *CONTEXT)]
_WHAT: list[tuple[str, pa.DataType]] = [(name, pa.string()) for name in ATTRIBUTION]
_TAIL: list[tuple[str, pa.DataType]] = [
    (
        "resource",
        pa.string(),
    ),  # JSON object of resource attributes without a column (team.id, os.type …)
    ("attributes", pa.string()),  # JSON object of everything else without a column, content removed
    ("body", pa.int64()),  # inbox number of the request it came in
]

EVENTS = pa.schema(
    [
        *_HEAD,
        *_WHO,
        *_WHAT,
        ("sequence", pa.int64()),  # the client's own count within one process
        ("prompt_id", pa.string()),
        ("request_id", pa.string()),
        ("tool_use_id", pa.string()),
        ("tool", pa.string()),
        ("decision", pa.string()),  # accept | reject
        (
            "source",
            pa.string(),
        ),  # config | hook | user_temporary | user_permanent | user_reject | …
        ("success", pa.string()),  # true | false
        ("status", pa.string()),  # HTTP status of a failed model call
        ("error", pa.string()),
        ("input_tokens", pa.int64()),  # without cache
        ("output_tokens", pa.int64()),  # with reasoning
        ("cache_read_tokens", pa.int64()),
        ("cache_creation_tokens", pa.int64()),  # both lifetimes together
        ("cache_creation_1h_tokens", pa.int64()),  # null: the split is not known
        ("web_searches", pa.int64()),
        ("cost_nanos", pa.int64()),  # as the client reported it
        ("duration_ms", pa.float64()),
        ("chars", pa.int64()),  # length of a prompt or response
        *_TAIL,
    ]
)

POINTS = pa.schema(
    [
        *_HEAD,  # name: tokens | cost | active_seconds | lines | commits | … or the metric's own
        *_WHO,
        *_WHAT,
        ("metric", pa.string()),  # the metric's name on the wire
        ("temporality", pa.string()),  # delta | cumulative | gauge
        ("series", pa.int64()),  # equal for all points of one cumulative series
        ("start", TIME),
        ("type", pa.string()),  # token type, added/removed, user/cli, start type
        ("tool", pa.string()),
        ("decision", pa.string()),
        ("source", pa.string()),
        ("language", pa.string()),
        ("value", pa.float64()),
        *_TAIL,
    ]
)

SPANS = pa.schema(
    [
        *_HEAD,
        *_WHO,
        *_WHAT,
        ("trace_id", pa.string()),
        ("span_id", pa.string()),
        ("parent_id", pa.string()),
        ("duration_ms", pa.float64()),
        *_TAIL,
    ]
)

TABLES = {"events": EVENTS, "points": POINTS, "spans": SPANS}

# Canonical names of measures on points; other metrics keep their own name and are only stored.
MEASURES = (
    "tokens",
    "cost",
    "active_seconds",
    "lines",
    "commits",
    "pull_requests",
    "session_starts",
    "edit_decisions",
)
TOKEN_TYPES = ("input", "output", "cacheRead", "cacheCreation")


def record_key(*parts: object) -> int:
    """A signed 64-bit key, the same in every process, on every machine and in every release."""
    return text_key("\x1f".join(map(str, parts)))


def text_key(text: str) -> int:
    """`record_key` of parts that are joined already."""
    unsigned = xxhash.xxh3_64_intdigest(text.encode())
    return unsigned - _TWO_64 if unsigned >> 63 else unsigned


_TWO_64 = 1 << 64
