"""Do list price, clients and bills agree? The three side by side, never added.

Seat plans are billed by the seat, so there the bill and the list price need not agree.
"""

from __future__ import annotations

from steelyard.metrics.catalogue import metric
from steelyard.metrics.catalogue.spend import NANOS_PER_USD
from steelyard.metrics.questions.asking import Asking
from steelyard.metrics.questions.panel import TOTAL, Panel, PanelColumn, Row
from steelyard.metrics.questions.wording import figure
from steelyard.metrics.reconciliation import reconcile

METRICS = ("spend_usd", "spend_reported_usd", "spend_billed_usd")
BY = "assistant"
_LABELS = ("list price", "reported by clients", "billed")
_NOTES = (
    "List price is tokens times the dated price; clients use prices built into them.",
    "A bill covers whom no telemetry comes from, too, and seat plans are billed by the seat.",
    "Unknown is not 0: an assistant without a bill may be paid elsewhere.",
)


def answer(asking: Asking) -> tuple[str, list[Panel | None]]:
    """The sentence, and the panels."""
    whole = _figures(asking).get((), (None, None, None))
    panels: list[Panel | None] = [
        _gap_panel(asking),
        *(_panel(asking, by, whole) for by in ("assistant", "month")),
    ]
    return _sentence(whole), panels


def _figures(asking: Asking, *by: str) -> dict[tuple[object, ...], tuple[float | None, ...]]:
    """Each of the three at each value of the dimension; None where it is unknown."""
    names = [name for name in METRICS if asking.carries(name, *by)]
    found: dict[tuple[object, ...], tuple[float | None, ...]] = {}
    rows = asking.evaluated(tuple(metric(name).formula for name in names), *by)
    for key, values in rows.items():
        said = dict(zip(names, values, strict=True))
        found[tuple(key)] = tuple(said.get(name) for name in METRICS)
    return found


def _panel(asking: Asking, by: str, whole: tuple[float | None, ...]) -> Panel:
    found = sorted(_figures(asking, by).items(), key=lambda item: str(item[0][0]))
    return Panel(
        f"by_{by}",
        f"{_gap(whole)}, by {by}",
        "Spend of the same days by three witnesses",
        (
            PanelColumn(by, by, "group"),
            *(
                PanelColumn(name, label, "value" if at == 0 else "count", "USD", name)
                for at, (name, label) in enumerate(zip(METRICS, _LABELS, strict=True))
            ),
            PanelColumn("reported_over_list", "reported over list", "count", "share"),
            PanelColumn("billed_over_list", "billed over list", "count", "share"),
        ),
        tuple(_row(_label(by, key[0]), values) for key, values in found),
        total=_row(TOTAL, whole) if found else None,
        metrics=METRICS,
        notes=_NOTES,
    )


def _gap_panel(asking: Asking) -> Panel | None:
    """From list price to the bill in named parts; for everybody only, as bills name few people."""
    if asking.filtered:
        return None
    found = reconcile(asking.store, *asking.days)
    if found.billed_nanos is None:
        return None
    rows: tuple[Row, ...] = (
        ("list price of what telemetry saw", _usd(found.seen_nanos), ""),
        *((part.sentence, _usd(part.nanos), part.reason) for part in found.parts),
    )
    left = next(part.nanos for part in found.parts if part.name == "unexplained")
    return Panel(
        "from_list_to_bill",
        f"Of a gap of {figure(_usd(found.gap_nanos), 'USD')} to the bills "
        f"{figure(_usd(left), 'USD')} is left unexplained",
        "From list price to the bill, in parts that sum to it exactly",
        (
            PanelColumn("part", "part", "group"),
            PanelColumn("usd", "US dollars", "value", "USD"),
            PanelColumn("note", "", "note"),
        ),
        rows,
        total=("billed", _usd(found.billed_nanos), ""),
        notes=found.notes,
    )


def _usd(nanos: int | None) -> float | None:
    return None if nanos is None else nanos / NANOS_PER_USD


def _label(by: str, value: object) -> str:
    text = str(value)
    return text[:7] if by == "month" else text or f"{by} not said"


def _row(label: str, values: tuple[float | None, ...]) -> Row:
    listed, reported, billed = values
    return (label, *values, _over(reported, listed), _over(billed, listed))


def _over(value: float | None, listed: float | None) -> float | None:
    return value / listed if value is not None and listed else None


def _gap(whole: tuple[float | None, ...]) -> str:
    listed, reported, billed = whole
    other, what = (billed, "Bills are") if billed is not None else (reported, "Clients reported")
    if listed is None or other is None or not listed:
        return "There are no two witnesses to compare"
    return f"{what} {figure(other / listed, 'share')} of list price"


def _sentence(whole: tuple[float | None, ...]) -> str:
    said = [
        f"{figure(value, 'USD')} {how}"
        for value, how in zip(
            whole, ("at list price", "as clients reported it", "as vendors billed it"), strict=True
        )
        if value is not None
    ]
    if not said:
        return "No spend is known for this period, from any witness."
    listed = said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"
    missing = "" if whole[2] is not None else " No bill is connected, so that is all there is."
    return f"The same use is {listed}.{missing}"
