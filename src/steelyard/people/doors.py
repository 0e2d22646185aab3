"""What may be asked about people, whoever answers: the house itself or a running server."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from steelyard.people.coverage import Coverage
    from steelyard.people.listing import Listed, Shown
    from steelyard.people.review import Choice, Review
    from steelyard.state.decision import Decision


class PeopleDoors(Protocol):
    """Each returns frozen dataclasses, so that they travel between processes."""

    def people_list(self, day: dt.date) -> tuple[Listed, ...]: ...
    def people_show(self, text: str) -> Shown: ...
    def people_coverage(self, day: dt.date) -> Coverage: ...
    def people_review(self, limit: int) -> Review: ...
    def people_decide(self, choice: Choice, by: str) -> Decision: ...
