"""Builds the facts of work again, whole, from what sources told.

Whatever order records came in, and however often, can make no difference. The SQL is in `sql/`,
one file a subject; this module only says which of it is due and runs it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from steelyard.sources.marks import is_bot, login_of
from steelyard.warehouse.version import count_up

if TYPE_CHECKING:
    from steelyard.warehouse import Warehouse

_SHIPPED = frozenset(
    {"commits", "rework", "pull_requests", "reviews", "deployments", "incidents", "issues"}
)
# Scripts that belong together, and the kinds of records they read.
_SUBJECTS: tuple[tuple[tuple[str, ...], frozenset[str]], ...] = (
    (("02_commits", "03_pull_requests", "04_deployments", "05_issues"), _SHIPPED),
    (("06_time",), frozenset({"worklogs", "issues"})),
    (("07_ci_runs",), frozenset({"ci_runs"})),
    (("08_surveys",), frozenset({"survey_answers"})),
    (("09_bills",), frozenset({"billing_lines"})),
    (("10_vendor_days",), frozenset({"usage_days"})),
)
KINDS = frozenset().union(*(kinds for _, kinds in _SUBJECTS), {"changed_files", "transitions"})


@dataclass(frozen=True)
class Options:
    """Thresholds that facts are built with; changing them builds all facts again.

    `failure_hours`: how soon after a deployment an incident of its repository, or a revert of what
    it brought, makes it a failed one. `first_deployment_days`: how far before a repository's first
    known deployment its commits still count as brought by it.
    """

    failure_hours: int = 24
    first_deployment_days: int = 14


def build_work(warehouse: Warehouse, options: Options, now: dt.datetime) -> bool:
    """Build the facts that what sources told, or who is who, has changed; whether any were.

    All of them change in one transaction together with the data version.
    """
    dirty = {row[0] for row in warehouse.query("select distinct kind from dirty_work")} & KINDS
    fingerprint = _fingerprint(warehouse, options)
    built = warehouse.query("select fingerprint from work_built")
    subjects = _SUBJECTS
    if built == [(fingerprint,)]:
        subjects = tuple(subject for subject in _SUBJECTS if subject[1] & dirty)
    if not dirty and not (built and subjects):
        return False
    with warehouse.transaction() as cursor:
        _build(cursor, [name for names, _ in subjects for name in names], options)
        cursor.execute("delete from dirty_work where kind in (select unnest(?))", [sorted(dirty)])
        cursor.execute("delete from work_built")
        cursor.execute("insert into work_built values (?)", [fingerprint])
        naive = now.astimezone(dt.UTC).replace(tzinfo=None)
        count_up(cursor, naive)
    return True


def _build(cursor: Any, names: list[str], options: Options) -> None:
    if not names:
        return
    _run(cursor, "00_named", options)
    _judge(cursor)
    for name in ("01_people", *names):
        _run(cursor, name, options)


def _judge(cursor: Any) -> None:
    """What references and e-mails say by themselves: a login, a bot's or an assistant's name."""
    import pyarrow as pa

    pairs = cursor.execute("select reference, email from named").fetchall()
    columns = {
        "reference": [reference for reference, _ in pairs],
        "email": [email for _, email in pairs],
        "login": [login_of(email) for _, email in pairs],
        "bot": [is_bot(_account(reference)) or is_bot(email) for reference, email in pairs],
    }
    types = {"login": pa.string(), "email": pa.string(), "reference": pa.string()}
    found = {name: pa.array(held, types.get(name, pa.bool_())) for name, held in columns.items()}
    cursor.register("found_names", pa.table(found))
    cursor.execute("create or replace temp table judged as select * from found_names")
    cursor.unregister("found_names")


def _account(reference: str) -> str:
    return reference.partition(":")[2]


def _fingerprint(warehouse: Warehouse, options: Options) -> str:
    """Changes with all that facts rest on beside the records: who is who, settings, statements."""
    known = warehouse.query(
        "select (select count(*) || ' ' || coalesce(sum(hash(kind, value, person)), 0)"
        " from identities),"
        " (select count(*) || ' ' || coalesce(sum(hash(account, email, bot)), 0)"
        " from raw_accounts where not gone)"
    )
    return hashlib.sha256(repr((known, options, _statements())).encode()).hexdigest()


@cache
def _statements() -> str:
    """The digest of all scripts, so that a new version builds its facts anew."""
    folder = resources.files("steelyard.work").joinpath("sql")
    texts = [file.read_text() for file in sorted(folder.iterdir(), key=lambda f: f.name)]
    return hashlib.sha256("".join(texts).encode()).hexdigest()


def _run(cursor: Any, name: str, options: Options) -> None:
    """Run a script; `$name` in it is the option of that name."""
    script = resources.files("steelyard.work").joinpath("sql", f"{name}.sql").read_text()
    values = asdict(options)
    for statement in cursor.extract_statements(script):
        wanted = {key: values[key] for key in statement.named_parameters}
        cursor.execute(statement, wanted or None)
