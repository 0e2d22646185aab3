"""Plans as text and JSON: all of them, one with its versions, one just saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from steelyard.cli import talk
from steelyard.cli.impact_words import paragraph, table

if TYPE_CHECKING:
    from steelyard.impact.analysed import PlanVersion
    from steelyard.state.plans import Plans


def list_plans(plans: Plans, as_json: bool) -> None:
    """The newest version of every plan."""
    from steelyard.app.studies import versions_of

    found = [versions_of(plans, each.name)[0] for each in plans.list()]
    if as_json:
        talk.print_json([_json(each) for each in found])
        return
    if not found:
        talk.say("No study is planned yet.")
        talk.say("  steelyard impact plan pilot --guided --start DATE --treated NAME,…")
        return
    head = ("plan", "version", "design", "metric", "starts", "answerable", "saved", "digest")
    print(table([head, *map(_row, found)]))


def _row(each: PlanVersion) -> tuple[str, ...]:
    plan = each.plan
    days = str(plan.first_start or "not said"), str(plan.answerable or "not said")
    about = plan.name, str(each.number), plan.design, plan.primary.metric
    return *about, *days, f"{each.saved_at:%Y-%m-%d}", each.digest[:12]


def _json(each: PlanVersion) -> dict[str, Any]:
    first = each.plan.first_start
    return {
        "plan": each.plan.to_json(),
        "version": each.number,
        "digest": each.digest,
        "saved_at": each.saved_at.isoformat(timespec="seconds"),
        "by": each.by,
        "registered_before_start": None if first is None else each.saved_at.date() < first,
        "changes": list(each.changes),
    }


def show_plan(versions: Sequence[PlanVersion], as_json: bool) -> None:
    """A plan whole, what is weak in it, and what each version changed."""
    newest = versions[0]
    notes = _notes(newest)
    if as_json:
        older = [_json(each) for each in versions]
        told = [note.to_json() for note in notes]
        talk.print_json({**_json(newest), "versions": older, "warnings": told})
        return
    rows = [(key.replace("_", " "), _cell(value)) for key, value in newest.plan.to_json().items()]
    print(table([row for row in rows if row[1]]))
    print(f"\nVersions (digest {newest.digest})")
    for each in versions:
        what = "; ".join(each.changes) or ("first version" if each.number == 1 else "no change")
        about = f"{each.number}  {each.saved_at:%Y-%m-%d %H:%M} UTC  {each.by}  {each.digest[:12]}"
        print(paragraph(f"{about}  {what}"))
    for note in notes:
        talk.say(f"Warning: {note.message}")


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value['metric']} ({value['kind']})" if "metric" in value else str(value)
    if isinstance(value, list):
        return ", ".join(_wave(each) if isinstance(each, dict) else str(each) for each in value)
    return "" if value is None else str(value)


def _wave(each: Mapping[str, str]) -> str:
    return f"{each['group']} {each['starts']}" if "group" in each else _cell(each)


def _notes(version: PlanVersion) -> Any:
    from steelyard.impact.planning import check

    return check(version.plan, today=version.saved_at.date())


def say_saved(version: PlanVersion, known: bool, as_json: bool) -> None:
    """That a version is kept, its digest, and what is weak in it."""
    if as_json:
        talk.print_json({**_json(version), "warnings": [n.to_json() for n in _notes(version)]})
        return
    what = "says this already" if known else "is kept"
    print(f"Version {version.number} of {version.plan.name} {what}: {version.digest}")
    for change in version.changes:
        print(f"  {change}")
    for note in _notes(version):
        talk.say(f"Warning: {note.message}")
