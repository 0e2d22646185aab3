"""The floor under groups: figures of fewer than five people are not shown, anywhere on a page.

Rows pass through here between an answer and whatever prints them, JSON and CSV included. It keeps
small groups off the page; it is no lock: who knows a total and all groups but one knows the last.
"""

from __future__ import annotations

from dataclasses import replace

from steelyard.web.answers import Line

FEWEST = 5
TOO_FEW = "fewer than 5 people"
SIZES = ("headcount", "active_people")  # every question behind a screened row asks for both


def screened(line: Line, open_to_all: bool) -> Line:
    """The row, without its figures where the group is too small; `open_to_all` lifts the floor."""
    size = max(line.number(name) or 0.0 for name in SIZES)
    return line if open_to_all or size >= FEWEST else replace(line, now={}, before={})


def is_hidden(line: Line) -> bool:
    """Whether the floor took the figures away; unknown ones are None and still there."""
    return not line.now
