"""What an organisation may choose about its people."""

from __future__ import annotations

from dataclasses import dataclass

# Titles of those whose direct reports are roll-up managers.
CXO = r"\bchief\b|\bc(?:e|t|i|f|o|m|p)o\b|(?<!vice[ -])\bpresident\b"

CSV = "csv"  # the source of imported files


@dataclass(frozen=True)
class Options:
    """Precedence and patterns; changing them makes `people` dirty.

    `directories` are names of sources, the one believed first; sources that are not named come
    last, by name. `team_sources` says where a team may come from, the first that knows one wins:
    names of sources, or `memberships` and `directory` for all others that tell of memberships and
    people, or `department`. What is not named gives no team.
    """

    rollup_pattern: str = CXO
    rollup_depth: int = 15
    directories: tuple[str, ...] = (CSV, "microsoft-graph", "okta")
    team_sources: tuple[str, ...] = (CSV, "memberships", "directory", "department")

    def rank(self, source: str) -> tuple[int, str]:
        """Where a directory stands; lower is believed first."""
        known = self.directories
        return (known.index(source) if source in known else len(known), source)
