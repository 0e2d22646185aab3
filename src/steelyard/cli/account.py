"""`steelyard account`: who may sign in to the pages. No password is said as a flag."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from steelyard.cli import talk
from steelyard.cli.layout import examples
from steelyard.cli.options import Data, Format, settings
from steelyard.errors import BadValue

if TYPE_CHECKING:
    from steelyard.config import Settings
    from steelyard.state.account import Account
    from steelyard.state.accounts import Accounts

CREATE_EXAMPLES = examples(
    "steelyard account create ada@acme.example --role admin  # prints an invitation's link",
    "steelyard account create bo@acme.example --role manager --name 'Bo Lind'",
    "pass show steelyard | steelyard account create root@acme.example --password-stdin",
)
LIST_EXAMPLES = examples("steelyard account list", "steelyard account list --format json")
ROLE_EXAMPLES = examples(
    "steelyard account role bo@acme.example finance",
    "steelyard account role bo@acme.example manager --person bo.lind@acme.example",
)
PASSWORD_EXAMPLES = examples(
    "steelyard account password ada@acme.example  # prints a link to choose one",
    "pass show steelyard | steelyard account password ada@acme.example --password-stdin",
)
DISABLE_EXAMPLES = examples(
    "steelyard account disable bo@acme.example",
    "steelyard account disable bo@acme.example --undo",
)
HEADINGS = ("e-mail", "name", "role", "person", "state", "created", "last seen")
VARIABLE = "STEELYARD_PASSWORD"

Email = Annotated[str, typer.Argument(metavar="ADDRESS", help="The account's e-mail address.")]
Role = Annotated[
    str, typer.Option(metavar="ROLE", help="admin, finance, manager or member.", show_default=True)
]
Person = Annotated[
    str | None,
    typer.Option(
        metavar="PERSON",
        help="Who it is among the people, where not the one with this address.",
        rich_help_panel="What",
    ),
]
Stdin = Annotated[
    bool,
    typer.Option(
        "--password-stdin",
        help=f"Read the password from standard input; else {VARIABLE}, else a link is made.",
        rich_help_panel="What",
    ),
]


def create(
    email: Email,
    role: Role = "member",
    name: Annotated[
        str, typer.Option(metavar="NAME", help="As it is shown.", rich_help_panel="What")
    ] = "",
    person: Person = None,
    password_stdin: Stdin = False,
    data: Data = None,
    format: Format = "table",
) -> None:
    """Make an account, with a password or an invitation."""
    password, found = _password(password_stdin), settings(data)
    with _accounts(found) as accounts:
        if password:
            accounts.passwords.check_length(password)
        account = accounts.create(email, name, role, person or "")
        _let_choose(found, accounts, account, password, format)


def password(
    email: Email, password_stdin: Stdin = False, data: Data = None, format: Format = "table"
) -> None:
    """Set a password, or make a link to choose one; signs out everywhere once it is set."""
    chosen, found = _password(password_stdin), settings(data)
    with _accounts(found) as accounts:
        _let_choose(found, accounts, accounts.find(email), chosen, format)


def list_accounts(data: Data = None, format: Format = "table") -> None:
    """List the accounts."""
    with _accounts(settings(data)) as accounts:
        found = accounts.list()
    if format == "json":
        talk.print_json(found)
    elif found:
        talk.print_rows([HEADINGS, *map(_row, found)])
    else:
        talk.say("There is no account yet: `steelyard account create ADDRESS --role admin`.")


def role(
    email: Email,
    role: Annotated[str, typer.Argument(help="admin, finance, manager or member.")],
    person: Person = None,
    data: Data = None,
) -> None:
    """Give an account another role; it is signed out everywhere."""
    with _accounts(settings(data)) as accounts:
        changed = accounts.change(accounts.find(email).id, role=role, person=person)
    talk.say(f"{changed.email} is {changed.role}.")


def disable(
    email: Email,
    undo: Annotated[
        bool, typer.Option("--undo", help="Let it in again.", rich_help_panel="What")
    ] = False,
    data: Data = None,
) -> None:
    """Shut an account out, at once and everywhere."""
    with _accounts(settings(data)) as accounts:
        account = accounts.find(email)
        (accounts.enable if undo else accounts.disable)(account.id)
    talk.say(f"{account.email} is {'enabled' if undo else 'disabled'}.")


@contextmanager
def _accounts(found: Settings) -> Iterator[Accounts]:
    from steelyard.app import open_state_of
    from steelyard.state.accounts import Accounts

    with open_state_of(found) as state:
        yield Accounts(state)


def _password(from_stdin: bool) -> str:
    """What was said by stdin or environment; '' where nothing was."""
    if from_stdin:
        said = sys.stdin.readline().rstrip("\r\n")
        if not said:
            raise BadValue("Standard input is empty.", "Pipe the password into the command.")
        return said
    return os.environ.get(VARIABLE, "")


def _let_choose(
    found: Settings, accounts: Accounts, account: Account, password: str, format: Format
) -> None:
    """Set the password, or print a link by which its owner does."""
    if password:
        accounts.set_password(account.id, password)
        talk.say(f"The password of {account.email} is set.")
        link = ""
    else:
        link = f"{_address(found)}/invitation?code={accounts.invite(account.id)}"
        talk.say(f"{account.email} chooses a password with this link, once, within seven days:")
    if format == "json":
        talk.print_json({"id": account.id, "email": account.email, "invitation": link or None})
    elif link:
        print(link)


def _address(found: Settings) -> str:
    """Of the pages, as far as it can be known from here."""
    from steelyard.app.control import read_address

    running = read_address(found)
    host = found.hosts.partition(",")[0].strip()
    if host:
        return f"https://{host}"
    return running.web if running and running.web else f"http://{found.web}"


def _row(account: Account) -> tuple[str, ...]:
    seen = str(account.last_seen or "never")
    made = f"{account.created:%Y-%m-%d}"
    person = account.person or "by address"
    return (account.email, account.name, account.role, person, account.state, made, seen)
