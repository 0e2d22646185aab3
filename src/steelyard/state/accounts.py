"""Accounts: who may sign in, as what, and by which password or identity provider.

Whatever changes what an account may do ends its sessions, and somebody always stays admin.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, RowMapping, text

from steelyard.errors import BadValue, UnknownName
from steelyard.state.account import Account, as_role
from steelyard.state.database import State
from steelyard.state.passwords import Passwords
from steelyard.state.token import hash_secret
from steelyard.state.tokens import utc_now

INVITATION_LIFE = timedelta(days=7)
_LONGEST = 254  # of an e-mail address by RFC 5321; names and references need no more
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


class Accounts:
    """The accounts in a state database."""

    def __init__(
        self,
        state: State,
        clock: Callable[[], datetime] = utc_now,
        passwords: Passwords | None = None,
    ) -> None:
        self.state, self.clock = state, clock
        self.passwords = passwords or Passwords()

    def create(self, email: str, name: str = "", role: str = "member", person: str = "") -> Account:
        """A new account without a way to sign in yet. Raises BadValue and UnknownName."""
        email, name = _address(email), _text("name", name)
        account = Account(
            f"acc_{secrets.token_hex(6)}",
            email,
            name or email.partition("@")[0],
            as_role(role),
            _text("person", person),
            self.clock(),
            None,
            None,
            False,
            False,
        )
        row = {**vars(account), "created": _iso(account.created)}
        with self.state.alone() as connection:
            if _by_email(connection, email) is not None:
                raise BadValue(
                    f"There is an account of {email} already.",
                    "Change its role, or send a new invitation.",
                )
            connection.execute(text(_INSERT), row)
        return account

    def list(self) -> list[Account]:
        """All accounts, also disabled ones, by e-mail address."""
        with self.state.transaction() as connection:
            rows = connection.execute(text("SELECT * FROM accounts ORDER BY email")).mappings()
            return [_account(row) for row in rows]

    def get(self, account: str) -> Account | None:
        """The account of an id."""
        with self.state.transaction() as connection:
            row = _row(connection, account)
        return None if row is None else _account(row)

    def find(self, email: str) -> Account:
        """The account of an e-mail address. Raises UnknownName."""
        with self.state.transaction() as connection:
            row = _by_email(connection, email.strip().lower())
        if row is None:
            known = [account.email for account in self.list()]
            raise UnknownName("account", email, known, "`steelyard account list` shows them.")
        return _account(row)

    def any_admin(self) -> bool:
        """Whether somebody can sign in as admin."""
        return any(a.role == "admin" and a.state == "active" for a in self.list())

    def change(
        self,
        account: str,
        role: str | None = None,
        name: str | None = None,
        person: str | None = None,
    ) -> Account:
        """Change what is given; another role or person ends the sessions.

        Raises BadValue where nobody would be left as admin, UnknownName for a role.
        """
        with self.state.alone() as connection:
            old = _account(_required(connection, account))
            new = replace(
                old,
                role=old.role if role is None else as_role(role),
                name=old.name if name is None else _text("name", name) or old.name,
                person=old.person if person is None else _text("person", person),
            )
            if new.role != "admin":
                _keep_an_admin(connection, old)
            sql = "UPDATE accounts SET role = :role, name = :name, person = :person WHERE id = :id"
            connection.execute(text(sql), vars(new))
            if (new.role, new.person) != (old.role, old.person):
                _sign_out(connection, account)
        return new

    def disable(self, account: str) -> None:
        """Nobody signs in with it any more, and nobody stays signed in. Raises BadValue."""
        with self.state.alone() as connection:
            _keep_an_admin(connection, _account(_required(connection, account)))
            sql = "UPDATE accounts SET disabled = coalesce(disabled, :now) WHERE id = :id"
            connection.execute(text(sql), {"id": account, "now": _iso(self.clock())})
            _sign_out(connection, account)

    def enable(self, account: str) -> None:
        with self.state.alone() as connection:
            _required(connection, account)
            connection.execute(
                text("UPDATE accounts SET disabled = NULL WHERE id = :id"), {"id": account}
            )

    def set_password(self, account: str, password: str) -> None:
        """From now on this is the password; all sessions and invitations end. Raises BadValue."""
        kept = self.passwords.hash(password)
        with self.state.alone() as connection:
            _required(connection, account)
            _set_password(connection, account, kept)

    def check(self, email: str, password: str) -> Account | None:
        """The account that may sign in with these; None takes as long, whatever is wrong."""
        with self.state.transaction() as connection:
            row = _by_email(connection, email.strip().lower()[:_LONGEST])
        kept = row["password"] if row is not None and row["disabled"] is None else None
        if not self.passwords.matches(kept, password) or row is None or kept is None:
            return None
        if self.passwords.is_outdated(kept):
            self._keep_password(row["id"], self.passwords.hash(password))
        return _account(row)

    def invite(self, account: str) -> str:
        """The secret of a link by which a password is chosen, once; it replaces earlier ones."""
        secret, until = secrets.token_urlsafe(32), self.clock() + INVITATION_LIFE
        row = {"hash": hash_secret(secret), "account": account, "expires": _iso(until)}
        with self.state.alone() as connection:
            _required(connection, account)
            old = "DELETE FROM invitations WHERE account = :account OR expires <= :now"
            connection.execute(text(old), row | {"now": _iso(self.clock())})
            sql = "INSERT INTO invitations VALUES (:hash, :account, :expires)"
            connection.execute(text(sql), row)
        return secret

    def invited(self, secret: str) -> Account | None:
        """Whose invitation it is; None when it is unknown, used or too old."""
        with self.state.transaction() as connection:
            row = _invited(connection, secret, self.clock())
        return None if row is None else _account(row)

    def accept(self, secret: str, password: str) -> Account | None:
        """Use up an invitation and set the password. None as `invited`; raises BadValue."""
        kept = self.passwords.hash(password)
        with self.state.alone() as connection:
            row = _invited(connection, secret, self.clock())
            if row is not None:
                _set_password(connection, row["id"], kept)
        return None if row is None else self.get(row["id"])

    def of_subject(self, issuer: str, subject: str) -> Account | None:
        """The account that signs in as this subject of an identity provider."""
        sql = "SELECT * FROM accounts WHERE issuer = :issuer AND subject = :subject"
        with self.state.transaction() as connection:
            found = connection.execute(text(sql), {"issuer": issuer, "subject": subject})
            row = found.mappings().one_or_none()
        return None if row is None else _account(row)

    def link(self, account: str, issuer: str, subject: str) -> None:
        """From now on it signs in as this subject. Raises BadValue where it has another one."""
        row = {"id": account, "issuer": issuer, "subject": subject}
        sql = "UPDATE accounts SET issuer = :issuer, subject = :subject WHERE id = :id"
        with self.state.alone() as connection:
            old = _required(connection, account)
            if old["subject"] is not None and (old["issuer"], old["subject"]) != (issuer, subject):
                raise BadValue(f"The account of {old['email']} belongs to another sign-in.")
            connection.execute(text(sql), row)

    def seen(self, account: Account) -> None:
        """Note that it was used today."""
        today = self.clock().date()
        if account.last_seen != today:
            row = {"id": account.id, "day": today.isoformat()}
            with self.state.transaction() as connection:
                connection.execute(text("UPDATE accounts SET last_seen = :day WHERE id = :id"), row)

    def _keep_password(self, account: str, kept: str) -> None:
        row = {"id": account, "kept": kept}
        with self.state.transaction() as connection:
            connection.execute(text("UPDATE accounts SET password = :kept WHERE id = :id"), row)


_INSERT = (
    "INSERT INTO accounts (id, email, name, role, person, created)"
    " VALUES (:id, :email, :name, :role, :person, :created)"
)


def _row(connection: Connection, account: str) -> RowMapping | None:
    found = connection.execute(text("SELECT * FROM accounts WHERE id = :id"), {"id": account})
    return found.mappings().one_or_none()


def _required(connection: Connection, account: str) -> RowMapping:
    row = _row(connection, account)
    if row is None:
        raise BadValue(f"There is no account {account}.", "`steelyard account list` shows them.")
    return row


def _by_email(connection: Connection, email: str) -> RowMapping | None:
    found = connection.execute(text("SELECT * FROM accounts WHERE email = :e"), {"e": email})
    return found.mappings().one_or_none()


def _invited(connection: Connection, secret: str, now: datetime) -> RowMapping | None:
    sql = (
        "SELECT a.* FROM accounts a JOIN invitations i ON i.account = a.id"
        " WHERE i.hash = :hash AND i.expires > :now AND a.disabled IS NULL"
    )
    row = {"hash": hash_secret(secret), "now": _iso(now)}
    return connection.execute(text(sql), row).mappings().one_or_none()


def _set_password(connection: Connection, account: str, kept: str) -> None:
    row = {"id": account, "kept": kept}
    connection.execute(text("UPDATE accounts SET password = :kept WHERE id = :id"), row)
    connection.execute(text("DELETE FROM invitations WHERE account = :id"), row)
    _sign_out(connection, account)


def _sign_out(connection: Connection, account: str) -> None:
    connection.execute(text("DELETE FROM sign_ins WHERE account = :id"), {"id": account})


def _keep_an_admin(connection: Connection, account: Account) -> None:
    """Raises BadValue where the account is the last that administers."""
    rows = connection.execute(text("SELECT * FROM accounts WHERE role = 'admin'")).mappings()
    admins = {a.id for a in map(_account, rows) if a.state == "active"}
    if admins == {account.id}:
        raise BadValue(
            f"{account.email} is the last account that administers.",
            "Make another one admin first.",
        )


def _account(row: RowMapping) -> Account:
    return Account(
        id=row["id"],
        email=row["email"],
        name=row["name"],
        role=row["role"],
        person=row["person"],
        created=datetime.fromisoformat(row["created"]),
        disabled=datetime.fromisoformat(row["disabled"]) if row["disabled"] else None,
        last_seen=date.fromisoformat(row["last_seen"]) if row["last_seen"] else None,
        has_password=row["password"] is not None,
        by_oidc=row["subject"] is not None,
    )


def _address(email: str) -> str:
    email = _text("e-mail address", email).lower()
    if not _EMAIL.fullmatch(email):
        raise BadValue(f"{email!r} is not an e-mail address.")
    return email


def _text(what: str, said: str) -> str:
    said = said.strip()
    if len(said) > _LONGEST or not said.isprintable():
        raise BadValue(f"The {what} is longer than {_LONGEST} characters, or cannot be printed.")
    return said


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
