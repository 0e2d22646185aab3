"""What the status tells while the warehouse cannot be read."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from tests.app.bodies import week

from steelyard.app import services
from steelyard.app.services import ServerServices
from steelyard.errors import StoreError

if TYPE_CHECKING:
    from steelyard.app.house import House
    from steelyard.app.reception import Reception


def test_it_tells_what_was_known_last_and_the_trouble(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "_STATUS_SECONDS", -1.0)
    seen = ServerServices(house, (), cast("Reception", SimpleNamespace(trouble="")))
    house.inbox.put(week())
    house.settle()
    before = seen.status()
    assert before.assistants and not before.trouble
    house.inbox.put(week())
    house.warehouse.close()
    after = seen.status()
    assert (after.assistants, after.data_version) == (before.assistants, before.data_version)
    assert "cannot be read" in after.trouble
    assert after.inbox.repeated > before.inbox.repeated == 0
    house.reopen()
    assert not seen.status().trouble


def test_it_is_refused_where_nothing_was_ever_known(house: House) -> None:
    seen = ServerServices(house, (), cast("Reception", SimpleNamespace(trouble="")))
    house.warehouse.close()
    with pytest.raises(StoreError, match="cannot be read"):
        seen.status()
    house.reopen()
