"""Rows of the events table as the readers put them together, one shape per kind of event.

Field names are column names of `records.EVENTS`; `time` is in microseconds since 1970. Text of
prompts, answers and tool output must not be put into a row, only its length.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Request(NamedTuple):
    """One answered model call."""

    key: int
    time: int
    assistant: str
    session: str
    app_version: str
    attributes: str
    model: str
    query_source: str
    request_id: str
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_creation_tokens: int
    cache_creation_1h_tokens: int | None = None
    web_searches: int | None = None
    cost_nanos: int | None = None
    effort: str = ""
    speed: str = ""
    agent: str = ""
    skill: str = ""
    plugin: str = ""
    mcp_server: str = ""


class Prompt(NamedTuple):
    """One prompt of a person; `chars` is its length."""

    key: int
    time: int
    assistant: str
    session: str
    app_version: str
    attributes: str
    prompt_id: str
    chars: int


class ToolResult(NamedTuple):
    """The outcome of one tool call; `error` is "rejected" where it was refused and never ran."""

    key: int
    time: int
    assistant: str
    session: str
    app_version: str
    attributes: str
    prompt_id: str
    tool_use_id: str
    tool: str
    agent: str
    mcp_server: str
    success: str
    error: str


class Decision(NamedTuple):
    """Whether a tool call was allowed, and by whom."""

    key: int
    time: int
    assistant: str
    session: str
    app_version: str
    attributes: str
    prompt_id: str
    tool_use_id: str
    tool: str
    agent: str
    mcp_server: str
    decision: str
    source: str


Row = Request | Prompt | ToolResult | Decision
EVENT_NAMES: dict[type[Row], str] = {
    Request: "api_request",
    Prompt: "user_prompt",
    ToolResult: "tool_result",
    Decision: "tool_decision",
}


class Copy(NamedTuple):
    """A request with what tells copies of one response apart.

    `same` is equal for a response within its session whatever line it came from; `replay_of` names
    the original that a side conversation may have replayed. 0: neither.
    """

    request: Request
    same: int = 0
    replay_of: int = 0


@dataclass(slots=True)
class Found:
    """Everything one file holds: rows, and the originals that replays elsewhere may repeat."""

    requests: list[Copy] = field(default_factory=list)
    others: list[Row] = field(default_factory=list)
    originals: set[int] = field(default_factory=set)
