"""Gemini CLI's chats: `tmp/<project>/chats/session-*.jsonl`; older versions: one JSON document.

A message is written again when its tool calls have ended, and whole histories come again in `$set`
lines, so messages are known by their id. Input includes cached tokens on the way in; thoughts are
beside output. The router's own small model calls are not in these files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from steelyard.records import record_key
from steelyard.sources.transcripts.lines import parse
from steelyard.sources.transcripts.rows import Copy, Found, Prompt, Request, ToolResult
from steelyard.sources.transcripts.values import (
    BadLine,
    Entry,
    count,
    mapping,
    micros,
    where,
    word,
)

NAME = "gemini-cli"
OUTCOMES = {"success": "true", "error": "false", "cancelled": "false"}
HASH = re.compile("[0-9a-f]{64}")  # what older versions call a project's folder
NOT_TYPED = ("<session_context>", "<state_snapshot>", "<hook_context>")


def roots(env: Mapping[str, str], home: Path) -> list[Path]:
    return [Path(env.get("GEMINI_CLI_HOME") or home) / ".gemini" / "tmp"]


def recognises(entry: Entry) -> bool:
    return ("sessionId" in entry and "projectHash" in entry) or "$set" in entry


def wants(line: bytes) -> bool:
    return True


def decode(line: bytes) -> Entry:
    return parse(line)


def decode_many(block: bytes) -> None:
    """These files are small: line by line will do."""


def document(text: Entry) -> list[Entry]:
    """The entries of an older version's file, which is one JSON document."""
    messages = text.get("messages")
    head = {name: value for name, value in text.items() if name != "messages"}
    return [head, *(messages if isinstance(messages, list) else ())]


class Identity(NamedTuple):
    """The key of a row and its time in microseconds."""

    key: int
    time: int


class Reader:
    """Collects one chat; `finish` gives its rows."""

    def __init__(self, path: Path) -> None:
        self.folder, self.session, self.is_sub_agent = path.parent.name, path.stem, False
        parts = path.parts
        project = parts[parts.index("chats") - 1] if "chats" in parts[1:] else ""
        self.attributes = where("" if HASH.fullmatch(project) else project, "")
        self.requests: dict[int, Request] = {}
        self.prompts: dict[int, Prompt] = {}
        self.results: dict[int, ToolResult] = {}

    def add(self, entry: Entry) -> None:
        if "projectHash" in entry:
            self._head(entry)
        for message in mapping(entry.get("$set")).get("messages") or ():
            self._message(message)
        if "id" in entry and "type" in entry:
            self._message(entry)

    def finish(self) -> Found:
        kind, session = "subagent" if self.is_sub_agent else "main", self.session
        found = Found()
        for request in self.requests.values():
            found.requests.append(Copy(request._replace(session=session, query_source=kind)))
        prompts = () if self.is_sub_agent else self.prompts.values()
        found.others += [prompt._replace(session=session) for prompt in prompts]
        found.others += [result._replace(session=session) for result in self.results.values()]
        return found

    def _head(self, entry: Entry) -> None:
        """A sub-agent's chat lies in a folder named after its parent's session."""
        self.is_sub_agent = entry.get("kind") == "subagent"
        own = word(entry.get("sessionId")) or self.session
        self.session = self.folder if self.is_sub_agent and self.folder != "chats" else own

    def _message(self, entry: Entry) -> None:
        if entry.get("type") == "user":
            self._prompt(entry)
        elif entry.get("type") == "gemini":
            self._request(entry)
            for call in entry.get("toolCalls") or ():
                self._tool_result(entry, call)

    def _request(self, entry: Entry) -> None:
        """A message written again counts once; the copy with the most output stays."""
        tokens = mapping(entry.get("tokens"))
        cached = count(tokens.get("cached"))
        fresh = max(count(tokens.get("input")) - cached, 0)
        output = count(tokens.get("output")) + count(tokens.get("thoughts"))
        if not fresh + cached + output:
            return
        key, time = _identify(entry, "api_request")
        if (held := self.requests.get(key)) is None or held.output_tokens <= output:
            self.requests[key] = Request(
                key=key,
                time=time,
                assistant=NAME,
                session="",
                app_version="",
                attributes=self.attributes,
                model=word(entry.get("model")),
                query_source="",
                request_id=word(entry.get("id")),
                input_tokens=fresh,
                output_tokens=output,
                cache_read_tokens=cached,
                cache_creation_tokens=0,
            )

    def _prompt(self, entry: Entry) -> None:
        content = entry.get("content")
        parts = [content] if isinstance(content, str) else content or ()
        texts = [part if isinstance(part, str) else part.get("text") for part in parts]
        text = "\n".join(part for part in texts if isinstance(part, str))
        if text and not text.lstrip().startswith(NOT_TYPED):
            key, time = _identify(entry, "user_prompt")
            self.prompts[key] = Prompt(key, time, NAME, "", "", self.attributes, "", len(text))

    def _tool_result(self, entry: Entry, call: Entry) -> None:
        """A call that is still running has no outcome yet; its message is written again."""
        status, name = word(call.get("status")), word(call.get("id"))
        if (success := OUTCOMES.get(status)) is None:
            return
        message = entry | {"timestamp": call.get("timestamp") or entry.get("timestamp")}
        key, time = _identify(message, "tool_result", name)
        self.results[key] = ToolResult(
            key=key,
            time=time,
            assistant=NAME,
            session="",
            app_version="",
            attributes=self.attributes,
            prompt_id="",
            tool_use_id=name,
            tool=word(call.get("name")),
            agent="",
            mcp_server="",
            success=success,
            error=status if status == "cancelled" else "",
        )


def _identify(entry: Entry, name: str, *more: str) -> Identity:
    if not (message := word(entry.get("id"))):
        raise BadLine("a message without an id")
    key = record_key("transcripts", NAME, name, message, *more)
    return Identity(key, micros(entry.get("timestamp")))
