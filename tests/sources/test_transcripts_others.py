"""Codex and Gemini CLI: what the recordings do not show: forks, sub-agents, older formats."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from steelyard.sources.transcripts.read import read_transcripts

Line = dict[str, Any]
# UUIDv7: the first 48 bits are milliseconds.
PARENT, CHILD = "019a0000-0000-7000-8000-000000000001", "019a0000-9000-7000-8000-000000000002"
OLD_TURN, NEW_TURN = "019a0000-1000-7000-8000-00000000000a", "019a0000-9001-7000-8000-00000000000b"


def rows(folder: Path, name: str = "api_request") -> list[Line]:
    table = pa.concat_tables([batch.table for batch in read_transcripts(folder)])
    return [row for row in table.to_pylist() if row["name"] == name]


def write(path: Path, lines: list[Line]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def line(kind: str, payload: Line, second: int = 0) -> Line:
    return {"timestamp": f"2026-10-05T08:00:{second:02}Z", "type": kind, "payload": payload}


def meta(thread: str, **more: Any) -> Line:
    return line("session_meta", {"id": thread, "cwd": "/w/shop", "cli_version": "0.140.0"} | more)


def turn(turn_id: str, model: str = "gpt-5.5") -> Line:
    return line("turn_context", {"turn_id": turn_id, "model": model, "effort": "high"})


def usage(fresh: int, cached: int, output: int) -> Line:
    return {
        "input_tokens": fresh + cached,
        "cached_input_tokens": cached,
        "output_tokens": output,
        "reasoning_output_tokens": 1,
    }


def tokens(total: Line, last: Line | None = None, second: int = 0) -> Line:
    info: Line = {"total_token_usage": total}
    if last is not None:
        info["last_token_usage"] = last
    return line("event_msg", {"type": "token_count", "info": info}, second)


def said(text: str) -> Line:
    return line("event_msg", {"type": "user_message", "message": text, "kind": "plain"})


def counts(found: list[Line]) -> list[tuple[int, int, int]]:
    return [(r["input_tokens"], r["cache_read_tokens"], r["output_tokens"]) for r in found]


def test_running_totals_count_once_each(tmp_path: Path) -> None:
    one, two = usage(100, 50, 20), usage(250, 90, 45)
    lines = [meta(PARENT), turn(OLD_TURN), tokens(one, one), tokens(one, one, 1)]
    lines += [line("event_msg", {"type": "token_count", "info": None})]
    lines += [tokens(two, usage(150, 40, 25), 2), tokens(two, usage(150, 40, 25), 3)]
    write(tmp_path / f"rollout-x-{PARENT}.jsonl", lines)
    found = rows(tmp_path)
    assert counts(found) == [(100, 50, 20), (150, 40, 25)]
    assert {(r["model"], r["effort"], r["session"]) for r in found} == {("gpt-5.5", "high", PARENT)}


def test_without_the_last_usage_the_difference_counts(tmp_path: Path) -> None:
    lines = [meta(PARENT), turn(OLD_TURN), tokens(usage(100, 50, 20)), tokens(usage(250, 90, 45))]
    write(tmp_path / f"rollout-x-{PARENT}.jsonl", lines)
    assert counts(rows(tmp_path)) == [(100, 50, 20), (150, 40, 25)]


def history() -> list[Line]:
    return [turn(OLD_TURN), said("hello"), tokens(usage(100, 50, 20), usage(100, 50, 20))]


def test_a_fork_does_not_count_its_parents_history(tmp_path: Path) -> None:
    write(tmp_path / f"rollout-a-{PARENT}.jsonl", [meta(PARENT), *history()])
    own = [turn(NEW_TURN), said("on"), tokens(usage(130, 60, 29), usage(30, 10, 9), 9)]
    fork = [meta(CHILD, forked_from_id=PARENT), meta(PARENT), *history(), *own]
    write(tmp_path / f"rollout-b-{CHILD}.jsonl", fork)
    assert counts(rows(tmp_path)) == [(100, 50, 20), (30, 10, 9)]
    assert [r["session"] for r in rows(tmp_path)] == [PARENT, CHILD]
    assert [r["chars"] for r in rows(tmp_path, "user_prompt")] == [5, 2]


def test_a_sub_agent_belongs_to_its_parents_session_and_has_no_prompts(tmp_path: Path) -> None:
    spawn = {"subagent": {"thread_spawn": {"parent_thread_id": PARENT, "agent_role": "reviewer"}}}
    own = [turn(NEW_TURN), said("task"), tokens(usage(130, 60, 29), usage(30, 10, 9), 9)]
    write(tmp_path / f"rollout-b-{CHILD}.jsonl", [meta(CHILD, source=spawn), *history(), *own])
    found = rows(tmp_path)
    assert counts(found) == [(30, 10, 9)]
    assert (found[0]["session"], found[0]["agent"]) == (PARENT, "reviewer")
    assert found[0]["query_source"] == "subagent"
    assert rows(tmp_path, "user_prompt") == []


def test_a_recorded_response_and_its_running_total_are_one(tmp_path: Path) -> None:
    one = usage(100, 50, 20)
    record = {"thread_id": PARENT, "session_id": PARENT, "response_id": "resp_1", "usage": one}
    recorded = line("token_usage_record", record | {"thread_token_usage": one})
    lines = [meta(PARENT), turn(OLD_TURN), recorded]
    write(tmp_path / f"rollout-a-{PARENT}.jsonl", lines)
    key = rows(tmp_path)[0]["key"]
    write(tmp_path / f"rollout-a-{PARENT}.jsonl", [*lines, tokens(one, one, 1)])
    assert [(r["key"], r["request_id"]) for r in rows(tmp_path)] == [(key, "resp_1")]


def test_a_refused_command_of_codex_is_a_rejection_by_the_person(tmp_path: Path) -> None:
    call = {"type": "function_call", "name": "exec_command", "call_id": "c1"}
    done = {"type": "CommandExecution", "id": "c1", "status": "declined"}
    lines = [
        meta(PARENT),
        line("response_item", call),
        line("event_msg", {"type": "item_completed", "item": done}),
        line("response_item", {"type": "function_call_output", "call_id": "c1", "output": "no"}),
    ]
    write(tmp_path / f"rollout-a-{PARENT}.jsonl", lines)
    assert [(r["tool"], r["success"], r["error"]) for r in rows(tmp_path, "tool_result")] == [
        ("exec_command", "false", "rejected")
    ]
    assert [(r["decision"], r["source"]) for r in rows(tmp_path, "tool_decision")] == [
        ("reject", "user_reject")
    ]


HEAD = {"sessionId": "g-1", "projectHash": "ab" * 32, "kind": "main"}
QUESTION = {"id": "m1", "timestamp": "2026-10-05T08:00:00Z", "type": "user", "content": "why?"}
CALL = {"id": "t1", "name": "read_file", "status": "success"}
ANSWER = {
    "id": "m2",
    "timestamp": "2026-10-05T08:00:02Z",
    "type": "gemini",
    "model": "gemini-3.8-flash",
    "tokens": {"input": 100, "cached": 30, "output": 8, "thoughts": 4, "tool": 0, "total": 112},
    "toolCalls": [CALL],
}


def test_an_older_chat_is_one_json_document(tmp_path: Path) -> None:
    file = tmp_path / "tmp" / ("ab" * 32) / "chats" / "session-1.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(HEAD | {"messages": [QUESTION, ANSWER]}, indent=2))
    (found,) = rows(tmp_path)
    assert counts([found]) == [(70, 30, 12)]
    assert (found["session"], found["attributes"]) == ("g-1", "{}")
    assert len(rows(tmp_path, "user_prompt")) == len(rows(tmp_path, "tool_result")) == 1


def test_a_history_written_again_counts_once(tmp_path: Path) -> None:
    running = ANSWER | {"toolCalls": [CALL | {"status": "executing"}]}
    again = {"$set": {"messages": [QUESTION, ANSWER], "lastUpdated": "2026-10-05T08:00:03Z"}}
    write(tmp_path / "shop/chats/session-1.jsonl", [HEAD, QUESTION, running, ANSWER, again])
    assert counts(rows(tmp_path)) == [(70, 30, 12)]
    assert [r["success"] for r in rows(tmp_path, "tool_result")] == ["true"]
    assert rows(tmp_path)[0]["attributes"] == '{"project": "shop"}'


def test_a_sub_agents_chat_belongs_to_the_folders_session(tmp_path: Path) -> None:
    head = HEAD | {"sessionId": "g-2", "kind": "subagent"}
    write(tmp_path / "shop/chats/g-1/g-2.jsonl", [head, QUESTION, ANSWER])
    (found,) = rows(tmp_path)
    assert (found["session"], found["query_source"]) == ("g-1", "subagent")
    assert rows(tmp_path, "user_prompt") == []
