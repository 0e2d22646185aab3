"""One warehouse for all tests of people; each begins with it empty."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.people.world import Company


@pytest.fixture(scope="session")
def shared_company() -> Iterator[Company]:
    company = Company()
    yield company
    company.warehouse.close()


@pytest.fixture
def company(shared_company: Company) -> Company:
    shared_company.forget()
    return shared_company
