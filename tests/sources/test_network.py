"""HTTP for sources: it waits as asked, tries again, explains, and keeps secrets at home."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import httpx
import pytest
from tests.standins.server import Answer, Request, serving

from steelyard.errors import SourceChanged, SourceDenied, SourceLimited, TimedOut, Unreachable
from steelyard.sources.network import Network

NOON = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


def patient(pauses: list[float], **more: object) -> Network:
    return Network(pause=pauses.append, clock=lambda: NOON, **more)  # type: ignore[arg-type]


def saying(*data: object) -> Callable[[Request], Answer]:
    return lambda request: Answer({"path": request.path, "said": list(data)})


@pytest.mark.parametrize(
    ("headers", "status", "expected"),
    [
        ({"retry-after": "7"}, 429, 7.0),
        ({"retry-after": "Mon, 01 Jun 2026 12:00:20 GMT"}, 503, 20.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1780315230"}, 403, 31.0),
        ({"x-rate-limit-remaining": "0", "x-rate-limit-reset": "40"}, 429, 41.0),
    ],
)
def test_it_waits_as_long_as_it_is_asked_to(
    headers: dict[str, str], status: int, expected: float
) -> None:
    pauses: list[float] = []
    with serving(saying("well")) as there, patient(pauses).client(there.url) as http:
        there.trouble = [Answer({"message": "slow down"}, status, headers)]
        assert http.get("/a").data["said"] == ["well"]
    assert pauses == [pytest.approx(expected)]


def test_trouble_is_tried_again_with_growing_pauses_and_then_told() -> None:
    pauses: list[float] = []
    with serving(saying("well")) as there, patient(pauses, attempts=4).client(there.url) as http:
        there.trouble = [Answer(status=502), Answer(status=500), Answer(cut=True, data="x" * 50)]
        assert http.get("/a").status == 200
        assert len(pauses) == 3 and pauses[0] < pauses[2]
        there.trouble = [Answer(status=500)] * 4
        with pytest.raises(Unreachable, match="answers 500 again and again"):
            http.get("/a")


def test_a_limit_that_lasts_too_long_ends_the_run_and_says_until_when() -> None:
    pauses: list[float] = []
    with serving(saying()) as there, patient(pauses, longest_wait=60).client(there.url) as http:
        there.trouble = [Answer(None, 429, {"retry-after": "3600"})]
        with pytest.raises(SourceLimited, match="asks to wait 3600 s"):
            http.get("/a")
    assert pauses == []


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [(401, SourceDenied, "does not accept the token"), (403, SourceDenied, "read:org")],
)
def test_refusals_say_what_is_missing(status: int, error: type[SourceDenied], words: str) -> None:
    with serving(saying()) as there, patient([]).client(there.url) as http:
        headers = {"x-accepted-oauth-scopes": "read:org"}
        there.trouble = [Answer({"message": "No."}, status, headers)]
        with pytest.raises(error) as caught:
            http.get("/teams")
    assert words in f"{caught.value.message} {caught.value.hint}"


def test_a_page_that_is_not_json_is_named() -> None:
    with serving(saying()) as there, patient([]).client(there.url) as http:
        there.trouble = [Answer(raw=b"<html>Sign in</html>")]
        with pytest.raises(SourceChanged, match="not JSON"):
            http.get("/a")


def test_a_next_page_elsewhere_is_refused_and_a_redirect_gets_no_secret() -> None:
    with (
        serving(saying("there")) as elsewhere,
        serving(saying()) as here,
        patient([]).client(here.url, headers={"x-api-key": "s3cret"}) as http,
    ):
        here.trouble = [Answer([], 200, {"link": f'<{elsewhere.url}/2>; rel="next"'})]
        with pytest.raises(SourceChanged, match="not configured"):
            list(http.by_link("/1"))
        assert elsewhere.seen == []
        here.trouble = [Answer(None, 302, {"location": f"{elsewhere.url}/moved"})]
        assert http.get("/1").data["path"] == "/moved"
        assert "x-api-key" not in elsewhere.seen[0].headers
        assert http.get("/1").status == 200
        assert here.seen[-1].headers["x-api-key"] == "s3cret"


def test_a_clock_that_is_far_off_is_noticed() -> None:
    network = patient([])
    with serving(saying()) as there, network.client(there.url) as http:
        there.trouble = [Answer([], 200, {"date": "Mon, 01 Jun 2026 12:30:00 GMT"})]
        http.get("/a")
    assert network.skew == dt.timedelta(minutes=30)


def test_silence_ends_in_time_and_a_closed_port_is_named() -> None:
    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("silent", request=request)

    network = patient([], attempts=2, transport=httpx.MockTransport(silent))
    with network.client("http://127.0.0.1:9") as http, pytest.raises(TimedOut, match="30 s"):
        http.get("/a")
    with (
        patient([], attempts=2).client("http://127.0.0.1:9") as http,
        pytest.raises(Unreachable, match="cannot be reached"),
    ):
        http.get("/a")
