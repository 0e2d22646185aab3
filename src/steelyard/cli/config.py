"""`steelyard config`: the settings in force, where each came from, and whether they are right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.cli import talk
from steelyard.cli.layout import examples
from steelyard.cli.options import Data, Format, settings

if TYPE_CHECKING:
    from steelyard.config import Settings

SHOW_EXAMPLES = examples("steelyard config show", "steelyard config show --format json")
VALIDATE_EXAMPLES = examples(
    "steelyard config validate", "STEELYARD_CONFIG=./steelyard.toml steelyard config validate"
)


def show(data: Data = None, format: Format = "table") -> None:
    """Print every setting with its value and where the value came from."""
    rows = _rows(settings(data))
    if format == "json":
        talk.print_json(rows)
        return
    talk.print_rows([tuple(row.values()) for row in rows.values()])


def validate(data: Data = None, format: Format = "table") -> None:
    """Check the settings file and the environment. Exits 2 and says why when something is wrong."""
    from steelyard.config import config_file, unknown_variables

    found = settings(data)
    path = config_file(found.data)
    warnings = [
        f"{name} is no setting." + (f" Did you mean {near}?" if near else "")
        for name, near in unknown_variables().items()
    ]
    if format == "json":
        talk.print_json({"valid": True, "file": path, "warnings": warnings})
        return
    for warning in warnings:
        talk.say(f"Warning: {warning}")
    print(f"The settings are valid ({path or 'no settings file'}).")


def _rows(found: Settings) -> dict[str, dict[str, str]]:
    from steelyard.config import shown

    filled = {"warehouse": found.warehouse_url, "state": found.state_url}
    return {
        name: {
            "name": name,
            "value": shown(name, filled.get(name, getattr(found, name))),
            "from": origin,
        }
        for name, origin in found.provenance().items()
    }
