"""The explorer of Sessions: the rows this viewer may see, as a table, JSON and files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from steelyard.errors import UsageError
from steelyard.metrics.session_rows import MOST_ROWS, SessionRow, SessionRows, SessionTerms
from steelyard.web import words
from steelyard.web.formats import count, minutes, money, short_count
from steelyard.web.services import Services
from steelyard.web.table import ROWS_SHOWN, Cell, Grid, Head, Row, bar
from steelyard.web.view import View

PATH = "/sessions"
MOST_SHOWN = 1_000  # rows of a page once more than the first are wished for
FIRST = 20  # rows of what cost most
# A file's columns, in its order.
COLUMNS: tuple[str, ...] = (
    "session",
    "began",
    "person",
    "assistant",
    "models",
    "repo",
    "minutes",
    "prompts",
)
COLUMNS += ("tool_calls", "spend_usd", "spend_per_tool_call", "tokens", "context_tokens_max")
COLUMNS += ("session_size", "session_duration", "accepted", "rejected", "api_errors", "commits")
COLUMNS += ("stuck", "why_stuck")
# Heading, what it sorts by, its definition.
HEADS: tuple[tuple[str, str, str], ...] = (
    ("Minutes", "minutes", "From the first to the last sign of work, breaks included."),
    ("Prompts", "prompts", "Prompts by people."),
    ("Tool calls", "tool_calls", "Tools run by the assistant."),
    ("Cost", "spend_usd", "At list price."),
    ("Cost per tool call", "spend_per_tool_call", "At list price."),
    ("Largest context", "context", "Tokens of the largest single context."),
    ("Accepted", "accepted", "Edits a person was asked about and accepted."),
    ("Rejected", "rejected", "What a person was asked about and rejected, any tool."),
    ("API errors", "api_errors", "Calls to a model that failed for good."),
    ("Commits", "commits", "As clients count them."),
)


@dataclass(frozen=True)
class Explorer:
    """The table, or `why` there is none. `shown` says which of all are here, `only_own` that just
    the viewer's own are, `in_files` how many the files hold; `pages` are links to other pages."""

    grid: Grid | None = None
    total: int = 0
    why: str = ""
    only_own: bool = False
    shown: str = ""
    in_files: int = 0
    pages: tuple[tuple[str, str], ...] = ()

    @property
    def show_all(self) -> str:
        """What a link to longer pages promises."""
        return "Show all" if self.total <= MOST_SHOWN else f"Show {count(MOST_SHOWN)} at a time"


def explorer(services: Services, view: View) -> Explorer:
    """The sessions of the view, as far as they may be seen."""
    size = page_size(view)
    try:
        found = services.session_list(_terms(view, size, size * (view.page - 1)))
    except UsageError as error:  # what this viewer may not see, or filters that do not apply
        return Explorer(why=f"{error.message} {error.hint}".strip())
    if not found.total and view.page > 1:
        return Explorer(why="No session stands on this page.", pages=_pages(view, 1))
    if not found.total:
        return Explorer(why="No session of this period is here to see.")
    first = size * (view.page - 1) + 1
    last = first + len(found.rows) - 1
    return Explorer(
        _grid(view, found),
        found.total,
        only_own=not services.sight.names_people,
        shown=f"{count(first)} to {count(last)}" if found.total > size else "",
        in_files=min(found.total, MOST_ROWS),
        pages=_pages(view, found.total),
    )


def page_size(view: View) -> int:
    return MOST_SHOWN if view.whole else ROWS_SHOWN


def _pages(view: View, total: int) -> tuple[tuple[str, str], ...]:
    """Links to the neighbouring pages and to both ends, where there are such."""
    last = -(-total // page_size(view))
    wanted = {"First": 1, "Previous": view.page - 1, "Next": view.page + 1, "Last": last}
    return tuple(
        (f"{name} page", f"{replace(view, page=page).url(PATH)}#explorer")
        for name, page in wanted.items()
        if 0 < page <= last and page != view.page
    )


def most_costly(services: Services, view: View) -> Grid | None:
    """The sessions that cost most, with what a tool call cost; None where none may be seen."""
    top = replace(view, sort="-spend_usd", whole=False, page=1)
    try:
        found = services.session_list(_terms(top, FIRST))
    except UsageError:
        return None
    return replace(_grid(top, found), caption="The dearest sessions") if found.total else None


def rows(services: Services, view: View) -> list[dict[str, Any]]:
    """The same rows as plain values, as many as a file holds. Raises NotShown."""
    found = services.session_list(_terms(view, MOST_ROWS))
    return [{name: _plain(row, name) for name in COLUMNS} for row in found.rows]


def _plain(row: SessionRow, name: str) -> Any:
    value = getattr(row, name)
    if isinstance(value, tuple):
        return ", ".join(value)
    return value.isoformat(sep=" ") if name == "began" and value else value


def _terms(view: View, limit: int, offset: int = 0) -> SessionTerms:
    sort = view.sort or "-time"
    name, down = sort.removeprefix("-"), sort.startswith("-")
    days = (view.period.start, view.period.end)
    return SessionTerms(*days, view.where, name, down, limit, offset)


def _grid(view: View, found: SessionRows) -> Grid:
    people = len({row.person for row in found.rows}) > 1 and "person" not in view.where
    costs = [row.spend_usd or 0.0 for row in found.rows]
    largest = max(costs, default=0.0)
    heads = [_head(view, "Began (UTC)", "time", "")]
    heads += [Head("Person", left=True)] if people else []
    heads += [Head(label, left=True) for label in ("Assistant", "Models", "Repository")]
    heads += [_head(view, *each) for each in HEADS]
    heads += [replace(_head(view, "Stuck", "stuck", STUCK), left=True)]
    shown = tuple(_row(view, row, people, largest) for row in found.rows)
    everything = "" if view.whole else f"{replace(view, whole=True, page=1).url(PATH)}#explorer"
    hidden = found.total - len(shown)
    return Grid("Sessions", tuple(heads), shown, hidden=hidden, everything=everything)


STUCK = (
    "Over 30 minutes without commit or accepted edit, more than 10 rejections, or more than 3"
    " API errors."
)


def _head(view: View, label: str, sort: str, title: str) -> Head:
    now = view.sort or "-time"
    chosen = now.removeprefix("-") == sort
    state = ("descending" if now.startswith("-") else "ascending") if chosen else ""
    return Head(label, f"{view.sorted_by(sort).url(PATH)}#explorer", state, title)


def _row(view: View, row: SessionRow, people: bool, largest: float) -> Row:
    began = f"{row.began:%Y-%m-%d %H:%M}" if row.began else row.day.isoformat()
    said = [row.person or words.value("person", "")] if people else []
    said += [words.value("assistant", row.assistant), _models(row.models)]
    said += [words.value("repo", row.repo)]
    cells = [Cell(text, left=True) for text in said]
    cells += [_number(row.minutes, minutes), *map(_count, (row.prompts, row.tool_calls))]
    cells += [replace(_number(row.spend_usd, money), bar=bar(row.spend_usd, largest))]
    cells += [_number(row.spend_per_tool_call, money), _number(row.context_tokens_max, short_count)]
    cells += map(_count, (row.accepted, row.rejected, row.api_errors, row.commits))
    stuck = "; ".join(row.why_stuck) or ("no" if row.stuck is not None else "–")
    plain = replace(view, where={}, sort="", whole=False, page=1)
    url = plain.url(f"{PATH}/{quote(row.session, safe='')}")
    hint = f"Session {row.session}"
    return Row(began, (*cells, Cell(stuck, row.stuck is not None, left=True)), url, hint)


def _models(models: tuple[str, ...]) -> str:
    first, *others = models or (words.value("model", ""),)
    return f"{first} +{len(others)}" if others else first


def _number(number: float | None, written: Callable[[float], str]) -> Cell:
    return Cell("–", False) if number is None else Cell(written(number))


def _count(number: int) -> Cell:
    return Cell(count(number))
