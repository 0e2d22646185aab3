"""Short names of metrics and dimensions as pages print them. Definitions are the catalogue's."""

from __future__ import annotations

from steelyard.metrics.sight import SMALL

METRICS = {
    "spend_usd": "Spend",
    "spend_reported_usd": "Reported by clients",
    "spend_billed_usd": "Billed",
    "tokens": "Tokens",
    "cache_hit_share": "Cache hits",
    "cache_savings_usd": "Saved by cache",
    "active_people": "Active people",
    "daily_active_people": "On an average day",
    "stickiness": "Stickiness",
    "accept_rate": "Edits accepted",
    "auto_approved_share": "Edits nobody was asked about",
    "tool_errors_share": "Failed tool calls",
    "cost_per_active_day": "Cost per active day",
    "cost_per_active_person": "Cost per active person",
    "cost_per_session": "Cost per session",
    "cost_per_commit": "Cost per commit",
    "sessions": "Sessions",
    "session_cost_usd_p50": "Session cost (median)",
    "session_cost_usd_p95": "Session cost (95th percentile)",
    "session_context_tokens_max": "Largest context",
    "prompt_chars_avg": "Prompt length",
    "prs_per_dev_week": "PRs per dev-week",
    "pr_cycle_hours_p50": "Cycle time",
    "pr_first_review_hours_p50": "Wait for review",
    "pr_review_hours_p50": "Review time",
    "pr_review_rounds_avg": "Review rounds",
    "pr_size_lines_p50": "Lines per PR",
    "lead_time_hours_p50": "Lead time",
    "recovery_hours_p50": "Recovery time",
    "change_failure_share": "Failed deployments",
    "deployment_rework_share": "Unplanned deployments",
    "resolution_hours_p50": "Resolution time",
    "review_interventions_per_ai_pr": "Interventions per assisted PR",
    "ai_pr_share": "Assisted PRs",
    "ai_commit_share": "Assisted commits",
    "rework_share": "Rework",
}
DIMENSIONS = {
    "repo": "repository",
    "mcp_server": "MCP server",
    "app_version": "version",
    "token_type": "token type",
    "query_source": "query source",
}
TOKEN_TYPES = {
    "input": "Input",
    "output": "Output",
    "cacheRead": "Cache read",
    "cacheCreation": "Cache write",
    "webSearch": "Web search",
}
ASSISTANTS = {"claude-code": "Claude Code", "codex": "Codex", "gemini-cli": "Gemini CLI"}
ASSISTED = {"yes": "With an assistant's mark", "no": "Without a mark"}
# What an empty value means, per dimension: the client did not say, or we could not match.
NOT_SAID = {
    "person": "Nobody known",
    "team": "No team",
    "model": "Model not said",
    "repo": "Repository not said",
}
_ACRONYMS = {
    "usd": "USD",
    "api": "API",
    "prs": "PRs",
    "pr": "PR",
    "ms": "",
    "mcp": "MCP",
    "ai": "AI",
}


def metric(name: str) -> str:
    """The label of a metric: its own, or its name in words."""
    if name in METRICS:
        return METRICS[name]
    words = [_ACRONYMS.get(word, word) for word in name.split("_")]
    if words[-1] in ("p50", "p95"):
        words[-1] = {"p50": "(median)", "p95": "(95th percentile)"}[words[-1]]
    text = " ".join(filter(None, words))
    return text[:1].upper() + text[1:]


def inside(label: str) -> str:
    """A label inside a sentence: small, unless it begins with an acronym."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def dimension(name: str) -> str:
    return DIMENSIONS.get(name, name.replace("_", " "))


def plural(name: str) -> str:
    """The dimension's values together: people, teams, repositories."""
    word = dimension(name)
    if word == "person":
        return "people"
    return word[:-1] + "ies" if word.endswith("y") else word if word.endswith("s") else word + "s"


def value(dimension_name: str, text: str | None) -> str:
    """One value of a dimension, or what its absence means."""
    if text == SMALL:
        return "Small groups together"
    if not text:
        label = dimension(dimension_name)
        return NOT_SAID.get(dimension_name, f"{label[:1].upper()}{label[1:]} not said")
    named = {"token_type": TOKEN_TYPES, "assistant": ASSISTANTS, "assisted": ASSISTED}
    return named.get(dimension_name, {}).get(text, text)
