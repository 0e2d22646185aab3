"""The JSON API: the same questions as everywhere, in JSON, CSV or Parquet. Nothing but parsing.

Answers and definitions are those of `metrics`; the shape of the status is fixed here.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, Response

from steelyard.errors import StoreError
from steelyard.metrics import CATALOGUE, DIMENSIONS, Answer, Question, describe
from steelyard.metrics.question import parse_pairs
from steelyard.web import start
from steelyard.web.services import Services, Status

PARQUET = "application/vnd.apache.parquet"
CSV = "text/csv; charset=utf-8"
Format = Literal["json", "csv", "parquet"]
Text = Annotated[str | None, Query()]
ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "hint"],
            "properties": {name: {"type": "string"} for name in ("code", "message", "hint")},
        }
    },
}
_OBJECTS = {"type": "array", "items": {"type": "object"}}
ANSWER = {
    "type": "object",
    "required": ["question", "rows", "as_of", "coverage", "warnings"],
    "properties": {
        "question": {"type": "object"},
        "rows": {**_OBJECTS, "description": "A value per dimension and metric; null is unknown."},
        "as_of": {"type": "string", "format": "date-time"},
        "coverage": {"type": "object"},
        "warnings": _OBJECTS,
    },
}
ERRORS: dict[int | str, dict[str, Any]] = {
    400: {
        "description": "The question cannot be answered; the hint names the nearest that can.",
        "content": {"application/json": {"schema": ERROR}},
    },
    403: {
        "description": "This may not be shown to whoever asks.",
        "content": {"application/json": {"schema": ERROR}},
    },
    401: {
        "description": "A token is needed, or this one may not read.",
        "content": {"application/json": {"schema": ERROR}},
    },
}
ANSWERED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The answer.",
        "content": {
            "application/json": {"schema": ANSWER},
            CSV: {"schema": {"type": "string"}},
            PARQUET: {"schema": {"type": "string", "format": "binary"}},
        },
    },
    **ERRORS,
}
FILTERS = {
    "name": "where",
    "in": "query",
    "style": "form",
    "explode": True,
    "description": "Filters, one parameter per value: `where.team=payments`. Values of one"
    " dimension are alternatives, dimensions narrow each other.",
    "schema": {"type": "object", "additionalProperties": {"type": "string"}},
}
ASK_METRICS = "Names of metrics, separated by commas; /api/v1/metrics lists them."
NAMED_DAY = {"format": "date"}
PERIOD = "A period instead of dates: 7d, 4w, month or last-month."


def _listed(names: Iterable[str]) -> dict[str, Any]:
    """JSON Schema of some of these names, separated by commas."""
    one = f"({'|'.join(names)})"
    return {"pattern": f"^{one}(,{one})*$"}


Metrics = Annotated[
    str,
    Query(
        description=ASK_METRICS,
        examples=["spend_usd,tokens"],
        json_schema_extra=_listed(CATALOGUE),
    ),
]
By = Annotated[
    str,
    Query(description="Dimensions, separated by commas.", json_schema_extra=_listed(DIMENSIONS)),
]
From = Annotated[
    str, Query(alias="from", description="First UTC day.", json_schema_extra=NAMED_DAY)
]
To = Annotated[str, Query(description="Last UTC day, included.", json_schema_extra=NAMED_DAY)]


def router(services: Services) -> APIRouter:
    """All of /api/v1, and the two probes."""
    api = APIRouter()

    @api.get(
        "/api/v1/ask", responses=ANSWERED, openapi_extra={"parameters": [FILTERS]}, tags=["numbers"]
    )
    def ask(
        request: Request,
        metrics: Metrics,
        by: By = "",
        from_: From = "",
        to: To = "",
        period: Annotated[str | None, Query(description=PERIOD)] = None,
        compare: Annotated[Literal["previous"] | None, Query()] = None,
        format: Annotated[Format, Query(description="How to answer.")] = "json",
    ) -> Response:
        """Answer a question: metrics, over UTC days, broken down and filtered."""
        return as_format(services.ask(_question(request, services.today())), format)

    @api.get("/api/v1/metrics", tags=["numbers"])
    def metrics() -> dict[str, Any]:
        """The catalogue: every metric with its definition."""
        return {"metrics": [describe(name) for name in CATALOGUE]}

    @api.get("/api/v1/metrics/{name}", responses=ERRORS, tags=["numbers"])
    def metric(name: str) -> dict[str, Any]:
        """One metric's definition."""
        return dict(describe(name))

    @api.get("/api/v1/status", tags=["server"])
    def status() -> dict[str, Any]:
        """The server: listeners, how far the inbox is, what was declined and why."""
        return status_json(services.status())

    @api.get("/healthz", tags=["server"])
    def healthz() -> dict[str, str]:
        """The process is up."""
        return {"status": "ok"}

    @api.get("/readyz", tags=["server"])
    def readyz() -> dict[str, Any]:
        """Telemetry is taken and applied; 503 while something keeps the server from it."""
        status = services.status()
        if status.trouble:
            raise StoreError(
                status.trouble, "The server tries again by itself; see /api/v1/status."
            )
        return {"status": "ok", "data_version": status.data_version}

    return api


def _question(request: Request, today: dt.date) -> Question:
    """All parameters but the format: an unknown one is refused, never ignored."""
    pairs = request.query_params.multi_items()
    return parse_pairs([(key, value) for key, value in pairs if key != "format"], today)


def as_format(answer: Answer, format: Format, name: str = "steelyard") -> Response:
    """The answer as a file of the format; CSV and Parquet are downloads."""
    if format == "json":
        return JSONResponse(answer.to_json())
    content, kind = (answer.csv(), CSV) if format == "csv" else (_parquet(answer), PARQUET)
    return Response(content, headers=download(f"{name}.{format}"), media_type=kind)


def download(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def _parquet(answer: Answer) -> bytes:
    with tempfile.TemporaryDirectory(prefix="steelyard-") as folder:
        path = Path(folder) / "answer.parquet"
        answer.parquet(path)
        return path.read_bytes()


def status_json(status: Status) -> dict[str, Any]:
    """Times are ISO 8601 in UTC; `change` differs when something arrived or was declined."""
    said: dict[str, Any] = {
        "version": status.version,
        "warehouse": status.warehouse,
        "data": status.data_folder,
        "listeners": [asdict(listener) for listener in status.listeners],
        "inbox": asdict(status.inbox),
        "receivers": [asdict(node) for node in status.nodes],
        "refusals": [asdict(refusal) for refusal in status.refusals],
        "set_aside": [asdict(aside) for aside in status.set_aside],
        "data_version": status.data_version,
        "refreshed_at": status.refreshed_at,
        "last_event": asdict(status.last_event) if status.last_event else None,
        "assistants": dict(status.assistants),
        "people": status.people,
        "demo": status.demo,
        "trouble": status.trouble,
        "change": start.change(status),
    }
    plain: dict[str, Any] = _plain(said)
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value
