"""Which custom fields hold story points and teams: their ids differ from site to site."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from steelyard.sources.jira.shapes import Field

# Company-managed projects call it the one, team-managed projects the other; a site can have both.
_NAMES = ("story points", "story point estimate")
_POINTS_TYPE = "com.pyxis.greenhopper.jira:jsw-story-points"
_TEAM_TYPE = "com.atlassian.teams:rm-teams-custom-field-team"
READ = (
    *("project", "issuetype", "priority", "status", "resolution", "resolutiondate", "created"),
    *("updated", "reporter", "assignee", "labels", "parent", "timeoriginalestimate"),
)


@dataclass(frozen=True)
class CustomFields:
    """Ids of the fields that are read besides Jira's own; `notes` say what was not found."""

    points: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def names(self) -> list[str]:
        """What to ask a search for."""
        return [*READ, *self.points, *self.teams]

    def story_points(self, fields: dict[str, Any]) -> float | None:
        """The first of the fields that holds a number; none is not said, never 0."""
        for name in self.points:
            found = fields.get(name)
            if isinstance(found, int | float) and not isinstance(found, bool):
                return float(found)
        return None

    def team(self, fields: dict[str, Any]) -> str:
        for name in self.teams:
            found = fields.get(name)
            if isinstance(found, dict) and (said := found.get("name") or found.get("title")):
                return str(said)
        return ""


def find(fields: Sequence[Field], wanted: str = "", before: Sequence[str] = ()) -> CustomFields:
    """The fields of a site. `wanted` is an id or a name somebody chose, `before` the last ids."""
    points = tuple(f.id for f in fields if _is_points(f, wanted.strip().lower()))
    teams = tuple(f.id for f in fields if f.schema and f.schema.custom == _TEAM_TYPE)
    notes = () if points else (_missing(fields, wanted, before),)
    return CustomFields(points, teams, notes)


def _is_points(found: Field, wanted: str) -> bool:
    names = {(found.name or "").lower(), (found.untranslated_name or "").lower()}
    if wanted:
        return wanted == found.id.lower() or wanted in names
    type_ = found.schema.custom if found.schema else ""
    return type_ == _POINTS_TYPE or bool(names & set(_NAMES))


def _missing(fields: Sequence[Field], wanted: str, before: Sequence[str]) -> str:
    what = f"no field called {wanted}" if wanted else "no field for story points"
    renamed = [_said(f) for f in fields if f.id in before]
    alike = [_said(f) for f in fields if f.id not in before and _looks_like_points(f)]
    parts = [f"This Jira shows {what}, so issues come without story points."]
    if renamed:
        parts.append(f"They were in {_list(renamed)}: was it renamed?")
    if alike:
        parts.append(f"These look like it: {_list(alike)}.")
    if renamed or alike:
        parts.append("Choose one with story_points=ID.")
    return " ".join(parts)


def _looks_like_points(found: Field) -> bool:
    name = (found.name or "").lower()
    number = bool(found.schema and found.schema.type == "number")
    return found.custom and number and any(word in name for word in ("point", "estimat", "size"))


def _said(found: Field) -> str:
    return f"{found.id} ({found.name})"


def _list(said: Iterable[str]) -> str:
    return ", ".join(sorted(said)[:5])
