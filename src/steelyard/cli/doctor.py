"""`steelyard doctor`: is everything in order, and if not, what to do."""

from __future__ import annotations

import typer

from steelyard.cli import talk
from steelyard.cli.layout import examples
from steelyard.cli.options import Data, Format, settings

EXAMPLES = examples("steelyard doctor", "steelyard doctor --format json")


def doctor(data: Data = None, format: Format = "table") -> None:
    """Check settings, data folder, databases, ports and telemetry. Exits 1 when a check fails."""
    from steelyard.app.examine import examine

    checks = examine(settings(data))
    if format == "json":
        talk.print_json({"checks": checks})
    else:
        for check in checks:
            print(f"{check.status:<5} {check.name}: {check.message}")
            if check.hint and check.status != "ok":
                print(f"      {check.hint}")
    if any(check.status == "fail" for check in checks):
        raise typer.Exit(1)
