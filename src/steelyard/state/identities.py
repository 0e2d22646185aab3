"""Decisions about who is who: kept until somebody decides otherwise, whatever sources say later.

A proposal keeps its number for good, so that a number read off a list still means the same pair
when it is accepted. Nothing here knows how a decision is used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from sqlalchemy import text

from steelyard.errors import BadValue
from steelyard.state.database import State
from steelyard.state.decision import Decision
from steelyard.state.tokens import utc_now

Pair = tuple[str, str]  # a reference and a person


class Identities:
    """The decisions in a state database."""

    def __init__(self, state: State, clock: Callable[[], datetime] = utc_now) -> None:
        self.state, self.clock = state, clock

    def decisions(self) -> tuple[Decision, ...]:
        """All decisions in force, oldest first."""
        sql = "SELECT * FROM identity_decisions ORDER BY decided_at, reference, person"
        with self.state.transaction() as connection:
            rows = connection.execute(text(sql)).mappings().all()
        return tuple(
            Decision(
                row["reference"],
                row["person"],
                bool(row["same"]),
                row["decided_by"],
                datetime.fromisoformat(row["decided_at"]),
            )
            for row in rows
        )

    def decide(self, reference: str, person: str, same: bool, by: str) -> Decision:
        """Keep a decision. It replaces what was decided about the pair; and a reference that is
        somebody's is nobody else's any more."""
        decision = Decision(reference, person, same, by, self.clock())
        row = {
            "reference": reference,
            "person": person,
            "same": same,
            "by": by,
            "at": decision.at.astimezone(UTC).isoformat(timespec="seconds"),
        }
        clear = "DELETE FROM identity_decisions WHERE reference = :reference"
        clear += " AND (person = :person OR (same AND :same))"
        with self.state.alone() as connection:
            connection.execute(text(clear), row)
            connection.execute(
                text(
                    "INSERT INTO identity_decisions VALUES (:reference, :person, :same, :by, :at)"
                ),
                row,
            )
        return decision

    def number(self, pairs: Sequence[Pair]) -> dict[Pair, int]:
        """The number of each pair; new pairs get the next ones, in order."""
        with self.state.alone() as connection:
            rows = connection.execute(text("SELECT * FROM identity_proposals")).mappings().all()
            known = {(row["reference"], row["person"]): int(row["number"]) for row in rows}
            last = max(known.values(), default=0)
            new = [pair for pair in dict.fromkeys(pairs) if pair not in known]
            known |= {pair: last + n for n, pair in enumerate(new, 1)}
            if new:
                connection.execute(
                    text("INSERT INTO identity_proposals VALUES (:number, :reference, :person)"),
                    [{"number": known[p], "reference": p[0], "person": p[1]} for p in new],
                )
        return {pair: known[pair] for pair in pairs}

    def proposal(self, number: int) -> Pair:
        """The pair that was proposed under a number. Raises BadValue where there is none."""
        sql = "SELECT reference, person FROM identity_proposals WHERE number = :number"
        with self.state.transaction() as connection:
            row = connection.execute(text(sql), {"number": number}).one_or_none()
        if row is None:
            hint = "`steelyard people review` shows the numbers."
            raise BadValue(f"There is no proposal {number}.", hint)
        return str(row[0]), str(row[1])
