"""How help looks: one sentence, options in their groups, examples last.

Plain text instead of Typer's rich panels, because drawing those costs as much as everything else
`--help` does.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from typer.core import TyperCommand, TyperGroup

# Headings of the commands, in the order of a newcomer's steps.
RUN, IN, ASK, KEEP = "Run", "Bring data in", "Ask", "Look after"
_ORDER = (RUN, IN, ASK, KEEP)


def examples(*lines: str) -> str:
    """The epilog of a command: lines to copy. The leading backspace keeps their breaks."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


class Command(TyperCommand):
    """A command whose options stand under the heading of their `rich_help_panel`."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        _write_parameters(self, ctx, formatter)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        _write_epilog(self.epilog, formatter)


class Group(TyperGroup):
    """A group whose commands stand under the heading of their `rich_help_panel`."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        self.format_commands(ctx, formatter)
        _write_parameters(self, ctx, formatter)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        rows = (
            (_panel(command, "Commands"), (name, command.get_short_help_str(limit=80)))
            for name, command in self.commands.items()
            if not command.hidden
        )
        _write_groups(rows, formatter)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        _write_epilog(self.epilog, formatter)


def _write_parameters(command: Any, ctx: Any, formatter: Any) -> None:
    rows = []
    for parameter in command.get_params(ctx):
        record = parameter.get_help_record(ctx)
        if record:
            usual = "Options" if parameter.param_type_name == "option" else "Arguments"
            rows.append((_panel(parameter, usual), record))
    _write_groups(rows, formatter)


def _write_groups(rows: Iterable[tuple[str, tuple[str, str]]], formatter: Any) -> None:
    groups: dict[str, list[tuple[str, str]]] = {}
    for heading, row in rows:
        groups.setdefault(heading, []).append(row)
    for heading in sorted(groups, key=_rank):
        with formatter.section(heading):
            formatter.write_dl(groups[heading])


def _rank(heading: str) -> int:
    """Commands in their order, then what a command has of its own, then what all have."""
    if heading in _ORDER:
        return _ORDER.index(heading)
    return len(_ORDER) + (heading == "Where") + 2 * (heading == "Options")


def _write_epilog(text: str | None, formatter: Any) -> None:
    if text:
        formatter.write_paragraph()
        formatter.write_text(text)


def _panel(item: Any, usual: str) -> str:
    panel = getattr(item, "rich_help_panel", None)
    return panel if isinstance(panel, str) else usual
