"""The door for browsers and programs: pages and a JSON API over `metrics.ask`.

A page parses its address into Questions and renders their Answers; no number that the catalogue
defines is computed here. Importing this package loads neither FastAPI nor Altair.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from steelyard.web.access import Doorman
    from steelyard.web.app import create_app

__all__ = ["Doorman", "create_app"]


def __getattr__(name: str) -> Any:
    if name == "Doorman":
        from steelyard.web.access import Doorman

        return Doorman
    if name == "create_app":
        from steelyard.web.app import create_app

        return create_app
    raise AttributeError(name)
