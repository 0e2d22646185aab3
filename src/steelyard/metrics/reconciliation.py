"""From list price to the bill, over the same days: the gap in named parts that sum to it exactly.

Reported, list and billed are three witnesses of one thing and are never added. A part that cannot
be told is None with the reason, and what it would have held lies in `unexplained`.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from steelyard.metrics.billed import (
    Bill,
    Use,
    read_bills,
    read_reported,
    read_use,
    valued_counts,
)
from steelyard.metrics.store import Store

DIMENSIONS = ("assistant", "provider", "model", "workspace")
WITH_TELEMETRY = ("claude-code", "codex", "gemini-cli")
# Kinds of cost that are charged by the token; all others are billed beside the tokens.
BY_TOKENS = ("tokens", "usage", "")

PARTS: Mapping[str, str] = {
    "unseen_usage": "use that vendors counted and telemetry never saw, at list price",
    "products_without_telemetry": "bills of chat, API workspaces and other products",
    "separately_billed": "seats, credits, web search and what else is not charged by the token",
    "usage_without_bill": "use at list price that no bill covers: plans, other payers, other days",
    "models_without_price": "bills of models that no list price is known for",
    "not_final": "days whose bill the vendor may still revise",
    "price_difference": "discounts and other prices than list, on the tokens the vendor counted",
    "unexplained": "what is left",
}
_NO_BILL = "No bill in US dollars covers these days."
_NO_COUNTS = "No vendor's count covers these days."
_NO_MODELS = "No bill that may no longer change names the models whose price is unknown."
_NO_TOKENS = "The vendor's tokens are not known, so price and amount cannot be told apart."
SPREAD = "Lines that cover several days are spread evenly over them: part of a month is its share."


@dataclass(frozen=True)
class Part:
    """One named part of the gap in nano-dollars; None is unknown, and `reason` says why."""

    name: str
    nanos: int | None
    reason: str = ""

    @property
    def sentence(self) -> str:
        return PARTS[self.name]


@dataclass(frozen=True)
class Side:
    """The three faces of cost of one assistant, provider, model or workspace."""

    value: str
    reported_nanos: int | None = None
    list_nanos: int | None = None
    billed_nanos: int | None = None


@dataclass(frozen=True)
class Reconciliation:
    """All in nano-dollars. `list_nanos` is the ledger's, of which telemetry saw `seen_nanos`.

    `gap_nanos` is billed minus seen; the known parts sum to it. Without a bill it is None.
    """

    start: dt.date
    end: dt.date
    reported_nanos: int | None
    seen_nanos: int | None
    list_nanos: int | None
    billed_nanos: int | None
    parts: tuple[Part, ...]
    separately: Mapping[str, int]
    by: Mapping[str, tuple[Side, ...]]
    notes: tuple[str, ...]

    @property
    def gap_nanos(self) -> int | None:
        return None if self.billed_nanos is None else self.billed_nanos - (self.seen_nanos or 0)


@dataclass(frozen=True)
class _Cell:
    """What is compared: an assistant's model ('' for what bills do not say), settled or not."""

    assistant: str
    model: str
    final: bool


def reconcile(store: Store, start: dt.date, end: dt.date) -> Reconciliation:
    """Compare list price and bills from `start` to `end`, both included."""
    bills, use = read_bills(store, start, end), read_use(store, start, end)
    reported = read_reported(store, start, end)
    dollars = [bill for bill in bills if bill.usd_nanos is not None]
    listed = [row.list_nanos for row in use if row.list_nanos is not None]
    seen = [r.list_nanos for r in use if r.list_nanos is not None and not r.by_vendor]
    separately = _separately(dollars, use)
    if dollars:
        parts = _parts(dollars, use, separately, valued_counts(store, start, end))
    else:
        parts = _without_bill(use)
    return Reconciliation(
        start,
        end,
        sum(row.nanos for row in reported) if reported else None,
        sum(seen) if seen else None,
        sum(listed) if listed else None,
        sum(bill.usd_nanos or 0 for bill in dollars) if dollars else None,
        parts,
        separately,
        {name: _sides(name, reported, use, dollars) for name in DIMENSIONS},
        tuple(_notes(bills, use)),
    )


def _parts(
    bills: list[Bill],
    use: list[Use],
    separately: Mapping[str, int],
    counts: Mapping[tuple[dt.date, str, str], int | None],
) -> tuple[Part, ...]:
    """Every nano of bills and of list price goes to exactly one part."""
    sums: dict[str, int] = dict.fromkeys(PARTS, 0)
    sums["unseen_usage"] = sum(row.list_nanos or 0 for row in use if row.by_vendor)
    sums["separately_billed"] = sum(separately.values())
    tokens = [bill for bill in bills if bill.cost_type in BY_TOKENS]
    for bill in tokens:
        if _elsewhere(bill):
            sums["products_without_telemetry"] += bill.usd_nanos or 0
    _compare([b for b in tokens if not _elsewhere(b)], _by_tokens(use, separately), counts, sums)
    return tuple(_told(name, nanos, use, sums) for name, nanos in sums.items())


def _elsewhere(bill: Bill) -> bool:
    return bill.assistant not in ("", *WITH_TELEMETRY)


def _separately(bills: list[Bill], use: list[Use]) -> dict[str, int]:
    """What is not charged by the token, by kind of cost, less what the list already holds of it."""
    found: dict[str, int] = defaultdict(int)
    for bill in bills:
        if bill.cost_type not in BY_TOKENS:
            found[bill.cost_type] += bill.usd_nanos or 0
    if "web_search" in found:
        found["web_search"] -= sum(r.list_nanos or 0 for r in use if r.is_search)
    return dict(found)


def _by_tokens(use: list[Use], separately: Mapping[str, int]) -> list[Use]:
    """Use to lay beside bills by the token; searches only when no bill names them."""
    return [row for row in use if not (row.is_search and "web_search" in separately)]


def _compare(
    bills: list[Bill],
    use: list[Use],
    counts: Mapping[tuple[dt.date, str, str], int | None],
    sums: dict[str, int],
) -> None:
    """Cell by cell, what is billed minus what is listed, into the part that explains it."""
    cover = _Cover(bills)
    billed: dict[_Cell, int] = defaultdict(int)
    listed: dict[_Cell, int] = defaultdict(int)
    counted: dict[_Cell, list[int | None]] = defaultdict(list)
    unpriced: set[_Cell] = set()
    for bill in bills:
        billed[cover.of_bill(bill)] += bill.usd_nanos or 0
    for row in use:
        cell = cover.of_use(row)
        if cell is None:
            sums["usage_without_bill"] -= row.list_nanos or 0
            continue
        listed[cell] += row.list_nanos or 0
        if row.unpriced_tokens:
            unpriced.add(cell)
    for (day, assistant, model), nanos in counts.items():
        if cell := cover.of_use(Use(day, assistant, "", model)):
            counted[cell].append(nanos)
    for cell in billed.keys() | listed.keys():
        known = [nanos for nanos in counted[cell] if nanos is not None]
        whole = bool(known) and len(known) == len(counted[cell])
        _explain(cell, billed[cell], listed[cell], cell in unpriced, sum(known), whole, sums)


def _explain(
    cell: _Cell,
    billed: int,
    listed: int,
    unpriced: bool,
    counted: int,
    is_counted: bool,
    sums: dict[str, int],
) -> None:
    if not cell.final:
        sums["not_final"] += billed - listed
    elif unpriced and cell.model:
        sums["models_without_price"] += billed - listed
    elif is_counted:
        sums["price_difference"] += billed - counted
        sums["unexplained"] += counted - listed
    else:
        sums["unexplained"] += billed - listed


class _Cover:
    """Which bills speak of which use: by assistant, provider, model and day."""

    def __init__(self, bills: list[Bill]) -> None:
        self.models = {(bill.assistant, bill.model) for bill in bills}
        self.open = {(bill.assistant, bill.day) for bill in bills if not bill.final}
        self.days: dict[str, list[dt.date]] = defaultdict(list)
        self.providers: dict[str, set[str]] = defaultdict(set)
        for bill in bills:
            self.days[bill.assistant].append(bill.day)
            self.providers[bill.assistant].add(bill.provider)
        self.days = {name: [min(days), max(days)] for name, days in self.days.items()}

    def of_bill(self, bill: Bill) -> _Cell:
        final = (bill.assistant, bill.day) not in self.open
        return _Cell(bill.assistant, bill.model, final)

    def of_use(self, row: Use) -> _Cell | None:
        """The cell of bills that covers the use; None where none does."""
        for assistant in (row.assistant, ""):
            if not self._covers(assistant, row):
                continue
            for model in (row.model, ""):
                if (assistant, model) in self.models:
                    return _Cell(assistant, model, (assistant, row.day) not in self.open)
        return None

    def _covers(self, assistant: str, row: Use) -> bool:
        days, providers = self.days.get(assistant), self.providers.get(assistant, set())
        if not days or not days[0] <= row.day <= days[1]:
            return False
        return not row.provider or "" in providers or row.provider in providers


def _told(name: str, nanos: int, use: list[Use], sums: Mapping[str, int]) -> Part:
    """A part of zero is unknown when nothing could have filled it."""
    if name == "unseen_usage" and not any(row.by_vendor or row.vendor_was_there for row in use):
        return Part(name, None, _NO_COUNTS)
    if name == "price_difference" and not nanos and sums["unexplained"]:
        return Part(name, None, _NO_TOKENS)
    if name == "models_without_price" and not nanos and any(row.unpriced_tokens for row in use):
        return Part(name, None, _NO_MODELS)
    return Part(name, nanos)


def _without_bill(use: list[Use]) -> tuple[Part, ...]:
    unseen = _told(
        "unseen_usage", sum(row.list_nanos or 0 for row in use if row.by_vendor), use, {}
    )
    return (unseen, *(Part(name, None, _NO_BILL) for name in PARTS if name != unseen.name))


def _sides(
    name: str, reported: Iterable[Use], use: Iterable[Use], bills: Iterable[Bill]
) -> tuple[Side, ...]:
    """The three faces by a dimension; telemetry knows no workspaces."""
    faces: dict[str, list[int | None]] = defaultdict(lambda: [None, None, None])
    told = [(row, 0, row.nanos) for row in reported] + [(row, 1, row.list_nanos) for row in use]
    for row, at, nanos in told:
        if nanos is not None and hasattr(row, name):
            faces[getattr(row, name)][at] = (faces[getattr(row, name)][at] or 0) + nanos
    for bill in bills:
        faces[getattr(bill, name)][2] = (faces[getattr(bill, name)][2] or 0) + (bill.usd_nanos or 0)
    return tuple(Side(value, *faces[value]) for value in sorted(faces))


def _notes(bills: list[Bill], use: list[Use]) -> Iterable[str]:
    if bills:
        yield SPREAD
    foreign = sorted({bill.currency for bill in bills if bill.usd_nanos is None})
    if foreign:
        yield f"Bills in {', '.join(foreign)} are not converted: they are missing here."
    kinds: dict[tuple[str, str, dt.date], set[str]] = defaultdict(set)
    for bill in bills:
        kinds[bill.provider, bill.assistant, bill.day].add(bill.source)
    if any(len(sources) > 1 for sources in kinds.values()):
        yield "Several sources bill the same assistant on the same days: all of them are added."
    unpriced = sum(row.unpriced_tokens for row in use)
    if unpriced:
        yield f"{unpriced:,} tokens have no list price: they are in no part but the bill's."
