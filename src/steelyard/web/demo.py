"""The demo company on pages: the two buttons, what is said of it, and the truth beside a study."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from steelyard.impact.analysed import Analysed
from steelyard.impact.verdict import figure
from steelyard.web.frame import Pages
from steelyard.web.services import Status

STAGES = {
    "loading": "The demo company is being loaded. Pages fill while this goes on.",
    "removing": "The demo company is being removed.",
    "interrupted": "Loading the demo company was interrupted. Remove it, then load it again.",
    "loaded": "Everything these pages show, but what came in since, is made up.",
}
BUSY = ("loading", "removing")


def add_demo(routes: APIRouter, pages: Pages) -> None:
    """Both forms answer at once; the work goes on beside, and Get started shows how far it is."""
    services = pages.services

    @routes.post("/demo/load")
    def load() -> Response:
        services.demo_load()
        return RedirectResponse("/get-started#demo", 303)

    @routes.post("/demo/remove")
    def remove() -> Response:
        services.demo_remove()
        return RedirectResponse("/get-started#demo", 303)


def context(status: Status) -> dict[str, object]:
    """What Get started says of it; `offered` only where nothing has come in yet."""
    untouched = not (status.has_data or status.people or status.inbox.received)
    return {
        "here": status.demo,
        "said": STAGES.get(status.demo_stage, ""),
        "trouble": status.demo_trouble,
        "busy": status.demo_stage in BUSY,
        "offered": untouched and not status.demo,
    }


def built_in(found: Analysed, status: Status) -> str:
    """The effect that was built into the demo's study beside the estimate; '' for any other."""
    name = found.plan.name
    if name not in status.demo_effects:
        return ""
    true = status.demo_effects[name]
    said = f"Built into the demo: {figure(true)} %." if true else "Built into the demo: no effect."
    headline = found.analysis.headline if found.analysis else None
    if headline is None or headline.effect_pct is None:
        return said
    estimate = f"The estimate is {figure(headline.effect_pct)} %"
    low, high = headline.ci_pct
    if low is None or high is None:
        return f"{said} {estimate}."
    inside = "holds" if low <= true <= high else "misses, as one in twenty does,"
    ends = f"{figure(low)} to {figure(high)} %"
    return f"{said} {estimate}; its 95 % interval, {ends}, {inside} the truth."
