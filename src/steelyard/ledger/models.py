"""Names of models: many spellings, one family.

`claude-opus-4-8[1m]`, `claude-sonnet-4-5-20250929`, `us.anthropic.claude-opus-4-8-v1:0` and
`claude-opus-4-8@20260101` are priced and compared as one; the name as reported is kept beside.
"""

from __future__ import annotations

import re

# Order matters: what stands around the name goes before what stands behind it.
_AROUND = (
    re.compile(r"^(?:[a-z]{2,6}\.)?anthropic\."),  # Bedrock inference profiles and model ids
    re.compile(r"^(?:bedrock|vertex_ai|azure_ai|anthropic|openai|google|gemini|models)/"),
)
_BEHIND = (
    re.compile(r"\[\d+[km]\]$"),  # context window asked for
    re.compile(r"-v\d+(?::\d+)?$"),  # Bedrock revision
    re.compile(r"@(?:\d{8}|latest)$"),  # Vertex revision
    re.compile(r"-(?:20\d{6}|20\d\d-\d\d-\d\d)$"),  # release date
    re.compile(r"-latest$"),
)


def family(reported: str) -> str:
    """The normalised name; a name without any known decoration comes back as it is."""
    name = reported.strip()
    for pattern in _AROUND:
        name = pattern.sub("", name)
    before = ""
    while before != name:
        before = name
        for pattern in _BEHIND:
            name = pattern.sub("", name)
    return name or reported.strip()
