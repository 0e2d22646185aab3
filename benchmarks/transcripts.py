"""Reads a large corpus of Claude Code transcripts beside npm `ccusage`, in the same run.

    python benchmarks/transcripts.py [--lines 500000] [--repeat 3] [--keep DIR] [--no-peer]

The corpus is made up, deterministic, and follows the shapes of real session files: several lines
per message with a growing output count, tool results of very different sizes, attachments, forks
that copy history, sub-agents with replays of their parent's messages, API errors. Printed are wall
time, CPU time and peak memory of both programs (whole process trees) and the ratios; the token
totals of both are compared and every difference is named. Files are warm in the page cache.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

PEER = "ccusage@20.0.24"
PEER_ARGUMENTS = ("claude", "daily", "--json", "--offline")
START = dt.datetime(2026, 3, 2, 8, 0, tzinfo=dt.UTC)
MODELS = ("claude-opus-4-8", "claude-sonnet-4-6", "claude-haiku-4-5-20251001")
TOOLS = ("Read", "Edit", "Bash", "Write", "Grep")
KINDS = ("input", "output", "cache_creation", "cache_read")
Line = dict[str, Any]


@dataclass
class Session:
    """One session file being written: a clock, a running context, and the lines so far."""

    rng: random.Random
    id: str
    time: dt.datetime
    agent: str = ""
    context: int = 9000
    lines: list[Line] = field(default_factory=list)
    messages: list[Line] = field(default_factory=list)

    def stamp(self, seconds: float) -> str:
        self.time += dt.timedelta(seconds=seconds)
        return self.time.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def add(self, seconds: float, **own: Any) -> Line:
        """Append one line with the keys that every line of a conversation has."""
        line: Line = {"parentUuid": name(self.rng), "isSidechain": bool(self.agent), **own}
        if self.agent:
            line["agentId"] = self.agent
        line |= {
            "uuid": name(self.rng),
            "timestamp": self.stamp(seconds),
            "userType": "external",
            "entrypoint": "cli",
            "cwd": "/home/dev/acme-app",
            "sessionId": self.id,
            "version": "2.1.330",
            "gitBranch": "main",
        }
        self.lines.append(line)
        return line


def name(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def text(rng: random.Random, size: int) -> str:
    """Source-like text with quotes and newlines, so that it is escaped in JSON as real text is."""
    line = 'def handle(name):\n    return {"status": "ok", "name": name}  # checked\n'
    start = rng.randrange(len(line))
    return (line * (size // len(line) + 2))[start : start + size]


def opening(session: Session) -> None:
    """What a client writes before the first prompt: attachments and its own instructions."""
    for kind in ("environment", "model", "deferred_tools_delta", "agent_listing_delta"):
        body = {"type": kind, "text": text(session.rng, 300)}
        rendered = [{"content": text(session.rng, 500)}]
        session.add(0.01, attachment=body, type="attachment", rendered=rendered)
    for kind, size in (("skill_listing", 6000), ("prompt_snapshot", 9000)):
        body = {"type": kind, "content": text(session.rng, size)}
        session.add(0.01, attachment=body, type="attachment")


def usage(session: Session, output: int, created: int, long_lived: bool) -> Line:
    hour = created if long_lived else 0
    return {
        "input_tokens": session.rng.randrange(3, 40),
        "cache_creation_input_tokens": created,
        "cache_read_input_tokens": session.context,
        "output_tokens": output,
        "server_tool_use": {"web_search_requests": 0, "web_fetch_requests": 0},
        "service_tier": "standard",
        "cache_creation": {
            "ephemeral_1h_input_tokens": hour,
            "ephemeral_5m_input_tokens": created - hour,
        },
        "inference_geo": "",
        "iterations": [],
        "speed": "standard",
    }


def answer(session: Session, model: str, tool_id: str) -> None:
    """One model response: a line per content block; the output count is final on the last one."""
    rng = session.rng
    output, created = rng.randrange(40, 2400), rng.randrange(200, 4000)
    used = usage(session, output, created, long_lived=rng.random() < 0.2)
    blocks: list[Line] = [{"type": "thinking", "thinking": "", "signature": text(rng, 400)}]
    blocks.append({"type": "text", "text": text(rng, rng.randrange(40, 600))})
    if tool_id:
        call = {"command": text(rng, rng.randrange(40, 900)), "description": "Run"}
        blocks.append({"type": "tool_use", "id": tool_id, "name": rng.choice(TOOLS), "input": call})
    message_id, request_id = f"msg_{rng.getrandbits(96):024x}", f"req_{rng.getrandbits(96):024x}"
    blocks = blocks[rng.randrange(2) :]
    for number, block in enumerate(blocks):
        final = number == len(blocks) - 1
        so_far = used if final else used | {"output_tokens": max(1, output * number // 8)}
        message = {"id": message_id, "type": "message", "role": "assistant", "model": model}
        message |= {"content": [block], "stop_reason": None, "usage": so_far}
        own = {"message": message, "requestId": request_id, "type": "assistant", "effort": "medium"}
        line = session.add(0.8, **own)
    session.context = min(session.context + created, 180_000)
    session.messages.append(line)


def tool_result(session: Session, tool_id: str) -> None:
    """The outcome of a call: mostly short, sometimes a whole file, which is then written twice."""
    size = int(min(session.rng.lognormvariate(6.2, 1.4), 200_000))
    content = text(session.rng, size)
    part = {"tool_use_id": tool_id, "type": "tool_result", "content": content}
    message = {"role": "user", "content": [part]}
    result = {"stdout": content, "stderr": "", "interrupted": False}
    decision = {"decision": "accept", "source": "config", "reasonType": "mode"}
    own = {"promptId": name(session.rng), "type": "user", "message": message}
    session.add(1.5, **own, toolUseResult=result, permissionDecision=decision)


def prompt(session: Session) -> None:
    own = {"promptId": name(session.rng), "type": "user", "permissionMode": "default"}
    words = text(session.rng, session.rng.randrange(10, 400))
    session.add(60, **own, message={"role": "user", "content": words}, promptSource="typed")


def turn(session: Session, calls: int, model: str) -> None:
    prompt(session)
    for _ in range(calls):
        tool_id = f"toolu_{session.rng.getrandbits(96):024x}"
        answer(session, model, tool_id)
        tool_result(session, tool_id)
    answer(session, model, "")
    session.add(0.1, type="system", subtype="turn_duration", durationMs=1000, isMeta=False)


def failed(session: Session) -> None:
    """An API error as the client writes it: a message of its own making with zero usage."""
    zero = {"input_tokens": 0, "output_tokens": 0, "cache_creation_input_tokens": 0}
    zero["cache_read_input_tokens"] = 0
    message = {"id": name(session.rng), "model": "<synthetic>", "role": "assistant"}
    message |= {"usage": zero, "content": [{"type": "text", "text": "API Error: 529 Overloaded"}]}
    session.add(1, type="assistant", message=message, isApiErrorMessage=True)


def sub_agent(parent: Session) -> Session:
    """A sub-agent's file; now and then it begins with a replay of its parent's last message."""
    rng = parent.rng
    agent = Session(rng, parent.id, parent.time, agent=f"a{rng.getrandbits(64):016x}")
    opening(agent)
    if rng.random() < 0.3:
        again = parent.messages[-1]
        agent.add(
            0.1,
            type="assistant",
            message=again["message"],
            requestId=f"req_{rng.getrandbits(96):024x}",
        )
    for _ in range(rng.randrange(1, 3)):
        turn(agent, rng.randrange(2, 8), MODELS[2])
    return agent


def fork(session: Session) -> Session:
    """A fork: the history so far under another session id, then a conversation of its own."""
    other = Session(session.rng, name(session.rng), session.time, context=session.context)
    for line in session.lines[: len(session.lines) * 2 // 3]:
        copy = line | {"sessionId": other.id}
        if line["type"] == "assistant":
            copy["requestSessionId"] = session.id
        other.lines.append(copy)
    turn(other, 6, MODELS[0])
    return other


def conversation(rng: random.Random, number: int) -> Iterator[tuple[str, list[Line]]]:
    """The files of one session: path below the projects folder, and lines."""
    session = Session(rng, name(rng), START + dt.timedelta(minutes=37 * number))
    folder = f"-home-dev-app-{number % 40}"
    opening(session)
    for _ in range(rng.randrange(2, 14)):
        turn(session, rng.randrange(1, 12), rng.choice(MODELS))
        if rng.random() < 0.05:
            failed(session)
        if rng.random() < 0.08:
            agent = sub_agent(session)
            yield f"{folder}/{session.id}/subagents/agent-{agent.agent}.jsonl", agent.lines
    yield f"{folder}/{session.id}.jsonl", session.lines
    if rng.random() < 0.08:
        other = fork(session)
        yield f"{folder}/{other.id}.jsonl", other.lines


def write_corpus(home: Path, lines: int) -> tuple[int, int]:
    """Write at least `lines` lines below `home`/projects; returns (files, bytes)."""
    rng, written, files, size, number = random.Random(20260302), 0, 0, 0, 0
    while written < lines:
        for path, content in conversation(rng, number):
            target = home / "projects" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            data = b"".join(orjson.dumps(line) + b"\n" for line in content)
            target.write_bytes(data)
            written, files, size = written + len(content), files + 1, size + len(data)
        number += 1
    return files, size


@dataclass(frozen=True)
class Run:
    """One program's run: seconds of wall and CPU time, peak memory of its process tree in MB."""

    wall: float
    cpu: float
    peak_mb: float
    output: str


def measure(command: list[str], env: dict[str, str]) -> Run:
    """Run a command to its end. Peak memory is sampled every 20 ms over the whole tree."""
    before, start = os.times(), time.perf_counter()
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
    peak, done, output = 0, threading.Event(), ""

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.02):
            peak = max(peak, tree_memory(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        output, _ = process.communicate()
    finally:
        done.set()
        watcher.join()
    after = os.times()
    if process.returncode:
        sys.exit(f"{command[0]} ended with {process.returncode}")
    cpu = after.children_user + after.children_system
    cpu -= before.children_user + before.children_system
    return Run(time.perf_counter() - start, cpu, peak / 1e6, output)


def tree_memory(pid: int) -> int:
    """Resident bytes of a process and its children that it shares with nobody, or its part."""
    total = 0
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                total += tree_memory(int(child))
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    except OSError:
        return total
    return total


def ours(path: Path, out: Path) -> None:
    """Read the corpus as `import transcripts` does, up to the Arrow batches; keep the counts."""
    import pyarrow as pa

    from steelyard.sources.transcripts.read import read_transcripts

    columns = ["key", *(f"{kind}_tokens" for kind in KINDS)]
    writer = None
    for batch in read_transcripts(path):
        part = batch.table.select(columns)
        writer = writer or pa.ipc.new_file(str(out), part.schema)
        writer.write_table(part)
    if writer:
        writer.close()


def our_totals(counts: Path) -> dict[str, int]:
    """A key comes again where a fork was cut inside a message; the ledger keeps the larger row."""
    import pyarrow as pa

    with pa.ipc.open_file(str(counts)) as file:
        table = file.read_all()
    columns = [f"{kind}_tokens" for kind in KINDS]
    best = table.group_by("key").aggregate([(column, "max") for column in columns])
    return {kind: sum(best[f"{kind}_tokens_max"].drop_null().to_pylist()) for kind in KINDS}


def their_totals(output: str) -> dict[str, int]:
    totals = json.loads(output)["totals"]
    names = ("inputTokens", "outputTokens", "cacheCreationTokens", "cacheReadTokens")
    return {kind: totals[name] for kind, name in zip(KINDS, names, strict=True)}


def install(folder: Path) -> Path:
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", PEER]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return folder / "node_modules" / ".bin" / "ccusage"


def best(runs: list[Run]) -> Run:
    return min(runs, key=lambda run: run.wall)


def report(name_: str, run: Run) -> None:
    print(f"{name_:10} wall {run.wall:6.2f} s   CPU {run.cpu:6.2f} s   peak {run.peak_mb:6.0f} MB")


def compare(mine: Run, peer: Run, ours_: dict[str, int]) -> None:
    print(
        f"{'ratio':10} wall {mine.wall / peer.wall:6.2f}     CPU {mine.cpu / peer.cpu:6.2f}"
        f"     peak {mine.peak_mb / peer.peak_mb:6.2f}     (below 1: Steelyard is better)"
    )
    other = their_totals(peer.output)
    for kind in KINDS:
        gap = ours_[kind] - other[kind]
        share = gap / max(other[kind], 1)
        said = "agree" if not gap else f"differ by {gap:+,} ({share:+.4%})"
        print(f"{kind:15} {ours_[kind]:>16,} and {other[kind]:>16,} tokens {said}")


def run(home: Path, scratch: Path, options: argparse.Namespace) -> None:
    """Both programs by turns on one corpus, `--repeat` times; the fastest run of each counts."""
    env = os.environ | {"CLAUDE_CONFIG_DIR": str(home)}
    counts = scratch / "counts.arrow"
    command = [sys.executable, __file__, "--read", str(home), "--out", str(counts)]
    peer = (
        [] if options.no_peer else [str(install(scratch)), "claude", "daily", "--json", "--offline"]
    )
    mine, other = [], []
    for _ in range(options.repeat):
        mine.append(measure(command, env))
        if not options.no_peer:
            other.append(measure(peer, env))
    report("steelyard", best(mine))
    if other:
        report("ccusage", best(other))
        compare(best(mine), best(other), our_totals(counts))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=500_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="keep the corpus here, or take what is there")
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        ours(options.read, options.out)
        return
    with tempfile.TemporaryDirectory() as scratch:
        home = options.keep or Path(scratch, "home")
        if not (home / "projects").is_dir():
            files, size = write_corpus(home, options.lines)
            print(f"{options.lines:,} lines in {files:,} files, {size / 1e6:,.0f} MB")
        run(home, Path(scratch), options)


if __name__ == "__main__":
    main()
