from __future__ import annotations

import pytest

from tests.walk.walking import Open, address, look, read, sized

PEOPLE, WEEKS = 400, 4
pytestmark = pytest.mark.browser


@pytest.mark.parametrize("path", sized())
def test_in_light_in_dark_on_a_phone_and_on_paper(web: str, open_page: Open, path: str) -> None:
    look(open_page, address(web, path))


@pytest.mark.parametrize("path", sized())
def test_without_script(web: str, open_page: Open, path: str) -> None:
    read(open_page, address(web, path))
