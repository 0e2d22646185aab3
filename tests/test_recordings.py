"""The main promise: what real clients sent is what Steelyard answers, for every recording."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from steelyard.app.house import House
from tests.recorded import EDIT_TOOLS, FOLDER, SCENARIOS, Recording, asked, open_house, total

pytestmark = pytest.mark.usefixtures("recordings")


def ignore(done: int, of: int) -> None:
    """Progress nobody watches."""


@pytest.fixture(scope="module", params=SCENARIOS or ["none"])
def told(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[House, Recording]]:
    """A house that has imported one scenario; the tests of a scenario share it."""
    recording = Recording(FOLDER / "recordings" / request.param)
    with open_house(tmp_path_factory.mktemp("data")) as house:
        house.import_otlp([recording.folder], ignore)
        yield house, recording


def test_answers_equal_what_was_on_the_wire(told: tuple[House, Recording]) -> None:
    house, recording = told
    assert asked(house, "tokens", "model", "token_type") == recording.tokens()
    reported = asked(house, "spend_reported_usd", "model")
    assert {k: float(v) for k, v in reported.items()} == pytest.approx(
        recording.reported_usd(), abs=5e-7
    )
    check_counters(house, recording)
    check_decisions(house, recording)
    check_requests(house, recording)


def check_counters(house: House, recording: Recording) -> None:
    claude = recording.client == "claude-code"
    starts = "claude_code.session.count" if claude else "gemini_cli.session.count"
    lines = "claude_code.lines_of_code.count" if claude else "gemini_cli.lines.changed"
    if recording.client != "codex":
        assert asked(house, "session_starts") == recording.metric(starts)
        assert asked(house, "lines_suggested", "type") == recording.metric(lines, "type")
    commits = recording.metric("claude_code.commit.count")
    assert asked(house, "commits_by_assistant") == commits
    assert asked(house, "prs_by_assistant") == recording.metric("claude_code.pull_request.count")
    minutes = {
        k: v / 60 for k, v in recording.metric("claude_code.active_time.total", "type").items()
    }
    active = {k: float(v) for k, v in asked(house, "active_minutes", "type").items()}
    assert active == pytest.approx(minutes, abs=1e-9)


def check_decisions(house: House, recording: Recording) -> None:
    if recording.client != "claude-code":
        return
    named = ("tool_name", "decision", "source")
    wire = recording.metric("claude_code.code_edit_tool.decision", *named)
    by = ("tool", "decision", "source")
    if wire or not recording.wire["events"].get("tool_decision"):
        assert asked(house, "edit_decisions", *by) == wire
    else:  # events only: the edit tools among all decisions
        tools = {tool for tool, _, _ in asked(house, "edit_decisions", *by)}
        assert tools <= set(EDIT_TOOLS)
    language = recording.metric("claude_code.code_edit_tool.decision", "language")
    if wire:
        assert asked(house, "edit_decisions", "language") == language


def check_requests(house: House, recording: Recording) -> None:
    if recording.client == "claude-code":
        told = recording.wire["api_request_events_by_model"]
        answered = sum(model["requests"] for model in told.values())
        failed = len(recording.wire["api_errors"])
        if answered + failed:
            assert total(house, "api_requests") == answered
            assert total(house, "api_errors") == failed
        else:
            assert total(house, "api_requests") is None  # metrics only: unknown, not 0
    else:
        told = recording.wire["tokens_by_model_from_events"]
        assert total(house, "api_requests") == sum(model["requests"] for model in told.values())


# Where list price and reported cost differ, and why; everywhere else they are equal.
NAMED_DIFFERENCES = {
    # 0.0471 USD for a model that no price list knows, priced by the client as its default Opus;
    # and three web searches at 0.01 USD each, which no token shows
    "claude-code/14-models-http-json": 0.0471 + 0.03,
}


def test_list_price_equals_reported_cost_to_the_micro_dollar(told: tuple[House, Recording]) -> None:
    house, recording = told
    if recording.client != "claude-code":
        assert total(house, "spend_reported_usd") is None  # these clients report no cost
        return
    name = f"{recording.client}/{recording.folder.name}"
    gap = float(total(house, "spend_reported_usd") or 0) - float(total(house, "spend_usd") or 0)
    assert gap == pytest.approx(NAMED_DIFFERENCES.get(name, 0), abs=5e-7), name


def test_sessions_are_those_with_work(told: tuple[House, Recording]) -> None:
    house, recording = told
    if recording.client != "claude-code":
        return
    sessions = {key[0] for key in asked(house, "sessions", "session")}
    worked = {s for s, t in recording.happened["tokens_by_session"].items() if t["requests"]}
    assert worked <= sessions
    # A session that only ever met errors, or whose prompt was a command, still had a prompt.
    assert sessions <= set(
        recording.wire["sessions_on_events"] + recording.wire["sessions_on_metrics"]
    )
    if recording.folder.name.startswith("07-"):
        assert sessions == worked  # the ids that --continue makes and leaves hold no work


def test_importing_again_and_backwards_changes_nothing(told: tuple[House, Recording]) -> None:
    house, recording = told
    before = asked(house, "tokens", "session", "model", "token_type")
    files = [recording.folder / r["file"] for r in reversed(recording.requests())]
    house.import_otlp([recording.folder], ignore)
    by_name = [f for f in files if f.suffix in (".json", ".pb")]
    if by_name:
        house.import_otlp(by_name, ignore)
    assert asked(house, "tokens", "session", "model", "token_type") == before
    check_counters(house, recording)
    check_decisions(house, recording)
