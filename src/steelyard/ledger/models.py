"""Names of models: many spellings, one family.

`claude-opus-4-8[1m]`, `claude-sonnet-4-5-20250929`, `us.anthropic.claude-opus-4-8-v1:0` and
`claude-opus-4-8@20260101` are priced and compared as one; the name as reported is kept beside.
"""

from __future__ import annotations

import re

_AROUND = (
    re.compile(r"^arn:aws[\w-]*:bedrock:.*/(?=[a-z-]*\.?anthropic\.)"),  # Bedrock, in full
    re.compile(r"^(?:[a-z-]{2,8}\.)?anthropic\."),  # Bedrock inference profiles and model ids
    re.compile(r"^(?:bedrock|vertex_ai|azure_ai|anthropic|openai|google|gemini|models)/"),
)
_WINDOW = re.compile(r"\[\d+[km]\]$")  # context window asked for
_VENDOR = re.compile(r"^(?:claude|gpt|gemini|codex|o\d)")
# Behind the names of vendors only: what a gateway calls its models is its own.
_BEHIND = (
    _WINDOW,
    re.compile(r"-v\d+(?::\d+)?$"),  # Bedrock revision
    re.compile(r"@(?:\d{8}|latest)$"),  # Vertex revision
    re.compile(r"-(?:20\d{6}|20\d\d-\d\d-\d\d)$"),  # release date
    re.compile(r"-latest$"),
)
_OLDER_NAMES = {
    "claude-3-5-haiku": "claude-haiku-3-5",
    "claude-opus-4-0": "claude-opus-4",
    "claude-sonnet-4-0": "claude-sonnet-4",
}


def family(reported: str) -> str:
    """The normalised name; a name without any known decoration comes back as it is."""
    name = _without(reported.strip(), _AROUND)
    name = _without(name, _BEHIND if _VENDOR.match(name) else (_WINDOW,))
    return _OLDER_NAMES.get(name, name) or reported.strip()


def _without(name: str, patterns: tuple[re.Pattern[str], ...]) -> str:
    before = ""
    while before != name:
        before = name
        for pattern in patterns:
            name = pattern.sub("", name)
    return name
