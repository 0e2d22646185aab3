"""The table of tokens by model and type: what was read, written, cached, and what it came to."""

from __future__ import annotations

from dataclasses import dataclass, field

from steelyard.metrics.answer import Answer
from steelyard.web import words
from steelyard.web.answers import lines
from steelyard.web.formats import UNKNOWN, count, money
from steelyard.web.table import Cell, Grid, Head, Row


@dataclass
class _Model:
    """One model's row while it is being put together."""

    tokens: dict[str, float | None] = field(default_factory=dict)
    spend: list[float | None] = field(default_factory=list)

    @property
    def all(self) -> float:
        return sum(number or 0.0 for number in self.tokens.values())


def token_types(answer: Answer) -> Grid:
    """A model a row, a token type a column, the most used first."""
    models: dict[str, _Model] = {}
    for line in lines(answer):
        model = models.setdefault(line.names["model"], _Model())
        model.tokens[line.names["token_type"]] = line.number("tokens")
        model.spend.append(line.number("spend_usd"))
    kinds = [kind for kind in words.TOKEN_TYPES if any(m.tokens.get(kind) for m in models.values())]
    names = sorted(models, key=lambda name: -models[name].all)
    labels = ["Model", *(words.TOKEN_TYPES[kind] for kind in kinds), "All tokens", "Spend"]
    return Grid(
        caption="Tokens by model and type",
        heads=tuple(map(Head, labels)),
        rows=tuple(_row(name, models[name], kinds) for name in names),
    )


def _row(name: str, model: _Model, kinds: list[str]) -> Row:
    cells = [_count(model.tokens.get(kind, 0.0)) for kind in kinds]
    return Row(words.value("model", name), (*cells, _count(model.all), _spend(model.spend)))


def _count(number: float | None) -> Cell:
    return Cell(UNKNOWN, False) if number is None else Cell(count(number))


def _spend(parts: list[float | None]) -> Cell:
    """A floor where the price of some type is not known."""
    known = [part for part in parts if part is not None]
    if not known:
        return Cell(UNKNOWN, False)
    return Cell(("≥ " if len(known) < len(parts) else "") + money(sum(known)))
