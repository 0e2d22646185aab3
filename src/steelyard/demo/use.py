"""What people do with assistants: sessions with prompts, model calls, tools, edits and trouble."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field

from steelyard.demo import rates, words
from steelyard.demo.days import presence
from steelyard.demo.shape import Dice, Shape
from steelyard.demo.staff import Member, Staff

ASSISTANTS = ("claude-code", "codex", "gemini-cli")
EDITS = ("Edit", "Write")
ERRORS = {529: "overloaded", 429: "rate limited", 500: "server error", 400: "invalid request"}
_SHARES = (0.82, 0.11, 0.07)
_TOOLS = ("Read", "Edit", "Bash", "Grep", "Write", "mcp", "Agent")
_TOOL_SHARES = (0.3, 0.25, 0.2, 0.12, 0.06, 0.05, 0.02)
_LAST_START = 17 * 3600  # so that no session crosses midnight, and UTC days are whole
_MOST_SECONDS = 4 * 3600


@dataclass(frozen=True)
class Request:
    """An answered model call. `hour` are tokens of `created` that are kept for an hour."""

    at: float  # seconds after the session's start
    model: str
    source: str  # main | subagent | auxiliary
    agent: str
    input: int
    output: int
    read: int
    created: int
    hour: int
    ms: int
    prompt: int

    @property
    def context(self) -> int:
        return self.input + self.read + self.created

    def tokens(self) -> tuple[int, int, int, int]:
        """In the order of `rates.TYPES`."""
        return (self.input, self.output, self.read, self.created)

    def nanos(self, day: dt.date) -> int:
        pairs = zip(rates.TYPES, self.tokens(), strict=True)
        return sum(rates.nanos(self.model, kind, count, day, self.hour) for kind, count in pairs)


@dataclass(frozen=True)
class ToolUse:
    """A tool asked for; `source` says who decided, `server` which MCP server it belongs to."""

    at: float
    tool: str
    server: str
    decision: str
    source: str
    success: bool
    ms: int
    language: str
    added: int
    removed: int
    prompt: int
    request: int


@dataclass
class Session:
    """One session of one person on one day, as it truly was."""

    id: str
    number: int
    person: Member
    assistant: str
    day: dt.date
    second: int  # of the day
    seconds: float
    model: str
    effort: str
    terminal: str
    version: str
    start_type: str
    skill: str
    plugin: str
    prompts: list[tuple[float, int]] = field(default_factory=list)  # when, characters
    requests: list[Request] = field(default_factory=list)
    tools: list[ToolUse] = field(default_factory=list)
    errors: list[tuple[float, int, int]] = field(default_factory=list)  # when, status, prompt
    commits: int = 0
    pull_requests: int = 0
    active_user: float = 0.0
    active_cli: float = 0.0

    @property
    def begins(self) -> dt.datetime:
        midnight = dt.datetime.combine(self.day, dt.time(), dt.UTC)
        return midnight + dt.timedelta(seconds=self.second)

    @property
    def list_nanos(self) -> int:
        return sum(request.nanos(self.day) for request in self.requests)

    @property
    def edits(self) -> list[ToolUse]:
        return [use for use in self.tools if use.tool in EDITS]

    @property
    def lines(self) -> tuple[int, int]:
        """Added and removed by edits that were let through and worked."""
        done = [use for use in self.edits if use.decision == "accept" and use.success]
        return sum(use.added for use in done), sum(use.removed for use in done)


@dataclass(frozen=True)
class Habit:
    """How somebody uses assistants: since and until when, how often, how, and with which."""

    since: dt.date
    until: dt.date
    a_day: float
    shares: tuple[float, ...]
    config_share: float
    reject_share: float
    deep: float


def habits(shape: Shape, staff: Staff) -> dict[str, Habit]:
    """Of those who use assistants at all: nine in ten of a team that has started."""
    dice, found = shape.dice(3), {}
    for member in staff.members:
        luck, lag, often = dice.random(), dice.exponential(8.0), dice.lognormal(0.15, 0.8)
        lapse, deep, main = dice.random(), dice.lognormal(0.0, 0.4), dice.random()
        rejects, config = dice.beta(2, 14), dice.beta(4, 2)
        if member.team.starts is None or luck > (0.92 if member.works > 0.3 else 0.6):
            continue
        since = max(member.team.starts, member.started) + dt.timedelta(days=int(lag))
        weeks = 3 + int(20 * lapse * 6)
        until = since + dt.timedelta(weeks=weeks) if lapse < 0.1 else dt.date.max
        shares = _SHARES if main < 0.75 else (0.3, 0.65, 0.05) if main < 0.9 else (0.25, 0.0, 0.75)
        often = min(often, 5.0) * member.share
        found[member.email] = Habit(since, until, often, shares, config, rejects, deep)
    return found


def sessions(shape: Shape, staff: Staff) -> Iterator[Session]:
    """Day by day, person by person."""
    known = habits(shape, staff)
    people = [member for member in staff.members if member.email in known]
    number = 0
    for n, day in enumerate(shape.days):
        dice = shape.dice(4, n)
        for member in people:
            habit = known[member.email]
            if not (habit.since <= day < habit.until and member.is_employed(day)):
                continue
            here = presence(day, member.country)
            often = habit.a_day * here if here else habit.a_day * 0.03
            for _ in range(int(dice.poisson(often * shape.thin))):
                yield _session(dice, number, member, habit, day)
                number += 1


def _session(dice: Dice, number: int, member: Member, habit: Habit, day: dt.date) -> Session:
    assistant = ASSISTANTS[int(dice.choice(3, p=habit.shares))]
    models = rates.known(assistant, day)
    weights = [model.liking for model in models]
    model = models[int(dice.choice(len(models), p=[w / sum(weights) for w in weights]))]
    seconds = min(float(dice.lognormal(6.7, 1.0)), _MOST_SECONDS)
    terminals = words.MACHINES[member.machine][3]
    made = Session(
        id=_uuid(dice),
        number=number,
        person=member,
        assistant=assistant,
        day=day,
        second=int(dice.integers(6 * 3600, _LAST_START)),
        seconds=seconds,
        model=model.name,
        effort=words.EFFORTS[int(dice.choice(4, p=[0.62, 0.22, 0.1, 0.06]))],
        terminal=terminals[(member.number + (dice.random() < 0.15)) % len(terminals)],
        version=_version(assistant, day, member.number),
        start_type="fresh"
        if dice.random() < 0.8
        else "resume"
        if dice.random() < 0.5
        else "continue",
        skill=words.SKILLS[int(dice.integers(len(words.SKILLS)))] if dice.random() < 0.12 else "",
        plugin=words.PLUGINS[int(dice.integers(2))] if dice.random() < 0.08 else "",
    )
    _work(dice, made, habit)
    return made


def _work(dice: Dice, made: Session, habit: Habit) -> None:
    """Prompts, each answered by some calls, which use tools."""
    stuck = made.seconds > 1800 and dice.random() < 0.2
    prompts = 1 + int(dice.poisson(min(1.2 + made.seconds / 900, 6)))
    times = sorted(float(t) for t in dice.uniform(0.0, made.seconds * 0.9, prompts))
    context, most = (430_000.0, 960_000.0) if _is_wide(dice, made) else (14_000.0, 195_000.0)
    for n, at in enumerate(times):
        made.prompts.append((at, max(3, int(dice.lognormal(4.2, 1.1)))))
        calls = 1 + int(dice.poisson(1.5 * habit.deep))
        for _ in range(calls):
            at += float(dice.uniform(2, 20))
            context = min(context + float(dice.lognormal(8.6, 1.0)), most)
            _call(dice, made, n, min(at, made.seconds), context)
            if dice.random() < 0.75:
                _use_tool(dice, made, habit, n, min(at + 1.5, made.seconds + 2), stuck)
        if dice.random() < (0.25 if stuck else 0.012):
            status = int(dice.choice([529, 500, 429, 400], p=[0.5, 0.2, 0.2, 0.1]))
            made.errors.append((min(at + 2, made.seconds), status, n))
    made.active_user = round(float(dice.uniform(4, 25)) * prompts, 3)
    made.active_cli = round(sum(request.ms for request in made.requests) / 1000, 3)
    if made.assistant == "claude-code" and not stuck and made.lines[0]:
        made.commits = int(dice.random() < 0.45) + int(dice.random() < 0.12)
        made.pull_requests = int(made.commits > 0 and dice.random() < 0.3)


def _is_wide(dice: Dice, made: Session) -> bool:
    """Whether the window of a million tokens is used: at the usual price, so only with models that
    have no surcharge for it."""
    return made.model in ("claude-opus-5", "claude-opus-5-5") and bool(dice.random() < 0.05)


def _call(dice: Dice, made: Session, prompt: int, at: float, context: float) -> None:
    claude = made.assistant == "claude-code"
    source, model, agent = "main", made.model, ""
    luck = dice.random() if claude else 1.0
    if luck < 0.08:
        source, model = "auxiliary", rates.SMALL
    elif luck < 0.16:
        source, agent = "subagent", words.AGENTS[int(dice.integers(3))]
    fresh = int(dice.integers(20, 2500))
    created = int(dice.lognormal(8.3, 0.9)) if claude else 0
    read = int(context) if source == "main" else int(context / 6)
    output = int(dice.lognormal(7.2, 0.9)) + 20
    hour = created if created and dice.random() < 0.05 else 0
    ms = 900 + output * 14 + int(dice.exponential(900))
    made.requests.append(
        Request(round(at, 3), model, source, agent, fresh, output, read, created, hour, ms, prompt)
    )


def _use_tool(dice: Dice, made: Session, habit: Habit, prompt: int, at: float, stuck: bool) -> None:
    tool = _TOOLS[int(dice.choice(len(_TOOLS), p=_TOOL_SHARES))]
    is_edit, server = tool in EDITS, ""
    if tool == "mcp":
        server = words.MCP_SERVERS[int(dice.integers(3))]
        tool = "mcp_tool"
    asks = tool in (*EDITS, "Bash", "mcp_tool") and dice.random() > habit.config_share
    decision, source = "accept", "config"
    if asks:
        rejected = dice.random() < (0.6 if stuck else habit.reject_share)
        decision = "reject" if rejected else "accept"
        permanent = dice.random() < 0.15
        source = "user_reject" if rejected else "user_permanent" if permanent else "user_temporary"
    made.tools.append(
        ToolUse(
            at=round(at, 3),
            tool=tool,
            server=server,
            decision=decision,
            source=source,
            success=bool(dice.random() < 0.96),
            ms=int(dice.lognormal(4.5, 1.3)),
            language=words.LANGUAGES[int(dice.integers(len(words.LANGUAGES)))] if is_edit else "",
            added=int(dice.lognormal(2.6, 1.0)) + 1 if is_edit else 0,
            removed=int(dice.lognormal(1.4, 1.0)) if is_edit else 0,
            prompt=prompt,
            request=len(made.requests) - 1,
        )
    )


def _version(assistant: str, day: dt.date, number: int) -> str:
    """A new one every week or so; some people update late."""
    days = (day - dt.date(2026, 1, 1)).days - 10 * (number % 5 == 0)
    if assistant == "codex":
        return f"0.{120 + days // 7}.0"
    return f"0.{20 + days // 9}.0" if assistant == "gemini-cli" else f"2.1.{100 + days * 5 // 7}"


def _uuid(dice: Dice) -> str:
    text = dice.bytes(16).hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"
