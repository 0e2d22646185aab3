"""Claude Code's session files: `projects/<folder>/<session>.jsonl`, sub-agents below.

One response is several lines that share message id and request id; only the last one has the final
output count. Forks copy history under a new session id, side conversations replay their parent's
messages under a new request id. The format is the client's own and changes without notice, so
everything is optional here except what is counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from steelyard.records import record_key
from steelyard.sources.transcripts.rows import (
    BadEntry,
    Entry,
    Found,
    Reading,
    Row,
    count,
    mapping,
    micros,
    where,
    word,
)

NAME = "claude-code"
SUB_AGENTS = "subagents"
REJECTED = "rejected"
# What the client writes as a user message although nobody typed it.
NOT_TYPED = (
    "<local-command-",
    "<command-",
    "<bash-",
    "<task-notification>",
    "<system-reminder>",
    "[Request interrupted by user",
    "Caveat: The messages below were generated",
    "This session is being continued from a previous conversation",
)


def roots(env: Mapping[str, str], home: Path) -> list[Path]:
    """CLAUDE_CONFIG_DIR may name several folders, separated by commas."""
    if named := env.get("CLAUDE_CONFIG_DIR"):
        folders = [Path(part.strip()).expanduser() for part in named.split(",") if part.strip()]
    else:
        config = Path(env.get("XDG_CONFIG_HOME") or home / ".config")
        folders = [home / ".claude", config / "claude"]
    return [folder / "projects" for folder in folders]


def recognises(entry: Entry) -> bool:
    if "projectHash" in entry or "payload" in entry:
        return False
    known = "sessionId" in entry or "leafUuid" in entry or "uuid" in entry
    return known and isinstance(entry.get("type"), str)


def wants(line: bytes) -> bool:
    """Whether a line can count: inside JSON strings the quotes of these words are escaped."""
    return b'"usage"' in line or b'"user"' in line


@dataclass(slots=True)
class Response:
    """The best line so far of one response: the one with the most output tokens."""

    rank: tuple[int, int, int]
    first: int  # time of the earliest line: stable while the file grows, equal in forks
    row: Row
    side: bool
    sessions: tuple[str, str]  # as counted, as written


@dataclass(slots=True)
class Call:
    """What a tool result needs to know of the call it answers."""

    tool: str
    session: str
    agent: str


class Reader:
    """Collects one file; `finish` gives its rows."""

    def __init__(self, path: Path) -> None:
        below = path.parent.name == SUB_AGENTS
        self.fallback_session = path.parent.parent.name if below else path.stem
        self.responses: dict[tuple[str, str], Response] = {}
        self.calls: dict[str, Call] = {}
        self.rows: list[Row] = []
        self.waiting: list[Row] = []  # prompts whose answer has not been seen yet

    def add(self, entry: Entry) -> None:
        kind = entry.get("type")
        if kind == "assistant":
            self._assistant(entry)
        elif kind == "user":
            self._user(entry)

    def finish(self) -> Found:
        self._merge_unnamed()
        found = Found()
        for (message, request), response in self.responses.items():
            found.readings.append(_reading(message, request, response))
            if not response.side:
                found.originals |= {hash((session, message)) for session in response.sessions}
        for row in self.rows:
            if call := self.calls.get(row.get("tool_use_id", "")):
                row |= Row(tool=call.tool, session=call.session, agent=call.agent)
                row["mcp_server"] = _mcp_server(call.tool)
            found.readings.append(Reading(row))
        return found

    def _assistant(self, entry: Entry) -> None:
        message = mapping(entry.get("message"))
        session = self._session(entry)
        self._settle_prompts(entry, session)
        self._calls(entry, message, session)
        usage = mapping(message.get("usage"))
        model = word(message.get("model"))
        if model == "<synthetic>" or entry.get("isApiErrorMessage") or not usage:
            return
        tokens = _tokens(usage)
        spent = tokens["input_tokens"] + tokens["output_tokens"]
        spent += tokens["cache_read_tokens"] + tokens["cache_creation_tokens"]
        if spent:
            self._response(entry, message, session, tokens, spent)

    def _response(
        self, entry: Entry, message: Entry, session: str, tokens: Row, spent: int
    ) -> None:
        request = word(entry.get("requestId"))
        identity = word(message.get("id")) or request or word(entry.get("uuid"))
        if not identity:
            raise BadEntry("a response without an id")
        time = micros(entry.get("timestamp"))
        rank, side = (tokens["output_tokens"], spent, time), bool(entry.get("isSidechain"))
        held = self.responses.get((identity, request))
        if held is not None and held.rank > rank:
            held.first = min(held.first, time)
            return
        first = time if held is None else min(held.first, time)
        row = self._row(entry, "api_request", session, time)
        row |= tokens
        row |= _attribution(entry, message, side)
        row["request_id"] = request
        sessions = (session, word(entry.get("sessionId")) or session)
        self.responses[identity, request] = Response(rank, first, row, side, sessions)

    def _merge_unnamed(self) -> None:
        """Lines that lost their request id belong to the response with the same message id."""
        bare = [message for message, request in self.responses if not request]
        if not bare:
            return
        named = {message: request for message, request in self.responses if request}
        for message in bare:
            if message in named:
                held = self.responses.pop((message, ""))
                other = self.responses[message, named[message]]
                other.first = min(other.first, held.first)
                if held.rank > other.rank:
                    held.row["request_id"], held.first = named[message], other.first
                    self.responses[message, named[message]] = held

    def _calls(self, entry: Entry, message: Entry, session: str) -> None:
        content = message.get("content")
        for block in content if isinstance(content, list) else ():
            if block["type"] == "tool_use":
                agent = word(entry.get("attributionAgent"))
                self.calls[word(block["id"])] = Call(word(block.get("name")), session, agent)

    def _settle_prompts(self, entry: Entry, session: str) -> None:
        """A fork marks only copied answers with their origin: prompts follow their answer."""
        if self.waiting and not entry.get("isSidechain"):
            for row in self.waiting:
                row["session"] = session
            self.waiting.clear()

    def _user(self, entry: Entry) -> None:
        content = mapping(entry.get("message")).get("content")
        if isinstance(content, str):
            self._prompt(entry, content)
        elif isinstance(content, list):
            results = [block for block in content if block.get("type") == "tool_result"]
            for block in results:
                self._tool_result(entry, block)
            if not results:
                texts = [block.get("text") for block in content if block.get("type") == "text"]
                self._prompt(entry, "\n".join(map(str, texts)))

    def _prompt(self, entry: Entry, text: str) -> None:
        if not _is_typed(entry, text):
            return
        session, time = self._session(entry), micros(entry.get("timestamp"))
        identity = word(entry.get("uuid")) or f"{session} {time}"
        row = self._row(entry, "user_prompt", session, time)
        row["key"] = record_key("transcripts", NAME, "user_prompt", identity)
        row["prompt_id"], row["chars"] = word(entry.get("promptId")), len(text)
        self.rows.append(row)
        self.waiting.append(row)

    def _tool_result(self, entry: Entry, block: Entry) -> None:
        call, time = word(block.get("tool_use_id")), micros(entry.get("timestamp"))
        decision, source = _decision(entry)
        row = self._row(entry, "tool_result", self._session(entry), time)
        row["key"] = record_key("transcripts", NAME, "tool_result", call, time)
        row["tool_use_id"], row["prompt_id"] = call, word(entry.get("promptId"))
        row["success"] = "false" if block.get("is_error") else "true"
        row["error"] = REJECTED if decision == "reject" else ""
        self.rows.append(row)
        if decision:
            asked = row.copy()
            asked["key"] = record_key("transcripts", NAME, "tool_decision", call, time)
            asked |= Row(
                name="tool_decision", decision=decision, source=source, success="", error=""
            )
            self.rows.append(asked)

    def _session(self, entry: Entry) -> str:
        origin = entry.get("requestSessionId") or mapping(entry.get("forkedFrom")).get("sessionId")
        return word(origin or entry.get("sessionId")) or self.fallback_session

    def _row(self, entry: Entry, name: str, session: str, time: int) -> Row:
        return Row(
            time=time,
            assistant=NAME,
            name=name,
            session=session,
            app_version=word(entry.get("version")),
            attributes=where(word(entry.get("cwd")), word(entry.get("gitBranch"))),
        )


def _reading(message: str, request: str, response: Response) -> Reading:
    """A side conversation's response is known by its message alone: replays renew request ids."""
    row, session = response.row, response.sessions[0]
    request = "" if response.side else request
    row["key"] = record_key("transcripts", NAME, "api_request", message, request, response.first)
    same = hash((session, message, request, response.side))
    return Reading(row, same, hash((session, message)) if response.side else 0)


def _tokens(usage: Entry) -> Row:
    split = mapping(usage.get("cache_creation"))
    hour = count(split.get("ephemeral_1h_input_tokens"))
    both = hour + count(split.get("ephemeral_5m_input_tokens"))
    searches = mapping(usage.get("server_tool_use")).get("web_search_requests")
    return Row(
        input_tokens=count(usage.get("input_tokens")),
        output_tokens=count(usage.get("output_tokens")),
        cache_read_tokens=count(usage.get("cache_read_input_tokens")),
        cache_creation_tokens=max(count(usage.get("cache_creation_input_tokens")), both),
        cache_creation_1h_tokens=hour if split else None,
        web_searches=None if searches is None else count(searches),
    )


def _attribution(entry: Entry, message: Entry, side: bool) -> Row:
    row = Row(
        model=word(message.get("model")),
        query_source="subagent" if side else "main",
        effort=word(entry.get("effort")),
        speed=word(message["usage"].get("speed")),
        agent=word(entry.get("attributionAgent")),
        skill=word(entry.get("attributionSkill")),
        plugin=word(entry.get("attributionPlugin")),
        mcp_server=word(entry.get("attributionMcpServer")),
    )
    if isinstance(cost := entry.get("costUSD"), int | float):  # written by old versions
        row["cost_nanos"] = round(cost * 1_000_000_000)
    return row


def _is_typed(entry: Entry, text: str) -> bool:
    """Whether a person wrote this: not a side conversation, meta line, summary or command."""
    if entry.get("isSidechain") or entry.get("isMeta") or entry.get("isCompactSummary"):
        return False
    if entry.get("isVisibleInTranscriptOnly") or not text:
        return False
    if mapping(entry.get("origin")).get("kind", "human") != "human":
        return False
    return not text.lstrip().startswith(NOT_TYPED)


def _decision(entry: Entry) -> tuple[str, str]:
    """Who decided on a tool call and how; ('', '') where the transcript does not say.

    A denial of kind "user-rejected" can also be the client's own refusal in print mode: then
    `permissionDecision` says so, and it is believed.
    """
    said = mapping(entry.get("permissionDecision"))
    if said.get("decision") in ("accept", "reject"):
        return word(said["decision"]), word(said.get("source"))
    refused = entry.get("toolUseResult") == "User rejected tool use"
    if refused or entry.get("toolDenialKind") == "user-rejected":
        return "reject", "user_reject"
    return "", ""


def _mcp_server(tool: str) -> str:
    return tool.split("__")[1] if tool.startswith("mcp__") and tool.count("__") > 1 else ""
