"""`steelyard token`: what clients send to be let in; a secret is shown once, kept as a hash."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from steelyard.cli import talk
from steelyard.cli.layout import examples
from steelyard.cli.options import Data, Format, settings
from steelyard.errors import BadFile, BadValue

if TYPE_CHECKING:
    from steelyard.state.tokens import Token, Tokens

CREATE_EXAMPLES = examples(
    "steelyard token create laptops",
    "steelyard token create grafana --scope read --days 90",
    "steelyard token create collector --secret-file /run/secrets/ingest-token",
)
LIST_EXAMPLES = examples("steelyard token list", "steelyard token list --format json")
REVOKE_EXAMPLES = examples(
    "steelyard token list  # shows the ids",
    "steelyard token revoke 1f0c2b",
    "steelyard token revoke 1f0c2b --data ./data",
)
HEADINGS = ("id", "name", "scopes", "state", "created", "expires", "last used")


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
    secret_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Take the secret from a file, `sty_` and 32 or more random letters and digits;"
            " said again, nothing changes. It is not printed.",
            rich_help_panel="What",
        ),
    ] = None,
    data: Data = None,
    format: Format = "table",
) -> None:
    """Make a token. Its secret is printed now and never again."""
    expires = dt.datetime.now(dt.UTC) + dt.timedelta(days) if days else None
    given = _secret_of(secret_file) if secret_file else ""
    with _tokens(data) as tokens:
        identifier, secret = tokens.create(name, scope, expires, given)
    if given:
        said = {"id": identifier, "name": name, "scopes": scope}
        talk.print_json(said) if format == "json" else talk.say(f"Token {identifier} is there.")
        return
    if format == "json":
        talk.print_json({"id": identifier, "name": name, "scopes": scope, "secret": secret})
        return
    talk.say(f"Token {identifier} ({', '.join(scope)}). This is the only time its secret is shown:")
    print(secret)


def list_tokens(data: Data = None, format: Format = "table") -> None:
    """List the tokens, without their secrets."""
    with _tokens(data) as tokens:
        found = tokens.list()
    if format == "json":
        talk.print_json(found)
    elif found:
        talk.print_rows([HEADINGS, *map(_row, found)])
    else:
        talk.say("There is no token yet: `steelyard token create NAME`.")


def revoke(
    identifier: Annotated[str, typer.Argument(metavar="ID", help="As `token list` shows it.")],
    data: Data = None,
) -> None:
    """Revoke a token; running receivers notice within seconds."""
    with _tokens(data) as tokens:
        if not tokens.revoke(identifier):
            hint = "`steelyard token list` shows the ids."
            raise BadValue(f"There is no token {identifier}.", hint)
    talk.say(f"Token {identifier} is revoked.")


def _secret_of(file: Path) -> str:
    try:
        secret = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(f"The secret in {file} cannot be read.", "Check --secret-file.") from error
    if not secret:
        raise BadFile(f"There is no secret in {file}.", "Check --secret-file.")
    return secret


@contextmanager
def _tokens(data: Path | None) -> Iterator[Tokens]:
    from steelyard.app import open_state_of
    from steelyard.state.tokens import Tokens

    with open_state_of(settings(data)) as state:
        yield Tokens(state)


def _row(token: Token) -> tuple[str, ...]:
    now = dt.datetime.now(dt.UTC)
    state = "valid" if token.is_valid(now) else "revoked" if token.revoked else "expired"
    until = f"{token.expires:%Y-%m-%d}" if token.expires else "never"
    used = str(token.last_used or "never")
    scopes = ",".join(sorted(token.scopes))
    return (token.id, token.name, scopes, state, f"{token.created:%Y-%m-%d}", until, used)
