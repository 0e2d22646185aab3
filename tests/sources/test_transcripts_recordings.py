"""Session files of real clients, read and compared with what is known to have happened."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from steelyard import records
from steelyard.sources.transcripts.batch import Summary
from steelyard.sources.transcripts.read import read_transcripts

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "recordings"
SCENARIOS = sorted(
    str(folder.parent.relative_to(SHARED)) for folder in SHARED.glob("*/*/transcripts")
)
CLAUDE = [name for name in SCENARIOS if name.startswith("claude-code/")]
CODEX = [name for name in SCENARIOS if name.startswith("codex/")]
GEMINI = [name for name in SCENARIOS if name.startswith("gemini-cli/")]
TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_creation_tokens")
# Gemini CLI asks a small model which model to use and keeps that call out of its session files.
ROUTER = "gemini-3.5-flash-lite"


def read(path: Path, **options: Any) -> tuple[pa.Table, Summary]:
    batches = list(read_transcripts(path, **options))
    summary = batches[-1].summary
    assert summary is not None
    return pa.concat_tables([batch.table for batch in batches]), summary


def rows(table: pa.Table, name: str) -> list[dict[str, Any]]:
    return [row for row in table.to_pylist() if row["name"] == name]


def totals(table: pa.Table, by: str) -> dict[str, list[int]]:
    """Requests and the four kinds of tokens, by a column."""
    sums: dict[str, list[int]] = {}
    for row in rows(table, "api_request"):
        mine = sums.setdefault(row[by], [0] * 5)
        for place, number in enumerate([1, *(row[name] for name in TOKENS)]):
            mine[place] += number
    return sums


def expected(recordings: Path, scenario: str) -> dict[str, Any]:
    text = (recordings / scenario / "expected.json").read_text()
    happened: dict[str, Any] = json.loads(text)["happened"]
    return happened


def claude_totals(known: dict[str, dict[str, int]]) -> dict[str, list[int]]:
    kinds = ("requests", "input", "output", "cacheRead", "cacheCreation")
    return {name: [use[kind] for kind in kinds] for name, use in known.items()}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_rows_have_the_canonical_shape(recordings: Path, scenario: str) -> None:
    table, summary = read(recordings / scenario / "transcripts")
    assert table.schema == records.EVENTS
    assert summary.malformed == summary.unreadable == summary.unrecognised == 0
    assert set(table["witness"].to_pylist()) == {"transcripts"}
    assert set(table["assistant"].to_pylist()) == {scenario.split("/")[0]}
    assert len(set(table["key"].to_pylist())) == table.num_rows
    assert all(row["day"] == row["time"].date() for row in table.to_pylist())
    for column in records.EVENTS:
        if column.type == pa.string():
            assert table[column.name].null_count == 0, column.name


@pytest.mark.parametrize("scenario", CLAUDE)
def test_claude_code_tokens_are_what_happened(recordings: Path, scenario: str) -> None:
    table, _ = read(recordings / scenario / "transcripts")
    happened = expected(recordings, scenario)
    assert totals(table, "model") == claude_totals(happened["tokens_by_model"])
    assert totals(table, "session") == claude_totals(happened["tokens_by_session"])


@pytest.mark.parametrize("scenario", CLAUDE)
def test_claude_code_keeps_the_split_of_cache_lifetimes(recordings: Path, scenario: str) -> None:
    table, _ = read(recordings / scenario / "transcripts")
    known = expected(recordings, scenario)["tokens_by_model"]
    hour: Counter[str] = Counter()
    for row in rows(table, "api_request"):
        hour[row["model"]] += row["cache_creation_1h_tokens"]
    assert hour == Counter({model: use["cacheCreation1h"] for model, use in known.items()})


@pytest.mark.parametrize("scenario", CLAUDE)
def test_claude_code_requests_are_those_of_the_ledger(recordings: Path, scenario: str) -> None:
    table, _ = read(recordings / scenario / "transcripts")
    ledger = json.loads((recordings / scenario / "expected.json").read_text())["ledger"]
    answered = [call["request_id"] for call in ledger if call.get("usage") and call["completed"]]
    assert Counter(row["request_id"] for row in rows(table, "api_request")) == Counter(answered)


@pytest.mark.parametrize("scenario", CLAUDE)
def test_claude_code_tool_results_are_what_happened(recordings: Path, scenario: str) -> None:
    table, _ = read(recordings / scenario / "transcripts")
    outcome = {"ok": "true", "error": "false", "refused_by_permission": "false"}
    known = {
        (call["id"], call["tool"], call["session_id"]): outcome[call["outcome"]]
        for call in expected(recordings, scenario)["tool_call_list"]
        if call["outcome"] in outcome
    }
    seen = {
        (row["tool_use_id"], row["tool"], row["session"]): row["success"]
        for row in rows(table, "tool_result")
    }
    left_over = {name: seen.pop(name) for name in set(seen) - set(known)}
    assert seen == known
    # A call that the person refused at the end of a session: the client never reported back.
    wanted = {"toolu_mock0008_0"} if scenario.startswith("claude-code/13") else set()
    assert {name for name, _, _ in left_over} == wanted


@pytest.mark.parametrize("scenario", CODEX)
def test_codex_tokens_are_what_happened(recordings: Path, scenario: str) -> None:
    table, _ = read(recordings / scenario / "transcripts")
    happened = expected(recordings, scenario)
    known = {
        model: [
            use["requests"],
            use["input_including_cached"] - use["cached"],
            use["output_including_reasoning"],
            use["cached"],
            0,
        ]
        for model, use in happened["tokens_by_model"].items()
    }
    assert totals(table, "model") == known
    assert set(table["session"].to_pylist()) == set(happened["conversations"])
    calls = {(row["tool_use_id"], row["tool"]) for row in rows(table, "tool_result")}
    assert calls == {(call["id"], call["tool"]) for call in happened["tool_calls"]}


@pytest.mark.parametrize("scenario", GEMINI)
def test_gemini_tokens_are_what_happened_but_for_the_router(
    recordings: Path, scenario: str
) -> None:
    table, _ = read(recordings / scenario / "transcripts")
    known = {
        model: [
            use["requests"],
            use["input_including_cached"] - use["cached"],
            use["output"] + use["thought"],
            use["cached"],
            0,
        ]
        for model, use in expected(recordings, scenario)["tokens_by_model"].items()
        if model != ROUTER
    }
    assert totals(table, "model") == known


@pytest.mark.parametrize(
    ("scenario", "prompts"),
    [
        ("claude-code/01-text-only-http-protobuf", 2),
        ("claude-code/07-continue-and-resume-http-json", 5),
        ("claude-code/09-subagents-grpc", 1),
        ("claude-code/13-interactive-accept-reject-http-protobuf", 5),  # /clear is no prompt
        ("claude-code/41-interactive-always-allow-http-json", 3),
        ("codex/02-edits-http-protobuf", 1),
        ("codex/04-errors-http-protobuf", 2),
        ("gemini-cli/02-edits-http", 1),
        ("gemini-cli/04-errors-grpc", 2),
    ],
)
def test_prompts_are_those_a_person_gave(recordings: Path, scenario: str, prompts: int) -> None:
    table, summary = read(recordings / scenario / "transcripts")
    assert len(rows(table, "user_prompt")) == summary.total("prompts") == prompts


def test_lengths_of_prompts_are_kept_but_not_the_prompts(recordings: Path) -> None:
    table, _ = read(recordings / "claude-code/13-interactive-accept-reject-http-protobuf")
    typed = ("write a health module", "change the greeting", "add a version module")
    lengths = sorted(len(text) for text in (*typed, "deploy it", "say bye"))
    assert sorted(row["chars"] for row in rows(table, "user_prompt")) == lengths


def test_a_fork_counts_once_and_for_the_session_it_was_copied_from(recordings: Path) -> None:
    table, _ = read(recordings / "claude-code/07-continue-and-resume-http-json/transcripts")
    prompts = Counter(row["session"][:8] for row in rows(table, "user_prompt"))
    assert prompts == {"899808fe": 4, "a0002c0e": 1}


def test_sub_agents_belong_to_their_parents_session(recordings: Path) -> None:
    for scenario in ("claude-code/09-subagents-grpc", "claude-code/15-traces-http-protobuf"):
        table, _ = read(recordings / scenario / "transcripts")
        requests = rows(table, "api_request")
        assert len({row["session"] for row in requests}) == 1
        by_agent = Counter((row["query_source"], row["agent"]) for row in requests)
        assert by_agent == {
            ("main", ""): 3,
            ("subagent", "Explore"): 2,
            ("subagent", "general-purpose"): 3,
        }


def test_rejections_name_who_rejected(recordings: Path) -> None:
    def rejections(scenario: str) -> list[tuple[str, str]]:
        table, _ = read(recordings / "claude-code" / scenario)
        decisions = rows(table, "tool_decision")
        return [(row["tool"], row["source"]) for row in decisions if row["decision"] == "reject"]

    by_person = [("Edit", "user_reject"), ("Bash", "user_reject")]
    assert rejections("13-interactive-accept-reject-http-protobuf") == by_person
    by_client = [("Write", "config"), ("Edit", "config"), ("Bash", "config")]
    assert rejections("04-denied-http-protobuf") == by_client
    assert rejections("42-hook-decides-grpc") == [("Bash", "hook")]


def test_a_failed_command_of_codex_is_no_success(recordings: Path) -> None:
    table, _ = read(recordings / "codex/03-commit-and-pr-grpc/transcripts")
    success = {row["tool_use_id"]: row["success"] for row in rows(table, "tool_result")}
    assert success["call_mock0006_0"] == "false"  # exit 3
    assert success["call_mock0003_0"] == "true"


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_text_leaves_the_reader(recordings: Path, scenario: str) -> None:
    """No string of a message, tool input or output is found in any column, nor any path."""
    table, _ = read(recordings / scenario / "transcripts")
    words = {text for row in table.to_pylist() for text in row.values() if isinstance(text, str)}
    everything = "\n".join(words)
    assert "/home" not in everything
    for text in _texts(recordings / scenario / "transcripts"):
        assert text not in everything


def _texts(folder: Path) -> set[str]:
    """Strings of 12 and more characters under the keys that hold content."""
    found: set[str] = set()

    def collect(value: object, inside: bool) -> None:
        if isinstance(value, dict):
            for name, part in value.items():
                if name not in IDS:
                    collect(part, inside or name in CONTENT)
        elif isinstance(value, list):
            for part in value:
                collect(part, inside)
        elif isinstance(value, str) and inside and len(value) >= 12:
            found.add(value)

    for file in folder.rglob("*.jsonl"):
        for line in file.read_text().splitlines():
            collect(json.loads(line), False)
    return found


CONTENT = {
    *("text", "thinking", "input", "arguments", "output", "args", "result", "toolUseResult"),
    *("command", "aggregated_output", "description", "resultDisplay", "last_agent_message"),
}
IDS = {
    "id",
    "name",
    "call_id",
    "tool_use_id",
    "agentType",
    "subagent_type",
    "resolvedModel",
    "model",
}


def test_the_person_given_is_put_on_every_row(recordings: Path) -> None:
    table, _ = read(recordings / SCENARIOS[0] / "transcripts", person="dana@example.com")
    assert set(table["email"].to_pylist()) == {"dana@example.com"}
    table, _ = read(recordings / SCENARIOS[0] / "transcripts")
    assert set(table["email"].to_pylist()) == {""}


def test_project_and_branch_are_kept_without_the_path(recordings: Path) -> None:
    table, _ = read(recordings / "claude-code/09-subagents-grpc")
    attributes = {row["attributes"] for row in table.to_pylist()}
    assert attributes == {'{"project": "acme-app", "branch": "main"}'}


def test_all_recordings_together_add_up(recordings: Path) -> None:
    """Ids repeat between recordings, but these are different sessions at different times."""
    table, summary = read(recordings)
    alone = [read(recordings / name / "transcripts")[0].num_rows for name in SCENARIOS]
    assert table.num_rows == sum(alone)
    assert summary.total("files") == len(list(recordings.glob("*/*/transcripts/**/*.jsonl")))
