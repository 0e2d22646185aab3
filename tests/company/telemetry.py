"""The company's assistant sessions as bodies a real client sent, under other names and times.

Every session repeats one recorded session of a signed-in account; only who, which and when differ.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from pathlib import Path

from steelyard.receiver.body import NewBody
from steelyard.receiver.content import strip
from tests.company.script import Company, MadeSession

SCENARIO = "claude-code/28-signed-in-account-http-json"
_EMAIL, _UUID = "dev@example.com", "11111111-2222-4333-8444-555555555555"
_ACCOUNT = "user_0137EWfXHPPeDwCqkCAyqKNk"
_NANOS = re.compile(r'"(1\d{18})"')
_ISO = re.compile(r"2026-11-22T\d\d:\d\d:\d\d\.\d+Z")
_MODEL = "claude-opus-5-5"
MODEL = "claude-opus-5"  # the recorded one had no list price yet in the company's half year
_IDS = re.compile(r"\b(toolu_|req_|msg_)(\w+)")


def account_of(email: str) -> str:
    """The vendor's account id of a person."""
    return "user_01" + email.partition("@")[0].replace(".", "").replace("-", "")


def bodies(company: Company, recordings: Path) -> Iterator[NewBody]:
    """Logs and metrics of every session, as the receiver would have stored them."""
    folder = recordings / SCENARIO
    manifest = json.loads((folder / "manifest.json").read_bytes())
    recorded = manifest["runs"][0]["session_id"]
    for request in manifest["requests"]:
        text = (folder / request["file"]).read_text()
        for session in company.sessions:
            payload = _retold(text, recorded, session).encode()
            yield NewBody(request["signal"], "json", strip(request["signal"], "json", payload))


def cost_usd(recordings: Path) -> float:
    """What one session costs, by the recording's own ledger."""
    return _wire(recordings)["api_request_events_by_model"][_MODEL]["cost_usd"]


def tokens(recordings: Path) -> dict[str, int]:
    told = _wire(recordings)["api_request_events_by_model"][_MODEL]
    return {kind: told[kind] for kind in ("input", "output", "cacheRead", "cacheCreation")}


def _wire(recordings: Path) -> dict:  # type: ignore[type-arg]
    return json.loads((recordings / SCENARIO / "expected.json").read_bytes())["on_the_wire"]


def _retold(text: str, recorded: str, session: MadeSession) -> str:
    first = int(min(_NANOS.findall(text)))
    shift = int(session.at.timestamp()) * 10**9 - first
    text = text.replace(recorded, session.session).replace(_EMAIL, session.person)
    text = text.replace(_ACCOUNT, account_of(session.person)).replace(_UUID, "")
    text = text.replace(_MODEL, MODEL)
    text = _IDS.sub(rf"\g<1>\g<2>{session.session[-6:]}", text)
    text = _NANOS.sub(lambda found: f'"{int(found[1]) + shift}"', text)
    return _ISO.sub(lambda found: _shifted(found[0], shift), text)


def _shifted(written: str, shift: int) -> str:
    moment = dt.datetime.fromisoformat(written) + dt.timedelta(microseconds=shift // 1000)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
