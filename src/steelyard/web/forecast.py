"""The forecast of the month's spend as a tile: the figure, its limits, what is spent so far."""

from __future__ import annotations

from steelyard.errors import UsageError
from steelyard.metrics import forecast
from steelyard.web import asking
from steelyard.web.formats import UNKNOWN, money, short_money
from steelyard.web.services import Services
from steelyard.web.tiles import Tile
from steelyard.web.view import View


def forecast_tile(services: Services, view: View) -> list[Tile]:
    """Of the month that today is in, under the page's filters; its period does not matter."""
    today = services.today()
    label = f"{today:%B} forecast"
    if not asking.fitting(("spend_usd",), ("day", *view.where)):
        return [_unknown(label, "cannot be filtered so")]
    try:
        answer = services.ask(forecast.question(today, view.where))
    except UsageError as error:
        return [_unknown(label, error.message)]
    found = forecast.of_answer(answer, today)
    if found.value is None or found.low is None or found.high is None:
        return [_unknown(label, found.why)]
    floor = "≥ " if any(note.code == "unknown_price" for note in answer.warnings) else ""
    limits = f"{short_money(found.low)} – {short_money(found.high)} (90%)"
    note = f"{limits}, {short_money(found.spent)} so far"
    text = floor + short_money(found.value)
    return [Tile("", label, text, money(found.value), True, "", "", note, None, 1)]


def _unknown(label: str, why: str) -> Tile:
    return Tile("", label, UNKNOWN, "", False, "", "", why, None, 1)
