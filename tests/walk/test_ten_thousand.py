from __future__ import annotations

import pytest

from tests.walk.walking import OF_ONE, Open, address, fixed, look, read

PEOPLE, WEEKS = 10_000, 4
pytestmark = pytest.mark.browser


@pytest.mark.parametrize("path", [*fixed(), *OF_ONE])
def test_in_light_in_dark_on_a_phone_and_on_paper(web: str, open_page: Open, path: str) -> None:
    look(open_page, address(web, path))


@pytest.mark.parametrize("path", [*fixed(), *OF_ONE])
def test_without_script(web: str, open_page: Open, path: str) -> None:
    read(open_page, address(web, path))
