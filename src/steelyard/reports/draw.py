"""Charts as pictures on their own: SVG or PNG by vl-convert, in the light theme, with a title."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from steelyard.reports.look import FONT, ON_PAPER

Format = Literal["svg", "png"]
WIDTH, HEIGHT = 720, 340
_VARIABLE = re.compile(r"var\((--[\w-]+)\)")


def draw(
    spec: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    title: str,
    measure: str = "",
    kind: Format = "svg",
) -> bytes:
    """The chart over these rows; `title` says what is to be seen, `measure` what is drawn."""
    import vl_convert

    whole = standalone(spec, rows, title, measure)
    if kind == "svg":
        return str(vl_convert.vegalite_to_svg(whole)).encode()
    return bytes(vl_convert.vegalite_to_png(whole, scale=2))


def filled(spec: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The specification with its rows beside what it draws in any case."""
    return {**spec, "datasets": {**spec.get("datasets", {}), "rows": [dict(row) for row in rows]}}


def standalone(
    spec: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], title: str, measure: str = ""
) -> dict[str, Any]:
    """A specification that needs neither a page nor its style sheet."""
    whole: dict[str, Any] = json.loads(_VARIABLE.sub(_colour, json.dumps(filled(spec, rows))))
    whole["width"] = WIDTH
    if whole["height"] == "container":
        whole["height"] = HEIGHT
    else:  # as high as it has entries
        whole["autosize"] = {"type": "fit-x", "contains": "padding"}
    whole["title"] = {
        "text": title,
        "subtitle": measure,
        "anchor": "start",
        "font": FONT,
        "subtitleFont": FONT,
        "fontSize": 15,
        "subtitleFontSize": 12,
        "subtitleColor": ON_PAPER["--ink-3"],
        "color": ON_PAPER["--ink"],
        "offset": 14,
        "limit": WIDTH,
    }
    whole["background"] = ON_PAPER["--panel"]
    whole["padding"] = 14
    whole["$schema"] = "https://vega.github.io/schema/vega-lite/v6.json"
    return whole


def _colour(found: re.Match[str]) -> str:
    return ON_PAPER[found[1]]
