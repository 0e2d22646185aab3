"""The web application: routes, guards and headers put together. Knows no address to listen on."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.types import Lifespan

from steelyard import __version__
from steelyard.currency import show_in
from steelyard.web import api, chart, frame, pages, problems
from steelyard.web.access import Gate
from steelyard.web.assets import FOREVER, Assets
from steelyard.web.doorman import Doorman
from steelyard.web.headers import SafeHeaders
from steelyard.web.services import Services


def create_app(
    services: Services, doorman: Doorman | None = None, *, hosts: Iterable[str] = ()
) -> FastAPI:
    """The application. Without a doorman who asks to sign in it answers to loopback names only.

    `hosts` are more names it answers to, such as that of a proxy on this machine.
    """
    doorman = doorman or Doorman()
    show_in(services.settings.shown_currency)
    assets = Assets(services.cache)
    app = FastAPI(
        title="Steelyard",
        version=__version__,
        description="What AI coding assistants cost and return. Every number with its evidence.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=_warm(assets),
    )
    built = frame.build(services, assets, doorman)
    app.include_router(api.router(services))
    app.include_router(pages.router(built))
    _serve_assets(app, assets)
    answer = problems.answering(frame.problem_page(built))
    problems.install(app, answer)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
    names = frozenset(map(str.lower, hosts))
    app.add_middleware(Gate, doorman=doorman, hosts=names, answer=answer)
    app.add_middleware(SafeHeaders)
    return app


def _serve_assets(app: FastAPI, assets: Assets) -> None:
    @app.get("/static/{name}", include_in_schema=False)
    def static(name: str, request: Request) -> Response:
        asset = assets.find(name)
        if asset is None:
            raise HTTPException(404)
        headers = {"Cache-Control": FOREVER, "Vary": "Accept-Encoding"}
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(asset.plain(), headers=headers, media_type=asset.content_type)
        headers["Content-Encoding"] = "gzip"
        return Response(asset.packed, headers=headers, media_type=asset.content_type)


def _warm(assets: Assets) -> Lifespan[FastAPI]:
    """Builds the chart and the Vega bundle beside the start, so that no reader waits for them."""

    def build() -> None:
        chart.warm()
        assets.vega()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        threading.Thread(target=build, name="steelyard-assets", daemon=True).start()
        yield

    return lifespan
