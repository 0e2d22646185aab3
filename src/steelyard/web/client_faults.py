"""Versions of Claude Code that tell less, or more, than happened: public reports, no guesses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

Number = tuple[int, ...]
ISSUES = "https://github.com/anthropics/claude-code/issues"
CHANGES = "https://github.com/anthropics/claude-code/blob/main/CHANGELOG.md"
_NUMBER = re.compile(r"\d+(?:\.\d+)+")


@dataclass(frozen=True)
class Fault:
    """What versions from `first` to `last`, both included, do wrong; `url` is where that is said.

    Reports name the versions they were seen in; others between and after may have it, too.
    """

    first: str
    last: str
    what: str
    url: str

    @property
    def versions(self) -> str:
        if not self.first:
            return f"to {self.last}"
        return self.first if self.first == self.last else f"{self.first} – {self.last}"

    def holds(self, version: str) -> bool:
        """Whether a version is one of them; False for what is no version."""
        known = number(version)
        return bool(known) and number(self.first) <= known <= number(self.last)


FAULTS = (
    Fault("", "2.1.160", "Events before telemetry had started were lost.", CHANGES),
    Fault("", "2.1.213", "Behind gateways, cost and tokens could be counted twice.", CHANGES),
    Fault("2.0.64", "2.0.67", "No telemetry at all was sent.", f"{ISSUES}/13803"),
    Fault("2.0.65", "2.0.69", "With managed settings, logs could be missing.", f"{ISSUES}/14019"),
    Fault("2.1.72", "2.1.72", "Without a terminal, no telemetry was sent.", f"{ISSUES}/33066"),
    Fault("2.1.113", "2.1.118", "Metrics could be missing without an error.", f"{ISSUES}/52353"),
    Fault("2.1.126", "2.1.126", "Metrics could be missing while logs came.", f"{ISSUES}/56021"),
    Fault("2.1.126", "2.1.126", "On Foundry, no calls, cost or tokens came.", f"{ISSUES}/55984"),
    Fault("2.1.128", "2.1.143", "Who asked (main or subagent) is missing.", f"{ISSUES}/59942"),
    Fault("2.1.241", "2.1.241", "Logs could stop in long or resumed sessions.", f"{ISSUES}/89406"),
)


def number(version: str) -> Number:
    """2.1.126 as numbers that compare; empty where there is none."""
    found = _NUMBER.search(version)
    return tuple(int(part) for part in found[0].split(".")) if found else ()


def met(versions: Iterable[str]) -> list[tuple[str, Fault]]:
    """Each version with each fault known of it, the newest version first."""
    ranked = sorted(versions, key=number, reverse=True)
    return [(version, fault) for version in ranked for fault in FAULTS if fault.holds(version)]
