"""HTTP for sources: one client per system that waits, retries and explains.

Rate limits are waited out as the server asks (Retry-After, x-ratelimit-reset), trouble of the
network and 5xx answers are tried again with growing pauses; what remains becomes an error that a
person can act on. Every size, time and number of tries is bounded.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import tenacity

import steelyard
from steelyard.errors import SourceChanged, SourceLimited, SteelyardError, TimedOut, Unreachable
from steelyard.sources.replies import (
    BROKEN,
    body_of,
    date_of,
    is_limit,
    json_of,
    raise_graphql,
    refusal,
    wait_of,
)

_AGENT = f"Steelyard/{steelyard.__version__}"
_RETRIED = frozenset({408, 429, 500, 502, 503, 504, 529})
_SKEW = dt.timedelta(minutes=5)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass
class Network:
    """What a run lends its sources: patience, a clock for rate limits, and a way to be stopped.

    `skew` is how far the last system's clock was from ours, when that is more than five minutes.
    """

    attempts: int = 6
    longest_wait: float = 900.0  # seconds; a limit that lasts longer ends the stream for now
    timeout: float = 30.0
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], dt.datetime] = _now
    transport: httpx.BaseTransport | None = None
    skew: dt.timedelta = field(default_factory=dt.timedelta)

    def client(
        self,
        base_url: str,
        *,
        auth: httpx.Auth | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Http:
        """A client of one system; close it, or use it as a context."""
        return Http(self, base_url, auth, headers or {})


@dataclass(frozen=True)
class Reply:
    """An answer that succeeded: its JSON and what paging may need of the rest."""

    data: Any
    headers: Mapping[str, str]
    links: Mapping[str, str]  # rel → URL
    status: int


class Http:
    """Calls to one system; JSON in, JSON out."""

    def __init__(
        self, network: Network, base_url: str, auth: httpx.Auth | None, headers: Mapping[str, str]
    ) -> None:
        self.network = network
        self.client = httpx.Client(
            base_url=base_url,
            auth=auth,
            headers={"user-agent": _AGENT, "accept": "application/json", **headers},
            timeout=network.timeout,
            transport=network.transport,
            follow_redirects=True,
            event_hooks={"request": [self._keep_secrets]},
        )
        self.host = self.client.base_url.host
        self._own = frozenset(name.lower() for name in headers)

    def get(self, path: str, params: Any = None, **more: Any) -> Reply:
        return self.send("GET", path, params=params, **more)

    def post(self, path: str, json: Any = None, **more: Any) -> Reply:
        return self.send("POST", path, json=json, **more)

    def send(
        self, method: str, path: str, *, tries: int = 0, partly: bool = False, **more: Any
    ) -> Reply:
        """One call, tried again while that helps. `path` may be a whole URL (a next link).

        `tries` bounds how often trouble is met before the caller asks for less (limits are waited
        out all the same); `partly` leaves GraphQL's errors in the answer to the caller.

        Raises SourceDenied, SourceLimited, SourceChanged, SourceError (another 4xx; `status` is on
        it), Unreachable or TimedOut.
        """
        self._refuse_elsewhere(path)
        network = self.network
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type((_Again, httpx.TransportError)),
            stop=self._enough(tries or network.attempts),
            wait=self._wait,
            sleep=network.pause,
            reraise=True,
        )
        try:
            return retrying(self._once, method, path, partly, more)
        except _Again as again:
            raise self._limited(again.response) from None
        except httpx.TimeoutException:
            raise TimedOut(
                f"{self.host} did not answer within {network.timeout:g} s.", "Try again later."
            ) from None
        except httpx.TransportError as error:
            raise Unreachable(
                f"{self.host} cannot be reached: {error}.", "Check the address and the network."
            ) from None

    def graphql(self, path: str, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The `data` of a GraphQL answer; errors in an HTTP 200 raise like others do."""
        reply = self.send("POST", path, json={"query": query, "variables": dict(variables)})
        data = reply.data.get("data") if isinstance(reply.data, dict) else None
        if not isinstance(data, dict):
            raise SourceChanged(f"{self.host} answered GraphQL without data.", "Try again later.")
        return data

    def graphql_partly(
        self, path: str, query: str, variables: Mapping[str, Any], tries: int = 0
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The `data` there is, {} for none, and the errors: what one node lacks stops no other."""
        asked = {"query": query, "variables": dict(variables)}
        reply = self.send("POST", path, tries=tries, partly=True, json=asked)
        said = reply.data if isinstance(reply.data, dict) else {}
        errors = [error for error in said.get("errors") or () if isinstance(error, dict)]
        if "data" not in said and not errors:
            raise SourceChanged(f"{self.host} answered GraphQL without data.", "Try again later.")
        return said.get("data") or {}, errors

    def by_link(self, path: str, params: Any = None) -> Iterator[Reply]:
        """Pages that name the next one in a Link header."""
        reply = self.get(path, params)
        yield reply
        while following := reply.links.get("next"):
            reply = self.get(following)
            yield reply

    def _once(self, method: str, path: str, partly: bool, more: dict[str, Any]) -> Reply:
        with self.client.stream(method, path, **more) as response:
            body = body_of(response)
            self._mind_clock(response)
            data = json_of(body)
            if response.status_code in _RETRIED or is_limit(response, data):
                raise _Again(response)
            if response.status_code == 400:
                raise_graphql(self.host, data)
            if response.is_error:
                raise self._error(response, data)
            if data is BROKEN:
                raise SourceChanged(
                    f"{self.host} answered {path.split('?')[0]} with something that is not JSON.",
                    "Check the address: a proxy or a sign-in page may stand in between.",
                )
            if not partly:
                raise_graphql(self.host, data)
            links = {str(rel): str(link.get("url", "")) for rel, link in response.links.items()}
            return Reply(data, response.headers, links, response.status_code)

    def _enough(self, tries: int) -> Callable[[tenacity.RetryCallState], bool]:
        """Trouble is met `tries` times; a limit passes, so it is waited out as often as allowed."""

        def stop(state: tenacity.RetryCallState) -> bool:
            error = state.outcome.exception() if state.outcome else None
            limited = isinstance(error, _Again) and error.response.status_code < 500
            return state.attempt_number >= (self.network.attempts if limited else tries)

        return stop

    def _refuse_elsewhere(self, path: str) -> None:
        """A next page on another host would be asked for with this one's token."""
        url = self.client.base_url.join(path)
        if _origin(url) != _origin(self.client.base_url):
            raise SourceChanged(
                f"{self.host} sends us on to {url.host}, which was not configured.",
                "Give the source the address that its answers name.",
            )

    def _keep_secrets(self, request: httpx.Request) -> None:
        """What we add for this system goes nowhere else, though it redirects us."""
        if _origin(request.url) != _origin(self.client.base_url):
            for name in self._own & set(request.headers):
                del request.headers[name]

    def _wait(self, state: tenacity.RetryCallState) -> float:
        """Seconds until the next try: what the server asks, else 1, 2, 4 … with jitter."""
        error = state.outcome.exception() if state.outcome else None
        asked = wait_of(error.response, self.network.clock()) if isinstance(error, _Again) else None
        if asked is None and isinstance(error, _Again) and error.response.status_code == 403:
            asked = 60.0 * 2 ** (state.attempt_number - 1)  # GitHub's advice where it names none
        if asked is None:
            return float(tenacity.wait_exponential_jitter(initial=1, max=60)(state))
        if asked > self.network.longest_wait:
            raise self._limited(error.response)  # type: ignore[union-attr]
        return asked

    def _limited(self, response: httpx.Response) -> SteelyardError:
        if response.status_code in (429, 403, 400) or response.status_code < 400:
            asked = wait_of(response, self.network.clock())
            until = f" It asks to wait {asked:.0f} s." if asked else ""
            reason = response.headers.get("ratelimit-reason", "")  # Atlassian's
            return SourceLimited(
                f"{self.host} limits our requests{f' ({reason})' if reason else ''}.{until}",
                "The next run goes on where this one stopped; a longer interval helps.",
            )
        return Unreachable(
            f"{self.host} answers {response.status_code} again and again.", "Try again later."
        )

    def _error(self, response: httpx.Response, data: Any) -> SteelyardError:
        """A refusal as an error, with the HTTP status on it."""
        error = refusal(self.host, response, data)
        error.status = response.status_code  # type: ignore[attr-defined]
        return error

    def _mind_clock(self, response: httpx.Response) -> None:
        if moment := date_of(response.headers.get("date", "")):
            off = moment - self.network.clock()
            self.network.skew = off if abs(off) > _SKEW else dt.timedelta()

    def close(self) -> None:
        self.client.close()

    def __enter__(self) -> Http:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class _Again(Exception):
    def __init__(self, response: httpx.Response) -> None:
        super().__init__(response.status_code)
        self.response = response


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
