"""How every chart looks: the style sheet's colours and type, drawn by Vega in a page or into files.

A chart's shape is static and says nothing of the data; datasets are filled in by whoever shows it.
"""

from __future__ import annotations

from typing import Any

# Vega measures labels with this font before the style sheet gives them the page's, which is alike.
FONT = "Inter, system-ui, Segoe UI, Roboto, Helvetica Neue, Arial, sans-serif"
TEXT = {"labelFont": FONT, "labelFontSize": 11.5, "labelColor": "var(--ink-3)"}
# What the style sheet's variables are in its light theme, for pictures outside of pages.
ON_PAPER = {
    "--panel": "#ffffff",
    "--line": "#e5e7ec",
    "--line-soft": "#eff0f3",
    "--ink": "#15171c",
    "--ink-2": "#545967",
    "--ink-3": "#676c7a",
    "--c1": "#3a5bd9",
    "--c2": "#0f9384",
    "--c3": "#d6921b",
    "--c4": "#8a49c4",
    "--c5": "#d8404c",
    "--grey": "#8d92a0",
    "--bar": "#c9d3f6",
}


def config() -> dict[str, Any]:
    """Vega-Lite's configuration of every chart."""
    return {
        "background": "transparent",
        "view": {"stroke": None},
        "axis": {**TEXT, "gridColor": "var(--line-soft)", "domainColor": "var(--line)"},
        "axisX": {"grid": False, "labelPadding": 7},
        "axisY": {"labelPadding": 8},
        "autosize": {"type": "fit", "contains": "padding", "resize": True},
    }


def plain(spec: dict[str, Any]) -> dict[str, Any]:
    """Without the schema's address: nothing is fetched and no hint is needed where it is."""
    spec.pop("$schema", None)
    return spec
