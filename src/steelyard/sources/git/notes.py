"""Authorship notes as git-ai writes them to refs/notes/ai (Git AI Standard 3.0.0).

    src/app.py
      s_0123456789abcd::t_0123456789abcd 1-10,15
      h_0123456789abcd 11-14
    ---
    {"schema_version": "authorship/3.0.0", "sessions": {"s_0123456789abcd": {"agent_id": …}}}

Only line counts and the names of tools are read; paths, people and prompts stay where they are.
Lines that no note names are unknown, not a person's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

REF = "refs/notes/ai"
# Tools by git-ai's names, where telemetry calls them otherwise.
TOOLS = {
    "claude": "claude-code",
    "claude-web": "claude-code",
    "codex-cloud": "codex",
    "cursor-agent": "cursor",
    "gemini": "gemini-cli",
    "github-copilot": "copilot",
    "copilot-cli": "copilot",
}
_LINE = re.compile(r"^  (?!h_)(\w+)(?:::\w+)? ([\d,-]+)$", re.MULTILINE)
_RANGE = re.compile(r"(\d+)(?:-(\d+))?")


class _AgentId(msgspec.Struct):
    tool: str = ""


class _Session(msgspec.Struct):
    agent_id: _AgentId = msgspec.field(default_factory=_AgentId)


class _Metadata(msgspec.Struct):
    sessions: dict[str, _Session] = msgspec.field(default_factory=dict)
    prompts: dict[str, _Session] = msgspec.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Note:
    """`ai_lines` are lines of the commit that assistants wrote; None when it cannot be read."""

    ai_lines: int | None = None
    assistants: tuple[str, ...] = ()


def read_note(text: str) -> Note:
    """What a note says; an unknown format says nothing."""
    attested, border, metadata = f"\n{text}".partition("\n---\n")
    try:
        known = msgspec.json.decode(metadata, type=_Metadata) if border else None
    except msgspec.DecodeError:
        known = None
    if known is None:
        return Note()
    agents = known.prompts | known.sessions
    tools, count = set(), 0
    for key, ranges in _LINE.findall(attested):
        count += sum(_size(first, last) for first, last in _RANGE.findall(ranges))
        if key in agents:
            tool = agents[key].agent_id.tool.lower()
            tools.add(TOOLS.get(tool, tool))
    return Note(count, tuple(sorted(tools - {""})))


def _size(first: str, last: str) -> int:
    return max(int(last) - int(first) + 1, 0) if last else 1
