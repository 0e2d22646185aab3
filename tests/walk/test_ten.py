from __future__ import annotations

import pytest

from tests.walk.walking import OF_ONE, Open, address, fixed, look, read, unwalked

PEOPLE, WEEKS = 10, 6
pytestmark = pytest.mark.browser
# Ten people are too few for a study.
PATHS = [*fixed(), *(path for path in OF_ONE if not path.startswith("/impact"))]


@pytest.mark.parametrize("path", PATHS)
def test_in_light_in_dark_on_a_phone_and_on_paper(web: str, open_page: Open, path: str) -> None:
    look(open_page, address(web, path))


@pytest.mark.parametrize("path", PATHS)
def test_without_script(web: str, open_page: Open, path: str) -> None:
    read(open_page, address(web, path))


def test_no_page_is_left_out() -> None:
    assert unwalked() == {"/first-account", "/settings/accounts/{account}"}  # with a browser's own
