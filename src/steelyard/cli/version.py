"""`steelyard version`."""

from __future__ import annotations

from steelyard.cli import talk
from steelyard.cli.layout import examples
from steelyard.cli.options import Format

EXAMPLES = examples("steelyard version", "steelyard version --format json")


def version(format: Format = "table") -> None:
    """Print the version of Steelyard and of what it runs on."""
    import platform
    from importlib.metadata import version as installed

    from steelyard import __version__

    found = {
        "steelyard": __version__,
        "python": platform.python_version(),
        "duckdb": installed("duckdb"),
        "platform": platform.platform(terse=True),
    }
    if format == "json":
        talk.print_json(found)
        return
    for name, value in found.items():
        print(name, value)
