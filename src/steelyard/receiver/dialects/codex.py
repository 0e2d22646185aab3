"""Codex CLI 0.169. Source: its documentation, `codex-rs/otel`, and recordings of the client.

Its input counts include cached ones and its output counts include reasoning; metrics carry tokens
as a histogram without a conversation id. No cost, lines, commits or pull requests.
"""

from __future__ import annotations

from steelyard.receiver.dialects.dialect import (
    SHARED,
    Dialect,
    E,
    Extras,
    P,
    Place,
    Row,
    lower,
    number,
    text,
    whole,
)

_DECISIONS = {
    "approved": "accept",
    "approved_for_session": "accept",
    "approved_execpolicy_amendment": "accept",
    "denied": "reject",
    "abort": "reject",
    "timed_out": "reject",
}
_PEOPLE = {"accept": "user_temporary", "reject": "user_reject"}

_COMMON: dict[str, Place] = {
    **SHARED,
    "conversation.id": ("session", text),
    "service.version": ("app_version", text),
    "slug": ("", text),
}

_EVENTS: dict[str, Place] = {
    **_COMMON,
    "success": ("success", lower),
    "duration_ms": ("duration_ms", number),
    "http.response.status_code": ("status", text),
    "model_reasoning_effort": ("effort", lower),
    "tool_name": ("tool", text),
    "call_id": ("tool_use_id", text),
    "decision": ("decision", lower),
    "source": ("source", lower),
    "prompt_length": ("chars", whole),
    "input_token_count": ("input_tokens", whole),
    "output_token_count": ("output_tokens", whole),
    "cached_token_count": ("cache_read_tokens", whole),
    "cache_write_token_count": ("cache_creation_tokens", whole),
    "tool_token_count": ("", whole),  # the total of input and output, under another name
}


def _finish_event(row: Row, extras: Extras) -> None:
    name = row[E.name]
    if name == "sse_event" and row[E.input_tokens] is not None:
        _finish_answer(row)
    elif name == "api_request":
        row[E.name] = "api_attempt"  # one HTTP try; the answer is what counts as a request
    elif name == "tool_decision":
        said = text(row[E.decision])
        row[E.decision] = decision = _DECISIONS.get(said, said)
        if row[E.source] == "user":
            permanent = said == "approved_for_session"
            row[E.source] = "user_permanent" if permanent else _PEOPLE.get(decision, "user")


def _finish_answer(row: Row) -> None:
    """A finished response: the event that carries the counts is the model call."""
    row[E.name] = "api_request"
    cached = row[E.cache_read_tokens] or 0
    written = row[E.cache_creation_tokens] or 0
    row[E.input_tokens] = max(row[E.input_tokens] - cached - written, 0)
    row[E.duration_ms] = None  # of the event, not of the call


def _finish_point(row: Row, extras: Extras) -> list[Row]:
    if row[P.name] != "tokens":
        return [row]
    parts = {
        "input": (("input", 1),),
        "output": (("output", 1),),
        "cached_input": (("cacheRead", 1), ("input", -1)),
        "cache_write_input": (("cacheCreation", 1), ("input", -1)),
    }.get(text(row[P.type]))
    if parts is None:  # reasoning_output is part of output, total is all of them
        row[P.name] = row[P.metric]
        return [row]
    return [split(row, token_type, sign) for token_type, sign in parts]


def split(row: Row, token_type: str, sign: int) -> Row:
    """A copy of a token point that counts as `token_type`, added or taken away."""
    copy = list(row)
    copy[P.type] = token_type
    copy[P.value] = None if row[P.value] is None else sign * row[P.value]
    return copy


CODEX = Dialect(
    assistant="codex",
    services=frozenset(
        {"codex", "codex-cli", "codex_cli_rs", "codex_exec", "codex_tui", "codex_vscode"}
    ),
    prefix="codex.",
    provider="openai",
    events=_EVENTS,
    points={**_COMMON, "token_type": ("type", text), "tool": ("tool", text)},
    measures={"codex.turn.token_usage": "tokens", "codex.thread.started": "session_starts"},
    finish_event=_finish_event,
    finish_point=_finish_point,
)
