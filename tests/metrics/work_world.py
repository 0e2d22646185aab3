"""The generated month's work: commits, pull requests, deployments, issues, time, bills.

Some of it by people without telemetry, some by nobody the people table knows; times and counts that
systems leave out are left out here, too.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from typing import Any

Row = dict[str, Any]
ASSISTANTS = ("", "", "claude-code", "codex", "claude-code+codex")
REPOS = ("acme/app", "acme/it's \\ odd", "acme/other")
BUCKETS = ("<1h", "4-8h", "16-24h", ">720h")
CLASSES = ("<1d", "1-3d", ">2w")


class Work:
    """`tables` maps a fact of work to its rows on the given days."""

    def __init__(self, seed: int, people: int, days: list[dt.date]) -> None:
        self.random = random.Random(seed)
        self.tables: dict[str, list[Row]] = defaultdict(list)
        # People beyond the imported ones, and nobody at all.
        self.people = [f"p{n:03d}@acme.example" for n in range(0, people, 3)]
        self.people += ["stranger@elsewhere.example", ""]
        for day in days:
            for _ in range(6):
                self._code(day)
            self._places(day)
            self._issues(day)
            self._rest(day)

    def _maybe(self, value: Any, share: float = 0.8) -> Any:
        return value if self.random.random() < share else None

    def _marked(self, day: dt.date) -> Row:
        assistant = self.random.choice(ASSISTANTS)
        return {
            "day": day,
            "person": self.random.choice(self.people),
            "assistant": assistant,
            "repo": self.random.choice(REPOS),
            "assisted": "yes" if assistant else "no",
        }

    def _code(self, day: dt.date) -> None:
        chance = self.random
        common = self._marked(day)
        told = chance.random() < 0.8
        added = chance.randrange(500)
        judged = chance.random() < 0.5
        self.tables["work_commits"].append(
            common
            | {"evidence": "trailer", "sha": f"{chance.getrandbits(160):040x}"}
            | {"additions": added if told else None, "deletions": 3 if told else None}
            | {"files": 1, "ai_lines": self._maybe(added // 2, 0.2)}
            | {"rework_added": added if judged else None}
            | {"rework_rewritten": added // 3 if judged else None}
        )
        hours = {"hours": chance.uniform(0, 200), "sha": "x"}
        self.tables["work_lead_times"].append(self._marked(day) | hours)
        if chance.random() < 0.5:
            self._request(self._marked(day))
        if chance.random() < 0.05:
            self.tables["work_reverts"].append(self._marked(day) | {"reverted": "x"})

    def _request(self, common: Row) -> None:
        chance = self.random
        asked = chance.randrange(3)
        reviewed, people = chance.random() < 0.8, self._maybe(chance.randrange(4))
        lines = self._maybe(chance.randrange(2000))
        self.tables["work_pull_requests"].append(
            common
            | {"evidence": "", "pull_request": "r#1", "lines": lines}
            | {"additions": lines, "deletions": 0, "files": 2}
            | {"cycle_hours": self._maybe(chance.uniform(0, 300))}
            | {"first_review_hours": chance.uniform(0, 48) if reviewed else None}
            | {"review_hours": chance.uniform(0, 99) if reviewed else None}
            | {"review_rounds": asked + 1 if reviewed else None, "human_commits": people}
            | {"change_requests": asked, "interventions": asked + (people or 0)}
        )
        if reviewed:
            state = chance.choice(("approved", "commented"))
            said = {"state": state, "pull_request": "r#1"}
            self.tables["work_reviews"].append(common | said)

    def _places(self, day: dt.date) -> None:
        chance = self.random
        base = {"day": day, "person": chance.choice(self.people), "repo": chance.choice(REPOS)}
        for _ in range(chance.randrange(5)):
            why = chance.choice(("", "", "status", "rollback", "incident"))
            place = {"environment": chance.choice(("production", "eu")), "sha": "x"}
            self.tables["work_deployments"].append(
                base
                | place
                | {"deployment": "d", "succeeded": why != "status", "failed": why != ""}
                | {
                    "failed_by": why,
                    "recovery_hours": self._maybe(chance.random()) if why else None,
                }
                | {"unplanned": self._maybe(chance.random() < 0.2)}
            )
        for _ in range(chance.randrange(3)):
            self.tables["work_ci_runs"].append(
                base
                | {"workflow": "tests", "branch": "main", "success": chance.random() < 0.7}
                | {"minutes": self._maybe(chance.uniform(1, 30))}
            )
        if chance.random() < 0.2:
            said = {"service": "app", "severity": "high", "incident": "i"}
            times = {"acknowledge_hours": 0.1, "resolve_hours": self._maybe(2.0)}
            self.tables["work_incidents"].append(base | said | times)

    def _issues(self, day: dt.date) -> None:
        chance = self.random
        for event in ("created", "resolved", "resolved"):
            marked = self._marked(day)
            del marked["repo"]
            done = event == "resolved"
            hours = self._maybe(chance.uniform(0, 900), 0.95) if done else None
            self.tables["work_issues"].append(
                marked
                | self._kind()
                | {"event": event, "issue": "P-1", "resolution": "Done" if done else ""}
                | {"resolution_bucket": chance.choice(BUCKETS) if done else ""}
                | {"resolution_class": chance.choice(CLASSES) if done else ""}
                | {"story_points": self._maybe(3.0) if done else None, "resolution_hours": hours}
            )
        logged = {"issue": "P-1", "seconds": chance.randrange(60, 9000), "billable_seconds": None}
        who = {"day": day, "person": chance.choice(self.people)}
        self.tables["work_worklogs"].append(who | self._kind() | logged)

    def _kind(self) -> Row:
        chance = self.random
        return {
            "project": chance.choice(("PAY", "SEA")),
            "issue_type": chance.choice(("Bug", "Story", "")),
            "priority": chance.choice(("High", "Low")),
        }

    def _rest(self, day: dt.date) -> None:
        chance = self.random
        who = {"day": day, "person": chance.choice(self.people)}
        answer = {"survey": "q3", "question": chance.choice("ab"), "score": 4.0, "scale_max": None}
        self.tables["work_surveys"].append(who | answer)
        nanos = chance.randrange(10**12)
        self.tables["bills"].append(
            who
            | {"assistant": "claude-code", "provider": "anthropic", "bill_source": "report"}
            | {"cost_type": "tokens", "model": "", "token_type": "", "workspace": "w"}
            | {"currency": "USD", "final": True, "amount_nanos": nanos, "usd_nanos": nanos}
        )
