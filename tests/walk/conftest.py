from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("tests.walk.walking")
from tests.walk.walking import company  # noqa: E402
from tests.web.test_browser import browser, open_page  # noqa: E402

__all__ = ["browser", "open_page"]


@pytest.fixture(scope="module")
def web(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server over the module's company of PEOPLE."""
    folder = tmp_path_factory.mktemp("walk")
    running = company(folder / "data", request.module.PEOPLE, request.module.WEEKS)
    try:
        yield running.web
    finally:
        running.stop()
