"""A person out of the warehouse: whatever names them goes; what they did stays, or goes with them.

The caller opens the transaction. Facts are changed in place as well as made due: those of days
whose records retention has deleted are never built again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from steelyard.people.forgotten import Forgotten, Session, digest
from steelyard.people.personal import (
    ABOUT,
    HANDS,
    LISTS,
    PERSON_FACTS,
    PERSON_ROWS,
    SESSION_FACTS,
    TELLING_KEYS,
    TRACES,
    WHO,
    Hand,
    kind_of,
    mark,
    session_mark,
)
from steelyard.people.reach import bring_beside, bring_days, bring_theirs
from steelyard.records import TABLES
from steelyard.warehouse.version import count_up

if TYPE_CHECKING:
    from steelyard.warehouse import Warehouse


@dataclass(frozen=True)
class Named:
    """Somebody with everything they are known by. `marks` are `kind:value`; `first_day` is the
    earliest day of anything that is kept of them, empty where there is none."""

    person: str
    name: str
    marks: tuple[str, ...]
    first_day: str = ""

    def values(self, kind: str) -> list[str]:
        """What stands in columns that hold one kind of mark."""
        start = f"{kind}:"
        return [text.removeprefix(start) for text in self.marks if text.startswith(start)]


def name_all(
    warehouse: Warehouse, cursor: Any, person: str, name: str, references: Sequence[str]
) -> Named:
    """Somebody by all they are known by: what is decided, and what stands beside it in records of
    theirs and of nobody else."""
    marks = {mark("", text) for text in references} | {mark("", text) for text in _self(person)}
    while True:
        found = marks | _of_directories(cursor, marks)
        bring_beside(warehouse, cursor, person, _emails(found))
        for table in TABLES:
            found |= _beside(cursor, table, person, found)
        if found == marks:
            break
        marks = found
    first = cursor.execute(
        "select coalesce(min(day)::varchar, '') from (select day from session_days"
        " where person = ? union all select first_day from people_seen where person = ?"
        " union all select seen_day from raw_people where list_contains(?, lower(email)))",
        [person, person, Named(person, name, tuple(marks)).values("email")],
    ).fetchall()[0][0]
    return Named(person, name, tuple(sorted(marks - {""})), first)


def _self(person: str) -> tuple[str, ...]:
    if "@" in person and ":" not in person:
        return (f"email:{person}",)
    return (person,) if ":" in person else (f"account:{person}",)


def _of_directories(cursor: Any, marks: set[str]) -> set[str]:
    """The keys and further addresses of their entries."""
    columns = "key, email, emails, account_ids, install_ids"
    sql = f"select {columns} from raw_people where {is_about('people')}"
    found: set[str] = set()
    rows = cursor.execute(sql, {"m": sorted(marks)}).fetchall()
    for key, email, emails, accounts, installs in rows:
        found |= {mark("key", key), mark("email", email)}
        found |= {mark("email", text) for text in emails}
        found |= {mark("account", text) for text in accounts}
        found |= {mark("install", text) for text in installs}
    return found


def _emails(marks: set[str]) -> list[str]:
    return [text.removeprefix("email:") for text in marks if text.startswith("email:")]


def _beside(cursor: Any, table: str, person: str, marks: set[str]) -> set[str]:
    """Accounts in records with their address alone; the install that a person is named after."""
    emails = _emails(marks)
    found: set[str] = set()
    for column in ("account_id", "account_uuid", "install_id"):
        kind = WHO[column]
        sql = (
            f"select {column} from {table} where {column} <> '' and email <> ''"
            f" group by {column} having bool_and(list_contains(?, lower(email)))"
        )
        found |= {mark(kind, row[0]) for row in cursor.execute(sql, [emails]).fetchall()}
    if person.startswith("install:"):
        sql = (
            f"select distinct install_id from {table} where 'install:' || left(install_id, 12) = ?"
        )
        found |= {mark("install", row[0]) for row in cursor.execute(sql, [person]).fetchall()}
    return found


def find_theirs(cursor: Any, who: Named) -> None:
    """Fill the temporary tables `their_sessions` (with the names they get) and `their_marks`."""
    cursor.execute("create or replace temp table their_marks(kind varchar, value varchar)")
    rows = [text.split(":", 1) for text in who.marks]
    cursor.executemany("insert into their_marks values (?, ?)", rows or [["", ""]])
    parts = " union ".join(
        f"select assistant, session from {table} where session <> '' and {_mine()}"
        for table in TABLES
    )
    facts = " union ".join(
        f"select assistant, session from {table} where person = $person" for table in SESSION_FACTS
    )
    cursor.execute(
        f"create or replace temp table their_sessions as select distinct assistant, session from"
        f" ({parts} union {facts} union select assistant, session from session_people"
        " where person = $person) where session <> '' and (assistant, session) not in"
        " (select (assistant, session) from session_people where person <> $person)",
        {"person": who.person},
    )


def sessions_of(cursor: Any) -> list[str]:
    """Their sessions as marks; after `find_theirs`. What stands for nobody's own name is none."""
    rows = cursor.execute("select assistant, session from their_sessions").fetchall()
    return [session_mark(*row) for row in rows if not row[1].startswith("|")]


def erase_sessions(
    cursor: Any, sessions: Collection[Session], forgotten: Forgotten, with_work: bool
) -> None:
    """Records of sessions of which only later was told whose they are: that of somebody who was
    forgotten. Their facts are due again."""
    cursor.execute("create or replace temp table their_marks(kind varchar, value varchar)")
    cursor.execute(
        "create or replace temp table their_sessions(assistant varchar, session varchar)"
    )
    cursor.executemany("insert into their_sessions values (?, ?)", [list(s) for s in sessions])
    _rename_sessions(cursor, forgotten)
    for table in TABLES:
        due = f"insert into dirty_days select distinct day from {table} where {is_theirs()}"
        if _count(cursor.execute(due)):
            _erase_records(cursor, table, with_work)


def bodies_of(cursor: Any) -> list[int]:
    """The inbox numbers of the requests in which their records came."""
    parts = " union ".join(
        f"select body from {table} where body is not null and {is_theirs()}" for table in TABLES
    )
    return [row[0] for row in cursor.execute(parts).fetchall()]


def let_go_of_bodies(warehouse: Warehouse, cursor: Any, numbers: Sequence[int]) -> None:
    """The records of these requests stay when the inbox no longer holds them: a rebuild drops and
    reads again only what has a number."""
    for table in TABLES:
        warehouse.bring(cursor, table, f"body in ({', '.join(map(str, numbers or [-1]))})")
        cursor.execute(
            f"update {table} set body = null where body in (select unnest(?))", [list(numbers)]
        )


def erase(
    warehouse: Warehouse, cursor: Any, who: Named, forgotten: Forgotten, with_work: bool
) -> dict[str, int]:
    """Take somebody out of every table; how many rows of each were deleted or changed."""
    bring_theirs(warehouse, cursor, who)
    bring_days(warehouse, cursor, who)
    find_theirs(cursor, who)
    _rename_sessions(cursor, forgotten)
    done: dict[str, int] = {}
    _make_days_due(cursor, who)
    for table in TABLES:
        done[table] = _erase_records(cursor, table, with_work)
    for table in (*SESSION_FACTS, *PERSON_FACTS):
        done[table] = _erase_facts(cursor, table, who, with_work)
    for table in PERSON_ROWS:
        done[table] = _count(cursor.execute(f"delete from {table} where person = ?", [who.person]))
    for column in ("manager", "rollup"):
        cursor.execute(f"update people set {column} = '' where {column} = ?", [who.person])
    for kind in ABOUT:
        done[f"raw_{kind}"] = _count(
            cursor.execute(f"delete from raw_{kind} where {is_about(kind)}", {"m": list(who.marks)})
        )
    names = [*who.values("email"), *who.values("key")]
    for column in ("manager", "rollup"):
        cursor.execute(
            f"update raw_people set {column} = '' where list_contains(?, lower({column}))", [names]
        )
    for hand in HANDS:
        table = f"raw_{hand.kind}"
        changed = _erase_hand(cursor, hand, who, forgotten, with_work)
        done[table] = done.get(table, 0) + changed
    _make_work_due(cursor)
    return {name: count for name, count in done.items() if count}


def _mine() -> str:
    """Whether a record names them: an address says more than an account, machines are shared."""
    values = "select value from their_marks where kind = "
    return (
        f"(lower(email) in ({values}'email') or email = '' and (account_id in ({values}'account')"
        f" or account_uuid in ({values}'account') or install_id in ({values}'install')))"
    )


def is_theirs() -> str:
    """Whether a record is theirs; after `find_theirs`."""
    return (
        f"({_mine()} or (assistant, session) in (select (assistant, session) from their_sessions))"
    )


def _rename_sessions(cursor: Any, forgotten: Forgotten) -> None:
    found = cursor.execute("select assistant, session from their_sessions").fetchall()
    new = [(a, s, "" if s.startswith("|") else forgotten.session(s)) for a, s in found]
    columns = ("assistant", "session", "new")
    table = pa.table({name: [row[at] for row in new] for at, name in enumerate(columns)})
    schema = pa.schema([(name, pa.string()) for name in columns])
    cursor.register("renamed_rows", table.cast(schema))
    cursor.execute("create or replace temp table renamed as select * from renamed_rows")
    cursor.unregister("renamed_rows")


def _make_days_due(cursor: Any, who: Named) -> None:
    for table in TABLES:
        cursor.execute(
            f"insert into dirty_days select distinct day from {table} where {is_theirs()}"
        )
    for table in SESSION_FACTS:
        cursor.execute(
            f"insert into dirty_days select distinct day from {table} where person = ?",
            [who.person],
        )


def _erase_records(cursor: Any, table: str, with_work: bool) -> int:
    if with_work:
        return _count(cursor.execute(f"delete from {table} where {is_theirs()}"))
    traces = [name for name in TRACES if name in TABLES[table].names]
    empty = ", ".join(f"{name} = ''" for name in (*WHO, *traces))
    changed = _count(
        cursor.execute(
            f"""update {table} set {empty}, resource = '{{}}',
            attributes = case when attributes like '%"command_source":"builtin"%'
              then '{{"command_source":"builtin"}}' else '{{}}' end,
            session = coalesce((select max(new) from renamed r where r.assistant = {table}.assistant
              and r.session = {table}.session), session)
            where {is_theirs()}"""
        )
    )
    for column, kind in WHO.items():  # on a machine or account that others use as well
        cursor.execute(
            f"update {table} set {column} = '' where lower({column}) in"
            f" (select lower(value) from their_marks where kind = '{kind}')"
        )
    return changed


def _erase_facts(cursor: Any, table: str, who: Named, with_work: bool) -> int:
    if with_work:
        return _count(cursor.execute(f"delete from {table} where person = ?", [who.person]))
    renamed = (
        f", session = coalesce((select max(new) from renamed r"
        f" where r.assistant = {table}.assistant and r.session = {table}.session), session)"
    )
    also = renamed if table in SESSION_FACTS else ", api_key = ''" if table == "vendor_days" else ""
    sql = f"update {table} set person = ''{also} where person = ?"
    return _count(cursor.execute(sql, [who.person]))


def _erase_hand(cursor: Any, hand: Hand, who: Named, forgotten: Forgotten, with_work: bool) -> int:
    table, marks = f"raw_{hand.kind}", list(who.marks)
    if hand.columns[0] in LISTS:
        (column,) = hand.columns
        left = f"list_filter({column}, lambda x: not list_contains($m, {_marked('x', '')}))"
        sql = f"update {table} set {column} = {left} where {hand_test(hand)}"
        return _count(cursor.execute(sql, {"m": marks}))
    which = hand_test(hand)
    if with_work and hand.own:
        return _count(cursor.execute(f"delete from {table} where {which}", {"m": marks}))
    if hand.kind in TELLING_KEYS:
        _hide_keys(cursor, table, which, marks, forgotten)
    empty = ", ".join(f"{name} = ''" for name in (*hand.columns, *hand.also))
    return _count(cursor.execute(f"update {table} set {empty} where {which}", {"m": marks}))


def hand_test(hand: Hand) -> str:
    """Whether a row names whoever has the marks `$m` in these columns."""
    if hand.columns[0] in LISTS:
        return _any_of(hand.columns[0], "")
    return " or ".join(
        f"list_contains($m, {_marked(column, kind_of(column))})" for column in hand.columns
    )


def _hide_keys(cursor: Any, table: str, which: str, marks: list[str], forgotten: Forgotten) -> None:
    rows = cursor.execute(
        f"select distinct key from {table} where {which}", {"m": marks}
    ).fetchall()
    if not rows:
        return
    old = pa.array([row[0] for row in rows], pa.string())
    new = pa.array([digest(forgotten.key, f"key:{row[0]}")[:32] for row in rows], pa.string())
    cursor.register("hidden_keys", pa.table({"old": old, "new": new}))
    cursor.execute("create or replace temp table hidden as select * from hidden_keys")
    cursor.unregister("hidden_keys")
    cursor.execute(
        f"update {table} set key = coalesce((select new from hidden where old = key), key)"
        f" where {which}",
        {"m": marks},
    )


def _make_work_due(cursor: Any) -> None:
    kinds = sorted({*ABOUT, *(hand.kind for hand in HANDS)})
    cursor.execute("delete from dirty_work where kind in (select unnest(?))", [kinds])
    cursor.execute("insert into dirty_work select unnest(?)", [kinds])
    cursor.execute("delete from people_built")
    count_up(cursor)


def is_about(kind: str) -> str:
    """Whether a row of a kind that is about people is about whoever has the marks `$m`."""
    return " or ".join(
        _any_of(column, what) if column in LISTS else f"list_contains($m, {_marked(column, what)})"
        for column, what in ABOUT[kind].items()
    )


def _any_of(column: str, kind: str) -> str:
    """Whether a list holds one of the marks `$m`."""
    return f"len(list_filter({column}, lambda x: list_contains($m, {_marked('x', kind)}))) > 0"


def _marked(column: str, kind: str) -> str:
    """A column as `mark` spells it."""
    text = f"trim({column})" if not kind else f"('{kind}:' || trim({column}))"
    if kind in ("account", "install"):
        return text
    if kind:
        return f"lower({text})"
    return (
        f"(case when regexp_matches({text}, '^(account|install|jira):') then {text}"
        f" else lower({text}) end)"
    )


def _count(done: Any) -> int:
    rows = done.fetchall()
    return int(rows[0][0]) if rows else 0
