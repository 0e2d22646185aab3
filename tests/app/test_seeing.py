"""What each viewer gets of the running server, by real requests: pages' data, CSV, Parquet, API."""

from __future__ import annotations

import datetime as dt
import io
import stat
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal, cast

import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient
from tests.web.signing import PASSWORD, QUICK, SITE, sign_in
from tests.web.world import insert

from steelyard.app.house import House
from steelyard.app.seeing import below, read_key
from steelyard.app.services import ServerServices
from steelyard.app.shown import build_what_is_shown
from steelyard.config import Settings
from steelyard.errors import StoreError
from steelyard.metrics import Question
from steelyard.metrics.questions import Terms
from steelyard.metrics.sight import SMALL, NotShown
from steelyard.state.accounts import Accounts
from steelyard.web.app import create_app
from steelyard.web.doorman import Doorman
from steelyard.web.viewer import Viewer, current

if TYPE_CHECKING:
    from steelyard.app.reception import Reception

DAY = dt.date(2026, 11, 2)
NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
ALWAYS = {"valid_from": dt.date(2024, 1, 1), "valid_to": dt.date(9999, 12, 31)}
TEAMS = {"pay": ("boss", 6), "search": ("other", 6), "legal": ("chief", 3)}
PERIOD = f"from={DAY}&to={DAY}"
Shown = Literal["groups", "pseudonyms", "names"]


def company(house: House) -> None:
    people = [{"person": "boss", "manager": "chief", "team": "pay"}]
    people += [{"person": "other", "manager": "chief", "team": "search"}]
    people += [
        {"person": f"{team}{n}", "manager": manager, "team": team}
        for team, (manager, size) in TEAMS.items()
        for n in range(size)
    ]
    insert(house.warehouse, "people", (ALWAYS | each for each in people))
    usage = [
        {"person": each["person"], "day": DAY, "session": f"s-{each['person']}", "tokens": 2**n}
        | {"token_type": "input", "list_nanos": 0, "input_nanos": 0, "unpriced_tokens": 0}
        | {"repo": "acme/legal" if each["team"] == "legal" else "acme/app"}
        for n, each in enumerate(people)
    ]
    insert(house.warehouse, "usage", usage)
    worked = {"worked": True, "by_telemetry": True, "by_transcript": False}
    numbers = ("prompts", "requests", "tool_calls", "api_errors", "person_rejections", "tokens")
    numbers += ("accepted_edits", "approved_edits", "edit_decisions", "commits", "pull_requests")
    zeros = dict.fromkeys((*numbers, "active_seconds"), 0)
    kept = ("person", "day", "session", "repo")
    days = [{name: row[name] for name in kept} | worked | zeros for row in usage]
    insert(house.warehouse, "session_days", days)
    build_what_is_shown(house.warehouse, house.settings, NOW)


class Site:
    """A server over a folder, whose accounts sign in."""

    def __init__(self, folder: Path, shown: Shown = "groups") -> None:
        self.house = House(Settings(data=folder, people_shown=shown, require_token=True))
        company(self.house)
        nothing = cast("Reception", SimpleNamespace(trouble=""))  # nothing is received here
        self.services = ServerServices(self.house, (), nothing)
        doorman = Doorman(self.house.state, True, passwords=QUICK)
        self.app = create_app(self.services, doorman)
        self.accounts = Accounts(self.house.state, passwords=QUICK)

    def client(self, role: str, person: str = "") -> TestClient:
        email = f"{role}-{person}@acme.example"
        account = self.accounts.create(email, role, role, person)
        self.accounts.set_password(account.id, PASSWORD)
        found = TestClient(self.app, SITE, follow_redirects=False)
        assert sign_in(found, email).status_code == 303
        return found


@pytest.fixture(params=["groups"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    found = Site(tmp_path, request.param)
    yield found
    found.house.close()


names = pytest.mark.parametrize("site", ["names"], indirect=True)
pseudonyms = pytest.mark.parametrize("site", ["pseudonyms"], indirect=True)


def ask(client: TestClient, query: str) -> Any:
    return client.get(f"/api/v1/ask?metrics=tokens&{PERIOD}&{query}").json()


def tokens(client: TestClient, query: str) -> dict[str, Any]:
    by = query.partition("by=")[2].partition("&")[0]
    return {row[by]: row["tokens"] for row in ask(client, query)["rows"]}


def persons(site: Site) -> dict[str, int]:
    rows = site.house.ask(Question(("tokens",), DAY, DAY, ("person",))).rows
    return {str(person): int(str(number)) for person, number in rows}


def refused(client: TestClient, query: str) -> bool:
    answer = client.get(f"/api/v1/ask?metrics=tokens&{PERIOD}&{query}")
    return answer.status_code == 403 and answer.json()["error"]["code"] == "not_shown"


@pytest.mark.parametrize("role", ["admin", "finance", "manager", "member"])
def test_as_it_comes_all_roles_see_groups_and_nobody_but_themselves(site: Site, role: str) -> None:
    client, real = site.client(role, "pay1"), persons(site)
    by_team = tokens(client, "by=team")
    assert set(by_team) == {"pay", SMALL} or set(by_team) == {"search", SMALL}
    assert sum(by_team.values()) == sum(real.values())
    assert tokens(client, "by=person") == {"pay1": real["pay1"]}
    assert refused(client, "by=person&where.person=pay2")
    assert refused(client, "by=person&where.person=nobody-such")
    assert refused(client, "by=day&where.team=pay&where.repo=acme/app")
    assert set(tokens(client, "by=session")) == {"s-pay1"}


def test_files_hold_no_more_than_the_page(site: Site) -> None:
    client = site.client("admin", "")
    query = f"/api/v1/ask?metrics=tokens&{PERIOD}&by=team"
    expected = tokens(client, "by=team")
    lines = client.get(f"{query}&format=csv").text.splitlines()[1:]
    assert {line.split(",")[0]: int(line.split(",")[1]) for line in lines} == expected
    table = pq.read_table(io.BytesIO(client.get(f"{query}&format=parquet").content)).to_pylist()
    assert {row["team"]: row["tokens"] for row in table} == expected
    for kind in ("csv", "parquet", "json"):
        asked = f"by=team&where.role=x&{PERIOD}"
        for path in (f"/api/v1/ask?metrics=tokens&format={kind}&", f"/spend.{kind}?"):
            answer = client.get(f"{path}{asked}")
            assert answer.status_code in (403, 404), path  # 404: not every page has every format
            content = client.get(f"{path}by=person&{PERIOD}").content
            assert not any(name.encode() in content for name in persons(site)), path
    told = client.get(f"/spend.json?by=team&{PERIOD}").text
    assert SMALL[1:] in told and "legal" not in told


def test_pages_offer_only_what_has_an_answer(site: Site) -> None:
    client = site.client("admin")
    page = client.get(f"/spend?by=team&{PERIOD}", headers={"accept": "text/html"})
    assert page.status_code == 200
    assert "by=person" not in page.text and "by=manager" not in page.text
    assert "Small groups together" in page.text


def test_rare_values_of_work_are_one(site: Site) -> None:
    client = site.client("member")
    assert set(tokens(client, "by=repo")) == {SMALL}  # three people alone would be told apart
    assert refused(client, "by=repo,team")


@names
def test_with_names_admins_see_all_and_managers_their_own(site: Site) -> None:
    real = persons(site)
    assert tokens(site.client("admin"), "by=person") == real
    assert set(tokens(site.client("admin", "pay0"), "by=team")) == {"pay", "search", "legal"}
    boss = site.client("manager", "boss")
    own = {name: real[name] for name in real if name.startswith("pay") or name == "boss"}
    assert tokens(boss, "by=person") == own
    assert refused(boss, "by=person&where.person=search1")
    assert "legal" not in tokens(boss, "by=team")
    chief = site.client("manager", "chief")
    assert tokens(chief, "by=person") == real
    assert tokens(site.client("finance", "pay1"), "by=person") == {"pay1": real["pay1"]}
    assert tokens(site.client("finance"), "by=person") == {}
    said = ask(boss, "by=person")["warnings"]
    assert "own_people" in {note["code"] for note in said}


@names
def test_nobody_gets_what_was_remembered_for_another(site: Site) -> None:
    admin, member = site.client("admin"), site.client("member", "pay1")
    for _ in range(2):
        assert len(tokens(admin, "by=person")) == 17
        assert len(tokens(member, "by=person")) == 1
        assert "legal" in tokens(admin, "by=team")
        assert "legal" not in tokens(member, "by=team")


@pseudonyms
def test_pseudonyms_are_stable_and_name_nobody(site: Site) -> None:
    real, admin = persons(site), site.client("admin", "pay1")
    found = tokens(admin, "by=person")
    assert sorted(found.values()) == sorted(real.values())
    assert not set(found) & set(real)
    assert tokens(admin, "by=person") == found
    some = next(iter(found))
    assert tokens(admin, f"by=person&where.person={some}") == {some: found[some]}
    assert tokens(admin, "by=person&where.person=pay1") == {"pay1": real["pay1"]}
    assert not any(tokens(admin, "by=person&where.person=pay2").values())
    assert refused(admin, "by=person,team") and refused(admin, "by=person&where.role=x")
    assert len(tokens(site.client("manager", "boss"), "by=person")) == 7
    path = site.house.settings.pseudonym_key_path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.unlink()
    assert not set(tokens(site.client("admin"), "by=person")) & set(found)


def test_a_key_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "pseudonym.key"
    assert read_key(path) == read_key(path) and len(read_key(path)) == 32
    path.write_text("short")
    with pytest.raises(StoreError, match="pseudonyms"):
        read_key(path)


def test_without_a_viewer_least_is_seen(site: Site) -> None:
    """A thread that nobody's request began, or a page that forgot: groups, and nobody."""
    with pytest.raises(NotShown):
        site.services.ask(Question(("tokens",), DAY, DAY, ("person",)))
    rows = site.services.ask(Question(("tokens",), DAY, DAY, ("team",))).rows
    assert "legal" not in {row[0] for row in rows}
    assert site.services.people_unmatched() == ()
    listed = site.services.people_list(DAY)
    assert {each.last_work for each in listed} == {None}
    assert SMALL in {each.team for each in listed} and "legal" not in {e.team for e in listed}


def test_named_questions_show_groups_only(site: Site) -> None:
    token = current.set(Viewer("admin"))
    try:
        for name in ("roi", "stuck", "pricing", "experience"):
            told = site.services.answer_question(name, Terms(DAY, DAY)).csv()
            assert "legal" not in told, name
        with pytest.raises(NotShown, match="not shown by itself"):
            site.services.answer_question("roi", Terms(DAY, DAY, (("team", ("legal",)),)))
        with pytest.raises(NotShown):
            terms = Terms(DAY, DAY, (("role", ("x",)), ("team", ("pay",))))
            site.services.answer_question("roi", terms)
        with pytest.raises(NotShown):
            site.services.answer_question("roi", Terms(DAY, DAY, (("person", ("pay1",)),)))
    finally:
        current.reset(token)


def test_until_groups_are_built_nothing_of_them_is_shown(site: Site) -> None:
    with site.house.warehouse.transaction() as cursor:
        cursor.execute("delete from shown_built")
        cursor.execute("update data_version set version = version + 1")
    client = site.client("admin")
    answer = client.get(f"/api/v1/ask?metrics=tokens&{PERIOD}&by=team")
    assert answer.status_code == 503
    assert "not built yet" in answer.json()["error"]["message"]


def test_whoever_holds_the_folder_sees_everything(site: Site) -> None:
    assert len(persons(site)) == 17


def test_a_line_of_managers_that_runs_in_a_circle_ends(site: Site) -> None:
    rows = [{"person": a, "manager": b} for a, b in (("x", "y"), ("y", "x"), ("z", "y"))]
    insert(site.house.warehouse, "people", (ALWAYS | row for row in rows))
    assert below(site.house.warehouse, "x", DAY) == {"y", "z"}
