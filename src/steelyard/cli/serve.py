"""`steelyard serve`: everything in one process tree, until it is told to stop."""

from __future__ import annotations

from typing import Annotated

import typer

from steelyard.cli import talk
from steelyard.cli.layout import examples
from steelyard.cli.options import Data, settings

EXAMPLES = examples(
    "steelyard serve",
    "steelyard serve --data ./data --web 127.0.0.1:8000",
    "steelyard serve --otlp-grpc ''  # without the gRPC receiver",
    "steelyard serve --role receiver  # telemetry only; with ClickHouse, in a folder of its own",
)
LISTENERS = "Listeners (an empty address is off)"


def serve(
    data: Data = None,
    web: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Pages and API. [default: 127.0.0.1:8480]",
            rich_help_panel=LISTENERS,
        ),
    ] = None,
    otlp_http: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Telemetry over HTTP. [default: 127.0.0.1:4318]",
            rich_help_panel=LISTENERS,
        ),
    ] = None,
    otlp_grpc: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Telemetry over gRPC. [default: 127.0.0.1:4317]",
            rich_help_panel=LISTENERS,
        ),
    ] = None,
    role: Annotated[
        str | None,
        typer.Option(
            metavar="ROLE",
            help="What this node does: receiver, worker, web or all. [default: all]",
        ),
    ] = None,
) -> None:
    """Receive telemetry and serve the pages, until it is told to stop."""
    found = settings(data, web=web, otlp_http=otlp_http, otlp_grpc=otlp_grpc, role=role)
    from steelyard import app

    app.serve(found, talk.say)
