"""From an empty folder to the first figure, the way a newcomer sees it."""

from __future__ import annotations

import html
from pathlib import Path

from tests.recorded import FOLDER, Recording
from tests.server.running import get, running, until
from tests.server.sending import recorded, send_all

from steelyard.web.formats import money

SCENARIO = "claude-code/02-edits-accepted-http-json"
PAGE = {"Accept": "text/html"}


def test_the_pages_show_the_first_recording(recordings: Path, tmp_path: Path) -> None:
    recording = Recording(FOLDER / "recordings" / SCENARIO)
    day = recording.manifest["recorded"][:10]
    spend = money(sum(recording.reported_usd().values()))
    with running(tmp_path / "data") as server:
        assert "Waiting for the first event" in get(server.web + "/get-started", **PAGE)[1]
        send_all(server, recorded(recording))
        started = until(
            lambda: shows(server.web + "/get-started", "is reporting"), "Get started sees it"
        )
        assert recording.happened["sessions"][0][:8] in started
        address = f"{server.web}/spend?from={day}&to={day}"
        assert until(lambda: shows(address, spend), f"the Spend page shows {spend}")


def shows(address: str, text: str) -> str:
    """The page, once it has the text."""
    code, page = get(address, **PAGE)
    assert code == 200
    return page if text in html.unescape(page) else ""
