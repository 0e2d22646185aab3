"""The shapes of Claude Code's lines, as far as they count; everything else is not even decoded.

Many lines are decoded in one call. Values are typed `Any` on purpose: the format changes without
notice, and one odd value must not cost the line.
"""

from __future__ import annotations

from typing import Any

from msgspec import DecodeError, Raw, Struct, ValidationError, json

from steelyard.sources.transcripts.lines import is_utf8, parse, repair
from steelyard.sources.transcripts.values import BadLine, Entry, mapping

NOTHING = Raw(b"null")


class Usage(Struct, gc=False):
    input_tokens: Any = 0
    output_tokens: Any = 0
    cache_read_input_tokens: Any = 0
    cache_creation_input_tokens: Any = 0
    cache_creation: Any = None  # the split by lifetime
    server_tool_use: Any = None
    speed: Any = ""


class Block(Struct, gc=False):
    type: Any = ""
    id: Any = ""
    name: Any = ""
    text: Any = ""
    tool_use_id: Any = ""
    is_error: Any = False


class Message(Struct, gc=False):
    id: Any = ""
    model: Any = ""
    usage: Usage | None = None
    content: str | list[Block] | None = None


class Line(Struct, gc=False):
    type: Any = ""
    message: Message | str | None = None
    uuid: Any = ""
    timestamp: Any = None
    sessionId: Any = ""  # noqa: N815  (names as on the wire)
    requestSessionId: Any = ""  # noqa: N815
    forkedFrom: Any = None  # noqa: N815
    requestId: Any = ""  # noqa: N815
    promptId: Any = ""  # noqa: N815
    isSidechain: Any = False  # noqa: N815
    isMeta: Any = False  # noqa: N815
    isCompactSummary: Any = False  # noqa: N815
    isVisibleInTranscriptOnly: Any = False  # noqa: N815
    isApiErrorMessage: Any = False  # noqa: N815
    origin: Any = None
    cwd: Any = ""
    gitBranch: Any = ""  # noqa: N815
    version: Any = ""
    effort: Any = ""
    attributionAgent: Any = ""  # noqa: N815
    attributionSkill: Any = ""  # noqa: N815
    attributionPlugin: Any = ""  # noqa: N815
    attributionMcpServer: Any = ""  # noqa: N815
    permissionDecision: Any = None  # noqa: N815
    toolDenialKind: Any = ""  # noqa: N815
    toolUseResult: Raw = NOTHING  # noqa: N815
    costUSD: Any = None  # noqa: N815

    def session(self) -> Any:
        """The session a line belongs to: a copied line names the one it was copied from."""
        origin = self.requestSessionId or mapping(self.forkedFrom).get("sessionId")
        return origin or self.sessionId


_one, _many = json.Decoder(Line), json.Decoder(Line)


def decode_many(block: bytes) -> list[Line] | None:
    """All lines of a block at once; None where one of them is bad: then go line by line."""
    if not is_utf8(block):
        return None
    try:
        return _many.decode_lines(block)
    except DecodeError:
        return None


def decode(line: bytes) -> Line:
    """One line. Raises BadLine."""
    try:
        return _one.decode(line)
    except (DecodeError, UnicodeDecodeError):
        pass
    try:
        return _one.decode(repair(line))
    except ValidationError:
        pass
    try:
        return _one.decode(_without_content(line))
    except DecodeError:
        raise BadLine("not shaped as expected") from None


def _without_content(line: bytes) -> bytes:
    """A line whose content has a new shape may still tell its usage."""
    entry = parse(line)
    if isinstance(message := entry.get("message"), dict):
        message.pop("content", None)
    return json.encode(entry)


def recognises(entry: Entry) -> bool:
    if "projectHash" in entry or "payload" in entry:
        return False
    known = "sessionId" in entry or "leafUuid" in entry or "uuid" in entry
    return known and isinstance(entry.get("type"), str)
