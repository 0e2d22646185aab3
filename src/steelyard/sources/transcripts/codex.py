"""Codex's rollouts: `sessions/<year>/<month>/<day>/rollout-<time>-<thread>.jsonl`.

Usage is written as running totals (`token_count`), several times over, and in newer versions also
once per response (`token_usage_record`); both name the same running total, so each total counts
once. Forks and sub-agents begin with a copy of their parent's history, stamped anew; copied turns
are older than the thread itself, which the time inside their ids tells.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from pathlib import Path

from steelyard.records import record_key
from steelyard.sources.transcripts.lines import parse
from steelyard.sources.transcripts.rows import Copy, Decision, Found, Prompt, Request, ToolResult
from steelyard.sources.transcripts.values import Entry, count, mapping, micros, where, word

NAME = "codex"
KINDS = {
    "session_meta",
    "turn_context",
    "event_msg",
    "response_item",
    "token_usage_record",
    "compacted",
    "world_state",
}
CALLS = ("function_call", "custom_tool_call", "local_shell_call")
OUTPUTS = ("function_call_output", "custom_tool_call_output")
ENDS = ("exec_command_end", "patch_apply_end", "mcp_tool_call_end")
EXIT_CODE = re.compile(r"(?:Process exited with code|Exit code:|\"exit_code\":) ?(\d+)")
USAGE = (
    "input_tokens",
    "cached_input_tokens",
    "cache_write_input_tokens",
    "output_tokens",
    "reasoning_output_tokens",
)
Total = tuple[int, ...]


def roots(env: Mapping[str, str], home: Path) -> list[Path]:
    folder = Path(env.get("CODEX_HOME") or home / ".codex")
    return [folder / "sessions", folder / "archived_sessions"]


def recognises(entry: Entry) -> bool:
    return entry.get("type") in KINDS and "payload" in entry


def wants(line: bytes) -> bool:
    return True


def decode(line: bytes) -> Entry:
    return parse(line)


def decode_many(block: bytes) -> None:
    """These files are small: line by line will do."""


class Reader:
    """Collects one rollout; `finish` gives its rows."""

    def __init__(self, path: Path) -> None:
        self.thread = self.session = path.stem[-36:]
        self.version = self.branch = self.cwd = self.model = self.effort = self.turn = ""
        self.is_sub_agent = self.is_copied = self.is_known = False
        self.agent = ""
        self.before: Total = ()
        self.requests: dict[Total, Request] = {}
        self.prompts: dict[str, dict[str, dict[int, Prompt]]] = {}  # turn, kind of line, key
        self.calls: dict[str, str] = {}
        self.results: dict[str, ToolResult] = {}
        self.outcomes: dict[str, tuple[str, str]] = {}

    def add(self, entry: Entry) -> None:
        kind, payload = entry.get("type"), mapping(entry.get("payload"))
        if kind == "session_meta":
            self._meta(payload)
        elif kind == "turn_context":
            self._turn(payload)
            self.model = word(payload.get("model")) or self.model
            self.effort = word(payload.get("effort")) or _effort(payload)
            self.cwd = word(payload.get("cwd")) or self.cwd
        elif kind == "token_usage_record":
            self._usage_record(entry, payload)
        elif kind == "event_msg":
            self._event(entry, payload)
        elif kind == "response_item" and not self.is_copied:
            self._item(entry, payload)

    def finish(self) -> Found:
        found = Found([Copy(request) for request in self.requests.values()])
        for kinds in self.prompts.values():
            said = kinds.get("UserMessage") or kinds.get("user_message") or {}
            found.others += said.values()
        for call, result in self.results.items():
            success, error = self.outcomes.get(call, (result.success, ""))
            tool = self.calls.get(call, "")
            result = result._replace(tool=tool, success=success, error=error)
            found.others.append(result)
            if error:
                found.others.append(_refusal(result))
        return found

    def _meta(self, meta: Entry) -> None:
        """Only the first one is this thread's own; copied history brings its parent's along."""
        if self.is_known:
            return
        self.is_known = True
        self.thread = word(meta.get("id")) or self.thread
        spawned = mapping(mapping(mapping(meta.get("source")).get("subagent")).get("thread_spawn"))
        parent = word(meta.get("parent_thread_id")) or word(spawned.get("parent_thread_id"))
        self.session = word(meta.get("session_id")) or parent or self.thread
        self.version, self.cwd = word(meta.get("cli_version")), word(meta.get("cwd"))
        self.branch = word(mapping(meta.get("git")).get("branch"))
        self.is_sub_agent = bool(parent) or meta.get("thread_source") == "subagent"
        self.agent = word(spawned.get("agent_role"))
        self.is_copied = bool(parent or meta.get("forked_from_id"))

    def _turn(self, payload: Entry) -> None:
        self.turn = word(payload.get("turn_id")) or self.turn
        if self.is_copied and not _is_older(self.turn, self.thread):
            self.is_copied = False

    def _event(self, entry: Entry, payload: Entry) -> None:
        kind = payload.get("type")
        if kind == "task_started":
            self._turn(payload)
        elif kind == "token_count":
            self._token_count(entry, mapping(payload.get("info")))
        elif kind == "user_message" and not self.is_copied:
            self._prompt(entry, "user_message", word(payload.get("id")), [payload.get("message")])
        elif kind == "item_completed" and not self.is_copied:
            self._completed(entry, mapping(payload.get("item")))
        elif kind in ENDS:
            self._outcome(word(payload.get("call_id")), payload)

    def _completed(self, entry: Entry, item: Entry) -> None:
        if item.get("type") == "UserMessage":
            texts = [part.get("text") for part in item.get("content") or ()]
            self._prompt(entry, "UserMessage", word(item.get("id")), texts)
        elif "status" in item:
            self._outcome(word(item.get("id")), item)

    def _usage_record(self, entry: Entry, record: Entry) -> None:
        """One response; it names its thread, so copies in forks are known by it."""
        thread = word(record.get("thread_id")) or self.thread
        if not (response := word(record.get("response_id"))):
            return
        key = record_key("transcripts", NAME, "api_request", thread, response)
        total = _total(mapping(record.get("thread_token_usage")))
        request = self._request(entry, mapping(record.get("usage")), key)
        if request:
            session = word(record.get("session_id")) or self.session
            request = request._replace(request_id=response, session=session)
            self.requests[total if any(total) else (key,)] = request

    def _token_count(self, entry: Entry, info: Entry) -> None:
        """A running total: counts once, unless a response was recorded with the same total."""
        total, before = _total(mapping(info.get("total_token_usage"))), self.before
        if not any(total) or total == before:
            return
        self.before = total
        if self.is_copied or total in self.requests:
            return
        last = mapping(info.get("last_token_usage")) or _difference(total, before)
        key = record_key("transcripts", NAME, "api_request", self.thread, *total)
        if request := self._request(entry, last, key):
            self.requests[total] = request

    def _request(self, entry: Entry, usage: Entry, key: int) -> Request | None:
        cached, written = (count(usage.get(name)) for name in USAGE[1:3])
        fresh = max(count(usage.get("input_tokens")) - cached - written, 0)
        output = count(usage.get("output_tokens"))
        if not fresh + cached + written + output:
            return None
        return Request(
            *self._head(entry, key),
            model=self.model,
            query_source="subagent" if self.is_sub_agent else "main",
            request_id="",
            input_tokens=fresh,
            output_tokens=output,
            cache_read_tokens=cached,
            cache_creation_tokens=written,
            effort=self.effort,
            agent=self.agent,
        )

    def _prompt(self, entry: Entry, kind: str, name: str, texts: list[object]) -> None:
        """Newer versions write an item, older ones an event, some both: one kind a turn counts."""
        text = "\n".join(part for part in texts if isinstance(part, str))
        if self.is_sub_agent or not text:
            return
        name = name or f"{self.turn} {micros(entry.get('timestamp'))}"
        key = record_key("transcripts", NAME, "user_prompt", self.thread, name)
        said = self.prompts.setdefault(self.turn, {}).setdefault(kind, {})
        said[key] = Prompt(*self._head(entry, key), prompt_id=self.turn, chars=len(text))

    def _item(self, entry: Entry, item: Entry) -> None:
        call = word(item.get("call_id"))
        if item.get("type") in CALLS:
            self.calls[call] = word(item.get("name")) or "shell"
        elif item.get("type") in OUTPUTS and call:
            key = record_key("transcripts", NAME, "tool_result", self.thread, call)
            success = _exit(item.get("output"))
            head = self._head(entry, key)
            self.results[call] = ToolResult(
                *head, self.turn, call, "", self.agent, "", success=success, error=""
            )

    def _outcome(self, call: str, end: Entry) -> None:
        status, exit_code = end.get("status"), end.get("exit_code")
        if status == "declined":
            self.outcomes[call] = ("false", "rejected")
        elif status == "failed" or exit_code or end.get("success") is False:
            self.outcomes[call] = ("false", "")
        elif status == "completed" or exit_code == 0 or end.get("success"):
            self.outcomes[call] = ("true", "")

    def _head(self, entry: Entry, key: int) -> tuple[int, int, str, str, str, str]:
        """What all rows begin with."""
        time, place = micros(entry.get("timestamp")), where(self.cwd, self.branch)
        return key, time, NAME, self.session, self.version, place


def _effort(context: Entry) -> str:
    settings = mapping(mapping(context.get("collaboration_mode")).get("settings"))
    return word(settings.get("reasoning_effort"))


def _total(usage: Entry) -> Total:
    return tuple(count(usage.get(name)) for name in USAGE)


def _difference(total: Total, before: Total) -> Entry:
    """What came on top of the last running total; after a reset the total itself."""
    steps = [now - then for now, then in zip(total, before or (0,) * len(total), strict=True)]
    return dict(zip(USAGE, total if min(steps) < 0 else steps, strict=True))


def _exit(output: object) -> str:
    """Success by the exit code at the head of a tool's output, '' where there is none."""
    text = output if isinstance(output, str) else word(mapping(output).get("content"))
    found = EXIT_CODE.search(text[:400])
    return "" if found is None else str(int(found[1]) == 0).lower()


def _refusal(result: ToolResult) -> Decision:
    key = record_key("transcripts", NAME, "tool_decision", result.session, result.tool_use_id)
    return Decision(key, *result[1:11], decision="reject", source="user_reject")


def _is_older(turn: str, thread: str) -> bool:
    """Whether a turn began before the thread did, by the milliseconds inside their UUIDv7 ids."""
    try:
        began, born = uuid.UUID(turn), uuid.UUID(thread)
    except ValueError:
        return False
    if began.version != 7 or born.version != 7:
        return False
    return began.int >> 80 < born.int >> 80
