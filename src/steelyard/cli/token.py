"""`steelyard token`: what clients send to be let in; a secret is shown once, kept as a hash."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from steelyard.cli import talk
from steelyard.cli.layout import examples
from steelyard.cli.options import Data, Format
from steelyard.errors import BadValue, UnknownName

if TYPE_CHECKING:
    from steelyard.state.tokens import Tokens

CREATE_EXAMPLES = examples(
    "steelyard token create laptops", "steelyard token create grafana --scope read --days 90"
)
LIST_EXAMPLES = examples("steelyard token list", "steelyard token list --format json")
REVOKE_EXAMPLES = examples(
    "steelyard token list  # shows the ids",
    "steelyard token revoke 1f0c2b",
    "steelyard token revoke 1f0c2b --data ./data",
)
SCOPES = ("ingest", "read", "admin")


def create(
    name: Annotated[str, typer.Argument(help="What it is for; shown in the list.")],
    scope: Annotated[
        list[str],
        typer.Option(
            metavar="SCOPE",
            help="ingest (send telemetry), read (ask) or admin; may be given again.",
            rich_help_panel="What",
        ),
    ] = ["ingest"],  # noqa: B006
    days: Annotated[
        int | None,
        typer.Option(min=1, help="Days until it expires; left out, never.", rich_help_panel="What"),
    ] = None,
    data: Data = None,
    format: Format = "table",
) -> None:
    """Make a token. Its secret is printed now and never again."""
    for each in scope:
        if each not in SCOPES:
            raise UnknownName("scope", each, SCOPES, f"Known: {', '.join(SCOPES)}.")
    expires = dt.datetime.now(dt.UTC) + dt.timedelta(days) if days else None
    identifier, secret = _tokens(data).create(name, scope, expires)
    if format == "json":
        talk.print_json({"id": identifier, "name": name, "scopes": scope, "secret": secret})
        return
    talk.say(f"Token {identifier} ({', '.join(scope)}). This is the only time its secret is shown:")
    print(secret)


def list_tokens(data: Data = None, format: Format = "table") -> None:
    """List the tokens, without their secrets."""
    found = _tokens(data).list()
    if format == "json":
        talk.print_json(found)
        return
    for token in found:
        print(token)


def revoke(
    identifier: Annotated[str, typer.Argument(metavar="ID", help="As `token list` shows it.")],
    data: Data = None,
) -> None:
    """Revoke a token; running receivers notice within seconds."""
    tokens = _tokens(data)
    if not tokens.revoke(identifier):
        raise BadValue(f"There is no token {identifier}.", "`steelyard token list` shows the ids.")
    talk.say(f"Token {identifier} is revoked.")


def _tokens(data: Path | None) -> Tokens:
    raise NotImplementedError
