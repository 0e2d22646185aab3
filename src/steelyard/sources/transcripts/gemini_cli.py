"""Gemini CLI's chats: `tmp/<project>/chats/session-*.jsonl`, or one JSON document in older versions.

A message is written again when its tool calls have ended, and whole histories come again in `$set`
lines, so messages are known by their id. Input includes cached tokens on the way in; thoughts are
beside output. The router's own small model calls are not in these files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
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


def document(text: Entry) -> list[Entry]:
    """The entries of an older version's file, which is one JSON document."""
    messages = text.get("messages")
    head = {name: value for name, value in text.items() if name != "messages"}
    return [head, *(messages if isinstance(messages, list) else ())]


class Reader:
    """Collects one chat; `finish` gives its rows."""

    def __init__(self, path: Path) -> None:
        self.folder, self.session = path.parent.name, path.stem
        parts = path.parts
        project = parts[parts.index("chats") - 1] if "chats" in parts[1:] else ""
        self.project = "" if HASH.fullmatch(project) else project
        self.is_sub_agent = False
        self.rows: dict[tuple[str, str], Row] = {}

    def add(self, entry: Entry) -> None:
        if "projectHash" in entry:
            self._head(entry)
        for message in mapping(entry.get("$set")).get("messages") or ():
            self._message(message)
        if "id" in entry and "type" in entry:
            self._message(entry)

    def finish(self) -> Found:
        for row in self.rows.values():
            row["session"] = self.session
            if self.is_sub_agent and row["name"] == "api_request":
                row["query_source"] = "subagent"
        kept = self.rows.values()
        if self.is_sub_agent:
            kept = [row for row in kept if row["name"] != "user_prompt"]
        return Found([Reading(row) for row in kept])

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
        tokens = mapping(entry.get("tokens"))
        cached = count(tokens.get("cached"))
        fresh = max(count(tokens.get("input")) - cached, 0)
        output = count(tokens.get("output")) + count(tokens.get("thoughts"))
        if not fresh + cached + output:
            return
        row = self._row(entry, "api_request")
        row |= Row(input_tokens=fresh, cache_read_tokens=cached, cache_creation_tokens=0)
        row |= Row(output_tokens=output, request_id=word(entry.get("id")))
        row |= Row(model=word(entry.get("model")), query_source="main")
        self._keep(row)

    def _prompt(self, entry: Entry) -> None:
        content = entry.get("content")
        parts = [content] if isinstance(content, str) else content or ()
        texts = [part if isinstance(part, str) else part.get("text") for part in parts]
        text = "\n".join(part for part in texts if isinstance(part, str))
        if text and not text.lstrip().startswith(NOT_TYPED):
            row = self._row(entry, "user_prompt")
            row["chars"] = len(text)
            self._keep(row)

    def _tool_result(self, entry: Entry, call: Entry) -> None:
        """A call that is still running has no outcome yet; its message is written again."""
        if (success := OUTCOMES.get(word(call.get("status")))) is None:
            return
        message = entry | {"timestamp": call.get("timestamp") or entry.get("timestamp")}
        row = self._row(message, "tool_result", word(call.get("id")))
        row |= Row(tool=word(call.get("name")), tool_use_id=word(call.get("id")), success=success)
        if call.get("status") == "cancelled":
            row["error"] = "cancelled"
        self._keep(row)

    def _keep(self, row: Row) -> None:
        """Of copies of a message the one with the most output stays."""
        identity = (row["name"], str(row["key"]))
        held = self.rows.get(identity)
        if held is None or held.get("output_tokens", 0) <= row.get("output_tokens", 0):
            self.rows[identity] = row

    def _row(self, entry: Entry, name: str, *more: str) -> Row:
        if not (identity := word(entry.get("id"))):
            raise BadEntry("a message without an id")
        return Row(
            key=record_key("transcripts", NAME, name, identity, *more),
            time=micros(entry.get("timestamp")),
            assistant=NAME,
            name=name,
            attributes=where(self.project, ""),
        )
