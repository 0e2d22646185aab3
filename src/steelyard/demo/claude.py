"""Sessions of Claude Code as the client tells of them: events and metrics, tied to one account."""

from __future__ import annotations

from collections import defaultdict

from steelyard.demo import rates, words
from steelyard.demo.use import ERRORS, Request, Session
from steelyard.demo.wire import Attributes, Logs, Metrics, Value, at_ns

_SCOPE = "com.anthropic.claude_code"
_PREFIX = "claude_code."
_SOURCES = {"main": "repl_main_thread", "auxiliary": "generate_session_title"}
Own = dict[str, Value]
_LOSING = 33  # one session in so many loses half of its metrics on the way


def resource(made: Session) -> Attributes:
    os, version, architecture, _ = words.MACHINES[made.person.machine]
    team = made.person.on(made.day)
    return {
        "department": team.department.lower(),
        "team.id": team.slug,
        "host.arch": architecture,
        "os.type": os,
        "os.version": version,
        "service.name": "claude-code",
        "service.version": made.version,
    }


def common(made: Session) -> Attributes:
    """Who and where, on every event and point; people on a seat have an account, others a key."""
    who = made.person
    team = made.person.on(made.day)
    found: dict[str, str] = {
        "team.id": team.slug,
        "user.id": who.install_id,
        "session.id": made.id,
        "organization.id": words.ORGANISATION,
        "user.email": who.email,
        "user.account_uuid": who.account_uuid,
        "user.account_id": who.account_id,
        "anthropic.provider": "firstParty",
        "terminal.type": made.terminal,
        "app.version": made.version,
        "vcs.repository.url.full": f"https://{team.repo}.git",
    }
    return found | ({"anthropic.plan": "team"} if who.is_seat else {})


def tell(made: Session, logs: Logs, metrics: Metrics) -> None:
    """Both requests get what this session sent."""
    _Events(made, logs).tell()
    _points(made, metrics)


class _Events:
    def __init__(self, made: Session, logs: Logs) -> None:
        self.made, self.logs = made, logs
        logs.client(resource(made), f"{_SCOPE}.events", made.version, common(made))

    def tell(self) -> None:
        """In the order of time, with the client's own count."""
        found = [*self._prompts(), *self._calls(), *self._tools(), *self._errors()]
        found.sort(key=lambda each: (each[0], each[1]))
        for sequence, (at, name, own) in enumerate(found):
            ns = at_ns(self.made.begins, at)
            more: Own = {"event.name": name, "event.sequence": sequence}
            self.logs.event(_PREFIX + name, ns, more | own)

    def _prompts(self) -> list[tuple[float, str, Own]]:
        found: list[tuple[float, str, Own]] = []
        for n, (at, chars) in enumerate(self.made.prompts):
            own: Own = {"prompt.id": self._prompt(n), "prompt_length": chars}
            found.append((at, "user_prompt", own))
        if self.made.skill:
            own = {"skill.name": self.made.skill, "invocation_trigger": "model"}
            found.append((self.made.prompts[0][0] + 0.01, "skill_activated", own))
        return found

    def _calls(self) -> list[tuple[float, str, Own]]:
        return [
            (request.at, "api_request", self._call(n, request))
            for n, request in enumerate(self.made.requests)
        ]

    def _call(self, n: int, request: Request) -> Own:
        nanos = request.nanos(self.made.day)
        source = _SOURCES.get(request.source, f"agent:builtin:{request.agent}")
        about: Own = {
            "prompt.id": self._prompt(request.prompt),
            "model": request.model,
            "input_tokens": request.input,
            "output_tokens": request.output,
            "cache_read_tokens": request.read,
            "cache_creation_tokens": request.created,
            "cache_creation_5m_tokens": request.created - request.hour,
            "cache_creation_1h_tokens": request.hour,
            "cost_usd": nanos / 1e9,
            "cost_usd_micros": round(nanos / 1000),
            "duration_ms": request.ms,
            "ttft_ms": min(request.ms, 850),
            "request_id": self._request(n),
            "speed": "normal",
            "query_source": source,
        }
        return about | _attribution(self.made, request)

    def _tools(self) -> list[tuple[float, str, Own]]:
        found: list[tuple[float, str, Own]] = []
        for n, use in enumerate(self.made.tools):
            own: Own = {
                "prompt.id": self._prompt(use.prompt),
                "tool_name": use.tool,
                "tool_use_id": f"toolu_{self.made.id[:8]}_{n}",
                "request_id": self._request(use.request),
            }
            about: Own = {"decision": use.decision, "source": use.source}
            kind: Own = {"tool_source": "mcp" if use.server else "builtin"}
            found.append((use.at, "tool_decision", own | about | kind))
            if use.decision == "accept":
                result: Own = {"success": str(use.success).lower(), "duration_ms": use.ms}
                size: Own = {"tool_input_size_bytes": 120, "tool_result_size_bytes": 340}
                found.append((use.at + 0.2, "tool_result", own | result | size))
        return found

    def _errors(self) -> list[tuple[float, str, Own]]:
        return [
            (
                at,
                "api_error",
                {
                    "prompt.id": self._prompt(prompt),
                    "model": self.made.model,
                    "error": ERRORS[status],
                    "status_code": str(status),
                    "duration_ms": 1200,
                    "attempt": 10,
                    "speed": "normal",
                    "query_source": "repl_main_thread",
                    "effort": self.made.effort,
                },
            )
            for at, status, prompt in self.made.errors
        ]

    def _prompt(self, n: int) -> str:
        return f"{self.made.id[:24]}{n:012x}"

    def _request(self, n: int) -> str:
        return f"req_{self.made.id[:13]}_{n}"


def _attribution(made: Session, request: Request) -> Own:
    """What a call was for; the client's own small work has no effort."""
    found: Own = {}
    if request.source != "auxiliary":
        found["effort"] = made.effort
        if made.skill:
            found["skill.name"] = made.skill
        if made.plugin:
            found["plugin.name"] = made.plugin
    if request.agent:
        found["agent.name"] = request.agent
    return found


def _points(made: Session, metrics: Metrics) -> None:
    start, end = (at_ns(made.begins, at) for at in (0.0, made.seconds + 30))
    metrics.client(resource(made), _SCOPE, made.version, common(made))

    def point(name: str, value: float, unit: str = "", **own: str) -> None:
        attributes = {key.replace("__", "."): text for key, text in own.items() if text}
        metrics.point(_PREFIX + name, float(value), start, end, attributes, unit)

    point("session.count", 1, start_type=made.start_type)
    point("active_time.total", made.active_user, "s", type="user")
    point("active_time.total", made.active_cli, "s", type="cli")
    for kind, lines in zip(("added", "removed"), made.lines, strict=True):
        if lines:
            point("lines_of_code.count", lines, type=kind, model=made.model)
    if made.commits:
        point("commit.count", made.commits)
    if made.pull_requests:
        point("pull_request.count", made.pull_requests)
    decided: dict[tuple[str, str, str, str], int] = defaultdict(int)
    for use in made.edits:
        decided[(use.tool, use.decision, use.source, use.language)] += 1
    for (tool, decision, source, language), count in decided.items():
        about = {"tool_name": tool, "decision": decision, "source": source, "language": language}
        point("code_edit_tool.decision", count, **about)
    kept = made.requests[: len(made.requests) // 2] if _loses(made) else made.requests
    _use_points(made, kept, metrics, start, end)


def _loses(made: Session) -> bool:
    """The client's metrics sometimes stop in the middle, while its events go on."""
    return made.number % _LOSING == 5


def _use_points(made: Session, kept: list[Request], metrics: Metrics, start: int, end: int) -> None:
    tokens: dict[tuple[tuple[str, str], ...], list[int]] = {}
    for request in kept:
        about: Own = {"model": request.model, "query_source": request.source}
        key = tuple((k, str(v)) for k, v in (about | _attribution(made, request)).items())
        sums = tokens.setdefault(key, [0] * 5)
        for at, count in enumerate((*request.tokens(), request.nanos(made.day))):
            sums[at] += count
    for key, (*counts, nanos) in tokens.items():
        own = dict(key)
        metrics.point(f"{_PREFIX}cost.usage", nanos / 1e9, start, end, own, "USD")
        for kind, count in zip(rates.TYPES, counts, strict=True):
            if count:
                typed = {**own, "type": kind}
                metrics.point(f"{_PREFIX}token.usage", float(count), start, end, typed, "tokens")
