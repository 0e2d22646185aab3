"""The dialects that Steelyard understands, a file each; others are kept under their own name."""

from __future__ import annotations

from steelyard.receiver.dialects.claude_code import CLAUDE_CODE
from steelyard.receiver.dialects.codex import CODEX
from steelyard.receiver.dialects.dialect import SHARED, Dialect
from steelyard.receiver.dialects.gemini_cli import GEMINI_CLI

DIALECTS = (CLAUDE_CODE, CODEX, GEMINI_CLI)
_BY_SERVICE = {service: dialect for dialect in DIALECTS for service in dialect.services}


def dialect_of(service: str) -> Dialect:
    """The dialect of an OTLP `service.name`; an unknown service keeps its name as assistant."""
    known = _BY_SERVICE.get(service)
    return known or Dialect(assistant=service or "unknown", events=SHARED, points=SHARED)
