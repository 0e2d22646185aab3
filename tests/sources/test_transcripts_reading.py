"""Reading session files: copies, growth, resuming, broken lines, places to look."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.errors import BadFile
from steelyard.sources.transcripts import lines as line_reading
from steelyard.sources.transcripts.batch import Batch, Progress, Summary
from steelyard.sources.transcripts.marks import ResumeState
from steelyard.sources.transcripts.read import MOST_ROWS, read_transcripts

TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_creation_tokens")
Line = dict[str, Any]


def answer(number: int, output: int = 50, session: str = "s-1", **more: Any) -> Line:
    """One line of a Claude Code response."""
    usage = {"input_tokens": 10 + number, "output_tokens": output}
    usage |= {"cache_read_input_tokens": 1000, "cache_creation_input_tokens": 7}
    message = {"id": f"msg_{number}", "model": "claude-opus-4-8", "usage": usage, "content": []}
    return {
        "type": "assistant",
        "message": message,
        "requestId": f"req_{number}",
        "uuid": f"u-{number}-{output}",
        "timestamp": f"2026-10-05T08:{number % 60:02}:{output % 60:02}.000Z",
        "sessionId": session,
        "isSidechain": False,
        "cwd": "/home/kim/shop",
        "gitBranch": "main",
        "version": "2.1.330",
    } | more


def prompt(text: str, number: int = 0, **more: Any) -> Line:
    line = {"type": "user", "message": {"role": "user", "content": text}, "uuid": f"p-{number}"}
    return line | {"timestamp": "2026-10-05T08:00:00Z", "sessionId": "s-1"} | more


def write(path: Path, lines: Iterable[Line | bytes], spaces: bool = False) -> Path:
    separators = (", ", ": ") if spaces else (",", ":")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for line in lines:
            if not isinstance(line, bytes):
                line = json.dumps(line, separators=separators).encode()
            file.write(line + b"\n")
    return path


def read(path: Path, **options: Any) -> tuple[list[Line], Summary]:
    batches = list(read_transcripts(path, **options))
    summary = batches[-1].summary
    assert summary is not None
    return pa.concat_tables([batch.table for batch in batches]).to_pylist(), summary


def requests(rows: list[Line]) -> dict[int, Line]:
    """Requests by key; of rows with one key the one with the most output."""
    best: dict[int, Line] = {}
    for row in rows:
        if row["name"] == "api_request":
            held = best.setdefault(row["key"], row)
            if row["output_tokens"] > held["output_tokens"]:
                best[row["key"]] = row
    return best


def totals(rows: list[Line]) -> list[int]:
    best = requests(rows).values()
    return [len(best), *(sum(row[name] for row in best) for name in TOKENS)]


def test_several_lines_of_a_response_count_once_with_the_final_output(tmp_path: Path) -> None:
    file = write(tmp_path / "s-1.jsonl", [answer(1, 3), answer(1, 20), answer(1, 50), answer(2)])
    rows, summary = read(file)
    assert totals(rows) == [2, 23, 100, 2000, 14]
    assert summary.total("requests") == 2
    assert [row["time"].second for row in requests(rows).values()] == [50, 50]


def test_json_with_spaces_reads_the_same(tmp_path: Path) -> None:
    lines = [prompt("hello"), answer(1, 3), answer(1), answer(2)]
    tight, _ = read(write(tmp_path / "a" / "s-1.jsonl", lines))
    wide, _ = read(write(tmp_path / "b" / "s-1.jsonl", lines, spaces=True))
    assert tight == wide


def test_a_fork_without_marks_counts_once(tmp_path: Path) -> None:
    history = [answer(1, 3), answer(1), answer(2)]
    write(tmp_path / "s-1.jsonl", history)
    copied = [line | {"sessionId": "s-2"} for line in history]
    write(tmp_path / "s-2.jsonl", [*copied, answer(3, session="s-2")])
    rows, _ = read(tmp_path)
    assert totals(rows) == [3, 36, 150, 3000, 21]
    alone, _ = read(tmp_path / "s-2.jsonl")
    assert {row["key"] for row in alone} == {row["key"] for row in rows}


def test_a_missing_request_id_falls_back_to_the_message_id(tmp_path: Path) -> None:
    bare = [answer(1, 3), answer(1), answer(2)]
    for line in bare:
        del line["requestId"]
    rows, _ = read(write(tmp_path / "a.jsonl", bare))
    assert totals(rows) == [2, 23, 100, 2000, 14]
    rows, _ = read(write(tmp_path / "b.jsonl", [bare[0], answer(1)]))
    assert totals(rows) == [1, 11, 50, 1000, 7]


def test_the_same_message_under_two_requests_is_two_requests(tmp_path: Path) -> None:
    file = write(tmp_path / "s-1.jsonl", [answer(1), answer(1, requestId="req_again")])
    assert totals(read(file)[0])[0] == 2


@pytest.mark.parametrize("in_own_file", [True, False])
def test_a_replay_in_a_side_conversation_does_not_count(tmp_path: Path, in_own_file: bool) -> None:
    replay = answer(1, requestId="req_replayed", isSidechain=True)
    own = answer(5, isSidechain=True, attributionAgent="Explore")
    if in_own_file:
        write(tmp_path / "s-1.jsonl", [answer(1), answer(2)])
        write(tmp_path / "s-1" / "subagents" / "agent-a.jsonl", [replay, own])
    else:
        write(tmp_path / "s-1.jsonl", [replay, own, answer(1), answer(2)])
    rows, _ = read(tmp_path)
    assert totals(rows)[0] == 3
    agents = {row["request_id"]: (row["query_source"], row["agent"]) for row in rows}
    assert agents == {
        "req_1": ("main", ""),
        "req_2": ("main", ""),
        "req_5": ("subagent", "Explore"),
    }


def test_a_replay_is_known_although_its_session_was_read_before(tmp_path: Path) -> None:
    write(tmp_path / "s-1.jsonl", [answer(1)])
    *_, last = read_transcripts(tmp_path)
    replay = answer(1, requestId="req_replayed", isSidechain=True)
    file = write(tmp_path / "s-1" / "subagents" / "agent-a.jsonl", [replay, answer(9)])
    rows, summary = read(tmp_path, resume=ResumeState(last.marks))
    assert (summary.skipped, totals(rows)[0]) == (1, 1)
    assert totals(read(file)[0])[0] == 1


def test_messages_of_the_clients_own_making_are_no_requests(tmp_path: Path) -> None:
    synthetic = answer(1)
    synthetic["message"]["model"] = "<synthetic>"
    failed = answer(2, isApiErrorMessage=True)
    empty = answer(3)
    empty["message"]["usage"] = {"input_tokens": 0, "output_tokens": 0}
    rows, summary = read(write(tmp_path / "s-1.jsonl", [synthetic, failed, empty]))
    assert (rows, summary.malformed) == ([], 0)


def test_only_what_a_person_typed_is_a_prompt(tmp_path: Path) -> None:
    blocks = {"role": "user", "content": [{"type": "text", "text": "four"}, {"type": "image"}]}
    file = write(
        tmp_path / "s-1.jsonl",
        [
            prompt("seven c", 1),
            prompt("", 2, message=blocks),
            prompt("a meta line", 3, isMeta=True),
            prompt("an agent's task", 4, isSidechain=True),
            prompt("summary", 5, isCompactSummary=True),
            prompt("<command-name>/clear</command-name>", 6),
            prompt("<local-command-stdout>done</local-command-stdout>", 7),
            prompt("[Request interrupted by user for tool use]", 8),
            prompt("job 7 ended", 9, origin={"kind": "task-notification"}),
        ],
    )
    rows, _ = read(file)
    assert [(row["name"], row["chars"]) for row in rows] == [("user_prompt", 7), ("user_prompt", 4)]


def test_reading_twice_gives_the_same_rows_and_a_longer_file_the_same_keys(tmp_path: Path) -> None:
    lines = [prompt("hello"), answer(1, 3), answer(1, 40), answer(2)]
    file = write(tmp_path / "s-1.jsonl", lines[:2])
    early, _ = read(file)
    write(file, lines)
    late, _ = read(file)
    assert late == read(file)[0]
    assert {row["key"] for row in early} < {row["key"] for row in late}
    assert totals(early + late) == totals(late)


def test_an_unchanged_file_is_skipped_and_a_grown_one_is_read(tmp_path: Path) -> None:
    files = [write(tmp_path / f"s-{n}.jsonl", [answer(n)]) for n in range(3)]
    *_, last = read_transcripts(tmp_path)
    state = ResumeState.from_json(json.loads(json.dumps(ResumeState(last.marks).to_json())))
    assert read(tmp_path, resume=state)[1].skipped == 3
    os.utime(files[0], (1, 1))  # touched, as a copy is: the content decides
    write(files[1], [answer(1), answer(7)])
    rows, summary = read(tmp_path, resume=state)
    assert (summary.skipped, len(rows)) == (2, 2)


def test_a_changed_file_of_the_same_size_is_read_again(tmp_path: Path) -> None:
    file = write(tmp_path / "s-1.jsonl", [answer(1)])
    *_, last = read_transcripts(tmp_path)
    write(file, [answer(2)])
    os.utime(file, (1, 1))
    assert read(tmp_path, resume=ResumeState(last.marks))[1].skipped == 0


def test_an_interrupted_import_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """Each batch is stored, then its marks; whatever was stored before the stop is not lost."""
    for n in range(30):
        lines = [answer(m, session=f"s-{n}", uuid=f"{n}") for m in range(900)]
        for line in lines:
            line["message"]["id"] += f"-{n}"
        write(tmp_path / f"s-{n}.jsonl", lines)
    whole, _ = read(tmp_path)
    stored: list[Line] = []
    state, batches = ResumeState(), read_transcripts(tmp_path)
    for _ in range(2):
        batch = next(batches)
        assert batch.table.num_rows <= MOST_ROWS
        stored += batch.table.to_pylist()
        state = state.after(batch.marks)
    assert 0 < len(state.marks) < 30
    rest, summary = read(tmp_path, resume=state)
    assert summary.skipped == len(state.marks)
    assert {row["key"] for row in stored + rest} == {row["key"] for row in whole}
    assert totals(stored + rest) == totals(whole)


def test_marks_come_only_with_the_last_row_of_their_file(tmp_path: Path) -> None:
    write(tmp_path / "s-1.jsonl", [answer(n, n + 1) for n in range(25_000)])
    batches: list[Batch] = list(read_transcripts(tmp_path))
    assert sum(batch.table.num_rows for batch in batches) == 25_000
    assert all(batch.table.num_rows <= MOST_ROWS for batch in batches)
    seen = 0
    for batch in batches:
        seen += batch.table.num_rows
        assert not batch.marks or seen == 25_000


def test_broken_lines_are_reported_and_cost_nothing_else(tmp_path: Path) -> None:
    wrong_time = answer(4, timestamp="yesterday")
    lines: list[Line | bytes] = [
        answer(1),
        b"not json",
        b'{"type": "user", "message": {"content": "cut off',
        b"",
        b'{"type": "attachment", "cut": [1, 2',
        b"\x00\x00\x00\x00",
        b"[1, 2]",
        wrong_time,
        answer(2),
    ]
    file = write(tmp_path / "s-1.jsonl", lines)
    rows, summary = read(file)
    assert totals(rows)[0] == 2
    assert [problem.line for problem in summary.problems] == [2, 3, 5, 6, 7, 8]
    assert summary.malformed == 6
    assert {problem.path for problem in summary.problems} == {str(file)}
    reasons = {problem.line: problem.reason for problem in summary.problems}
    assert (reasons[2], reasons[8]) == ("not valid JSON", "a time that cannot be read")


def test_the_list_of_problems_is_bounded(tmp_path: Path) -> None:
    _, summary = read(write(tmp_path / "s-1.jsonl", [answer(1), *[b"?"] * 1000]))
    assert (summary.malformed, len(summary.problems)) == (1000, 100)


def test_odd_values_do_not_cost_the_line(tmp_path: Path) -> None:
    odd = answer(1, effort=["high"], gitBranch=7, isMeta="no", costUSD="?", cwd=None)
    odd["message"]["usage"] |= {"output_tokens": 50.0, "speed": None, "cache_creation": []}
    odd["message"]["usage"]["cache_read_input_tokens"] = -1
    reshaped = answer(2)
    reshaped["message"]["content"] = {"kind": "new"}
    rows, summary = read(write(tmp_path / "s-1.jsonl", [odd, reshaped]))
    assert (totals(rows), summary.malformed) == ([2, 23, 100, 1000, 14], 0)


def test_bytes_that_are_no_utf8_are_reported_but_read(tmp_path: Path) -> None:
    bad = json.dumps(answer(1)).encode().replace(b"shop", b"sh\xffp")
    rows, summary = read(write(tmp_path / "s-1.jsonl", [bad, answer(2)]))
    assert totals(rows)[0] == 2
    assert [problem.reason for problem in summary.problems] == [
        "not valid UTF-8; read with replacements"
    ]


def test_half_surrogate_pairs_are_read(tmp_path: Path) -> None:
    cut = json.dumps(answer(1, effort="\ud83d")).encode()
    rows, summary = read(write(tmp_path / "s-1.jsonl", [cut, prompt("cut \ud83d")]))
    assert (totals(rows)[0], len(rows), summary.malformed) == (1, 2, 0)


def test_very_long_lines_are_read_and_endless_ones_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_reading, "LONGEST_LINE", 6 << 20)
    long, endless = prompt("x" * (5 << 20), 1), prompt("y" * (9 << 20), 2)
    rows, summary = read(write(tmp_path / "s-1.jsonl", [answer(1), long, endless, answer(2)]))
    assert [row["chars"] for row in rows if row["name"] == "user_prompt"] == [5 << 20]
    assert (totals(rows)[0], summary.malformed, summary.problems[0].line) == (2, 1, 3)


def test_a_file_without_an_end_of_line_and_with_a_last_half_line(tmp_path: Path) -> None:
    file = write(tmp_path / "s-1.jsonl", [answer(1), answer(2)])
    data = file.read_bytes()
    file.write_bytes(data[:-1])
    assert totals(read(file)[0])[0] == 2
    file.write_bytes(data[:-40])
    rows, summary = read(file)
    assert (totals(rows)[0], summary.malformed) == (1, 1)


def test_windows_line_ends_and_a_byte_order_mark(tmp_path: Path) -> None:
    lines = b"\r\n".join(json.dumps(answer(n)).encode() for n in range(3))
    (tmp_path / "s-1.jsonl").write_bytes(b"\xef\xbb\xbf" + lines + b"\r\n")
    rows, summary = read(tmp_path)
    assert (totals(rows)[0], summary.malformed) == (3, 0)


def test_empty_unknown_and_unreadable_files(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    write(tmp_path / "other.jsonl", [{"id": 1, "price": 3}])
    (tmp_path / "gone.jsonl").symlink_to(tmp_path / "nowhere")
    write(tmp_path / "s-1.jsonl", [answer(1)])
    rows, summary = read(tmp_path)
    assert totals(rows)[0] == 1
    assert (summary.unrecognised, summary.unreadable, summary.malformed) == (1, 1, 0)
    assert [Path(problem.path).name for problem in summary.problems] == ["gone.jsonl"]


def test_a_path_that_does_not_exist_is_the_users_error(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="does not exist"):
        list(read_transcripts(tmp_path / "nowhere"))


@pytest.mark.parametrize("folder", [".claude/projects/-home-kim", ".config/claude/projects/p"])
def test_a_home_folder_is_searched_where_the_assistants_write(tmp_path: Path, folder: str) -> None:
    write(tmp_path / folder / "s-1.jsonl", [answer(1)])
    write(tmp_path / "work" / "data.jsonl", [answer(2)])
    assert totals(read(tmp_path)[0])[0] == 1


def test_without_a_path_the_environment_says_where(tmp_path: Path) -> None:
    write(tmp_path / "one" / "projects" / "p" / "s-1.jsonl", [answer(1)])
    write(tmp_path / "two" / "projects" / "p" / "s-2.jsonl", [answer(2)])
    meta = {"id": "t-1", "cwd": "/w", "cli_version": "1"}
    usage = {"input_tokens": 9, "cached_input_tokens": 4, "output_tokens": 2}
    info = {"total_token_usage": usage, "last_token_usage": usage}
    count = {"type": "token_count", "info": info}
    at = {"timestamp": "2026-10-05T08:00:00Z"}
    rollout = [
        at | {"type": "session_meta", "payload": meta},
        at | {"type": "event_msg", "payload": count},
        at | {"type": "event_msg", "payload": count},
    ]
    write(tmp_path / "codex" / "sessions" / "2026" / "rollout-1.jsonl", rollout)
    env = {
        "HOME": str(tmp_path / "nobody"),
        "CLAUDE_CONFIG_DIR": f"{tmp_path / 'one'},{tmp_path / 'two'}",
        "CODEX_HOME": str(tmp_path / "codex"),
    }
    *_, last = read_transcripts(None, env=env)
    assert last.summary is not None
    counted = {name: tally.requests for name, tally in last.summary.tools.items()}
    assert counted == {"claude-code": 2, "codex": 1}


def test_progress_is_told_after_each_file(tmp_path: Path) -> None:
    for n in range(3):
        write(tmp_path / f"s-{n}.jsonl", [answer(n)])
    told: list[Progress] = []
    read(tmp_path, progress=told.append)
    assert [(step.files, step.files_total, step.rows) for step in told] == [
        (1, 3, 1),
        (2, 3, 2),
        (3, 3, 3),
    ]
    assert told[-1].bytes == told[-1].bytes_total > 0


CORPUS = [
    line
    for number in range(6)
    for line in (answer(number, 5), answer(number, 30), answer(number, 50 + number))
]
CORPUS += [answer(2, requestId="req_replayed", isSidechain=True), answer(8, isSidechain=True)]
CORPUS += [prompt(f"prompt {number}", number) for number in range(4)]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    order=st.randoms(use_true_random=False),
    files=st.integers(1, 5),
    doubled=st.lists(st.integers(0, len(CORPUS) - 1), max_size=12),
)
def test_totals_do_not_depend_on_order_files_or_copies(
    tmp_path_factory: pytest.TempPathFactory,
    order: random.Random,
    files: int,
    doubled: list[int],
) -> None:
    folder = tmp_path_factory.mktemp("corpus")
    lines = CORPUS + [CORPUS[place] for place in doubled]
    order.shuffle(lines)
    for number in range(files):
        write(folder / f"s-{number}.jsonl", lines[number::files])
    rows, summary = read(folder)
    # Six responses and one of a side conversation; the replay is none.
    assert totals(rows) == [7, 60 + 15 + 18, 300 + 15 + 50, 7000, 49]
    assert summary.total("requests") == 7
    assert summary.total("prompts") == 4
