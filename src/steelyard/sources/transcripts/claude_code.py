"""Claude Code's session files: `projects/<folder>/<session>.jsonl`, sub-agents below.

One response is several lines that share message id and request id; only the last one has the final
output count. Forks copy history under a new session id, side conversations replay their parent's
messages under a new request id.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from steelyard.records import record_key
from steelyard.sources.transcripts.claude_lines import (
    NOTHING,
    Block,
    Line,
    Message,
    Usage,
    decode,
    decode_many,
    recognises,
)
from steelyard.sources.transcripts.rows import Copy, Decision, Found, Prompt, Request, ToolResult
from steelyard.sources.transcripts.values import (
    BadLine,
    count,
    mapping,
    micros,
    where,
    word,
)

__all__ = ["NAME", "SUB_AGENTS", "Reader", "decode", "decode_many", "recognises", "roots", "wants"]
NAME = "claude-code"
SUB_AGENTS = "subagents"
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


def wants(line: bytes) -> bool:
    """Whether a line can count: inside JSON strings the quotes of these words are escaped."""
    return b'"usage"' in line or b'"user"' in line


class Response:
    """The best line so far of one response: the one with the most output tokens."""

    __slots__ = ("first", "line", "message", "output", "time", "usage")

    def __init__(self, line: Line, message: Message, usage: Usage) -> None:
        self.output, self.time = count(usage.output_tokens), micros(line.timestamp)
        self.first = self.time  # of the earliest line: stable while a file grows, equal in forks
        self.line, self.message, self.usage = line, message, usage

    def see(self, other: Response) -> None:
        """Another line of the same response."""
        self.first = min(self.first, other.first)
        if (other.output, other.time) >= (self.output, self.time):
            self.output, self.time = other.output, other.time
            self.line, self.message, self.usage = other.line, other.message, other.usage


class Call(NamedTuple):
    """What a tool result needs to know of the call it answers."""

    tool: str
    session: str
    agent: str


class Result(NamedTuple):
    """A tool result before its call is known."""

    line: Line
    block: Block
    time: int
    decision: str
    source: str


NO_CALL = Call("", "", "")


class Reader:
    """Collects one file; `finish` gives its rows."""

    def __init__(self, path: Path) -> None:
        below = path.parent.name == SUB_AGENTS
        self.fallback_session = path.parent.parent.name if below else path.stem
        self.responses: dict[tuple[str, str], Response] = {}
        self.calls: dict[str, Call] = {}
        self.prompts: list[Prompt] = []
        self.unanswered: list[int] = []  # positions of prompts whose session is not settled
        self.results: list[Result] = []

    def add(self, line: Line) -> None:
        message = line.message
        if not isinstance(message, Message):
            return
        if line.type == "assistant":
            self._assistant(line, message)
        elif line.type == "user":
            self._user(line, message.content or "")

    def finish(self) -> Found:
        self._merge_unnamed()
        found = Found(others=[*self.prompts])
        for (message, request), response in self.responses.items():
            self._add_request(found, message, request, response)
        for result in self.results:
            self._add_result(found, result)
        return found

    def _assistant(self, line: Line, message: Message) -> None:
        if self.unanswered and not line.isSidechain:
            self._settle_prompts(line)
        if isinstance(message.content, list):
            self._calls(line, message.content)
        usage = message.usage
        if usage is None or message.model == "<synthetic>" or line.isApiErrorMessage:
            return
        request = word(line.requestId)
        name = (word(message.id) or request or word(line.uuid), request)
        if not name[0]:
            raise BadLine("a response without an id")
        message.content = None
        response = Response(line, message, usage)
        if (held := self.responses.setdefault(name, response)) is not response:
            held.see(response)

    def _merge_unnamed(self) -> None:
        """Lines that lost their request id belong to the response with the same message id."""
        bare = [message for message, request in self.responses if not request]
        named = {message: request for message, request in self.responses if request and bare}
        for message in bare:
            if request := named.get(message):
                self.responses[message, request].see(self.responses.pop((message, "")))

    def _add_request(self, found: Found, message: str, request: str, response: Response) -> None:
        """A side conversation's response is known by its message: replays renew request ids."""
        line, session = response.line, self._session(response.line)
        side = bool(line.isSidechain)
        told_apart = "" if side else request
        key = record_key("transcripts", NAME, "api_request", message, told_apart, response.first)
        row = _request(response, key, session, request)
        if not (row.input_tokens or row.output_tokens or _cached(row)):
            return
        original, same = hash((session, message)), hash((session, message, told_apart, side))
        found.requests.append(Copy(row, same, original if side else 0))
        if not side:
            found.originals.add(original)
            if (written := word(line.sessionId)) not in ("", session):
                found.originals.add(hash((written, message)))

    def _calls(self, line: Line, content: list[Block]) -> None:
        for block in content:
            if block.type == "tool_use":
                call = Call(word(block.name), self._session(line), word(line.attributionAgent))
                self.calls[word(block.id)] = call

    def _user(self, line: Line, content: str | list[Block]) -> None:
        if isinstance(content, str):
            self._prompt(line, content)
            return
        results = [block for block in content if block.type == "tool_result"]
        if results:
            time, decided = micros(line.timestamp), _decision(line)
            line.message, line.toolUseResult = None, NOTHING  # they keep the line's bytes alive
            self.results += [Result(line, block, time, *decided) for block in results]
        else:
            texts = [block.text for block in content if block.type == "text"]
            self._prompt(line, "\n".join(map(str, texts)))

    def _prompt(self, line: Line, text: str) -> None:
        if not _is_typed(line, text):
            return
        session, time = self._session(line), micros(line.timestamp)
        name = word(line.uuid) or f"{session} {time}"
        key = record_key("transcripts", NAME, "user_prompt", name)
        version, place = word(line.version), where(word(line.cwd), word(line.gitBranch))
        prompt = word(line.promptId)
        self.unanswered.append(len(self.prompts))
        self.prompts.append(Prompt(key, time, NAME, session, version, place, prompt, len(text)))

    def _settle_prompts(self, answer: Line) -> None:
        """Forks mark only copied answers with where they came from: prompts follow the answer."""
        for position in self.unanswered:
            prompt = self.prompts[position]
            self.prompts[position] = prompt._replace(session=self._session(answer))
        self.unanswered.clear()

    def _add_result(self, found: Found, result: Result) -> None:
        line, block, time, decision, source = result
        called = word(block.tool_use_id)
        call = self.calls.get(called, NO_CALL)
        session = call.session or self._session(line)
        place = where(word(line.cwd), word(line.gitBranch))
        about = (word(line.promptId), called, call.tool, call.agent, _mcp_server(call.tool))
        rest = (time, NAME, session, word(line.version), place, *about)
        success = "false" if block.is_error else "true"
        key = record_key("transcripts", NAME, "tool_result", called, time)
        error = "rejected" if decision == "reject" else ""
        found.others.append(ToolResult(key, *rest, success, error))
        if decision:
            key = record_key("transcripts", NAME, "tool_decision", called, time)
            found.others.append(Decision(key, *rest, decision, source))

    def _session(self, line: Line) -> str:
        return word(line.session()) or self.fallback_session


def _request(response: Response, key: int, session: str, request: str) -> Request:
    line, message, usage = response.line, response.message, response.usage
    split = mapping(usage.cache_creation)
    hour = count(split.get("ephemeral_1h_input_tokens"))
    both = hour + count(split.get("ephemeral_5m_input_tokens"))
    searches = mapping(usage.server_tool_use).get("web_search_requests")
    cost = line.costUSD  # written by old versions
    return Request(
        key=key,
        time=response.time,
        assistant=NAME,
        session=session,
        app_version=word(line.version),
        attributes=where(word(line.cwd), word(line.gitBranch)),
        model=word(message.model),
        query_source="subagent" if line.isSidechain else "main",
        request_id=request,
        input_tokens=count(usage.input_tokens),
        output_tokens=count(usage.output_tokens),
        cache_read_tokens=count(usage.cache_read_input_tokens),
        cache_creation_tokens=max(count(usage.cache_creation_input_tokens), both),
        cache_creation_1h_tokens=hour if split else None,
        web_searches=None if searches is None else count(searches),
        cost_nanos=round(cost * 1e9) if isinstance(cost, int | float) else None,
        effort=word(line.effort),
        speed=word(usage.speed),
        agent=word(line.attributionAgent),
        skill=word(line.attributionSkill),
        plugin=word(line.attributionPlugin),
        mcp_server=word(line.attributionMcpServer),
    )


def _cached(row: Request) -> int:
    return row.cache_read_tokens + row.cache_creation_tokens


def _is_typed(line: Line, text: str) -> bool:
    """Whether a person wrote this: not a side conversation, meta line, summary or command."""
    if line.isSidechain or line.isMeta or line.isCompactSummary or line.isVisibleInTranscriptOnly:
        return False
    if mapping(line.origin).get("kind", "human") != "human":
        return False
    return bool(text) and not text.lstrip().startswith(NOT_TYPED)


def _decision(line: Line) -> tuple[str, str]:
    """Who decided on a tool call and how; ('', '') where the transcript does not say.

    A denial of kind "user-rejected" can also be the client's own refusal in print mode: then
    `permissionDecision` says so, and it is believed.
    """
    said = mapping(line.permissionDecision)
    if said.get("decision") in ("accept", "reject"):
        return word(said["decision"]), word(said.get("source"))
    refused = bytes(line.toolUseResult) == b'"User rejected tool use"'
    if refused or line.toolDenialKind == "user-rejected":
        return "reject", "user_reject"
    return "", ""


def _mcp_server(tool: str) -> str:
    return tool.split("__")[1] if tool.startswith("mcp__") and tool.count("__") > 1 else ""
