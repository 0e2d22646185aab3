"""The source `okta` against a stand-in of an org, its API tokens and its service apps."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from joserfc.jwk import ECKey, KeySet, RSAKey
from tests.standins.okta import OktaOrg, user
from tests.standins.server import Answer, StandIn, serving

from steelyard.errors import ConfigError, SourceChanged, SourceDenied, SourceError, Unreachable
from steelyard.model import Membership, Person
from steelyard.sources import registry
from steelyard.sources.contract import Directory, Page, Source
from steelyard.sources.network import Network
from steelyard.sources.oauth import SignInRefused

NOW = dt.datetime(2026, 6, 1, 8, tzinfo=dt.UTC)
KEY = RSAKey.generate_key(2048, {"kid": "key-1"}, private=True)


class Acme:
    """An org behind a server, and a way to read it."""

    def __init__(self, org: OktaOrg, server: StandIn) -> None:
        self.org, self.server = org, server
        self.pauses: list[float] = []
        self.now = dt.datetime.now(dt.UTC)

    def source(self, **options: str) -> Source:
        said = {"org": self.server.url, **options}
        if "client_id" not in said:
            said.setdefault("token", "env:OKTA_TOKEN")
        network = Network(pause=self.pauses.append, clock=lambda: self.now)
        return registry.open_source("okta", said, network)

    def pages(self, stream: str, cursor: str | None = None, **options: str) -> list[Page]:
        return list(pages_of(self.source(**options), stream, cursor))

    def people(self, **options: str) -> dict[str, Person]:
        return persons(self.pages("people", **options))

    def calls(self, path: str) -> int:
        return sum(request.path == path for request in self.server.seen)


def pages_of(source: Source, stream: str, cursor: str | None = None) -> Iterator[Page]:
    found = next(each for each in source.streams() if each.name == stream)
    return found.pages(cursor, NOW)


def persons(pages: list[Page]) -> dict[str, Person]:
    found = [record for page in pages for record in page.records]
    assert len({record.key for record in found}) == len(found), "somebody came twice"
    return {record.key: record for record in found if isinstance(record, Person)}


@pytest.fixture
def acme(monkeypatch: pytest.MonkeyPatch) -> Iterator[Acme]:
    monkeypatch.setenv("OKTA_TOKEN", "ssws-1")
    monkeypatch.setenv("OKTA_KEY", json.dumps(KEY.as_dict(private=True)))
    org = OktaOrg(
        [
            user("00uA", "Ada Lovelace", managerId="00uC"),
            user("00uB", "Bob", manager="ADA@acme.com"),
            user("00uC", "Cleo"),
            user("00uD", "Dan", status="DEPROVISIONED"),
        ]
    )
    org.keys = KeySet([KEY])
    with serving(org) as server:
        org.url = server.url
        yield Acme(org, server)


APP = {"client_id": "0oa1", "private_key": "env:OKTA_KEY"}


def test_a_person_has_what_the_directory_says(acme: Acme) -> None:
    found = acme.people()
    assert found["00uA"] == Person(
        key="00uA",
        email="ada@acme.com",
        emails=("ada@acme.com",),
        name="Ada Lovelace",
        department="Engineering",
        role="Engineer",
        manager="00uC",
        city="Berlin",
        country="DE",
        company="Acme",
        employee_id="E-00uA",
        employee_type="Employee",
    )
    assert found["00uB"].manager == "00uA"
    assert found["00uD"].active is False
    assert found["00uD"].end_date == dt.date(2026, 5, 20)


def test_everybody_comes_once_over_many_pages_and_after_any_break(acme: Acme) -> None:
    acme.org.users = [
        user(f"{n:05}", f"p{n}", "DEPROVISIONED" if n % 10 == 3 else "ACTIVE", managerId="00000")
        for n in range(1_250)
    ]
    clean = acme.pages("people")
    assert len(persons(clean)) == 1_250
    assert acme.calls("/api/v1/users") == 7
    for stop in range(1, len(clean)):
        begun = list(zip(range(stop), pages_of(acme.source(), "people"), strict=False))
        again = acme.pages("people", begun[-1][1].cursor)
        before = {r.key: r for _, page in begun for r in page.records}
        assert before | persons(again) == persons(clean)


def test_a_second_pass_sees_moves_and_who_vanished(acme: Acme) -> None:
    acme.people()
    acme.org.users[1]["profile"]["manager"] = "cleo@acme.com"
    acme.org.remove("00uA")
    found = acme.people()
    assert found.keys() == {"00uB", "00uC", "00uD"}
    assert found["00uB"].manager == "00uC"


def test_somebody_who_leaves_between_the_two_lists_comes_once(acme: Acme) -> None:
    pages = pages_of(acme.source(), "people")
    first = next(pages)
    acme.org.users[0]["status"] = "DEPROVISIONED"
    assert len(persons([first, *pages])) == 4


def test_a_manager_is_an_id_a_login_or_an_address_and_never_a_name(acme: Acme) -> None:
    acme.org.users = [
        user("1", "Ada", login="alovelace"),
        user("2", "Bob", manager="Ada Lovelace", managerId="ALovelace"),
        user("3", "Cleo", manager="Ada"),
        user("4", "Dan", managerId="E-1"),
        user("5", "Eve", managerId="5"),
        user("6", "Fay", managerId="7"),
        user("7", "Gus", managerId="fay@acme.com"),
    ]
    pages = acme.pages("people")
    managers = {key: person.manager for key, person in persons(pages).items()}
    assert managers == {"1": "", "2": "1", "3": "", "4": "", "5": "", "6": "7", "7": "6"}
    assert any(": 3 people's" in note for page in pages for note in page.notes)


def test_addresses_join_only_those_whose_they_are(acme: Acme) -> None:
    acme.org.users = [
        user("1", "Ada", email="Ada.Lovelace@acme.com", secondEmail="home@x.net"),
        user("2", "Ada", login="ada-admin@acme.com", email="ada@acme.com"),
        user("3", "Bob", secondEmail="HOME@x.net"),
        user("4", "Cleo", login="cleo", email=None),
        user("5", "Old", "DEPROVISIONED", login="old5@acme.com", email="dan@acme.com"),
        user("6", "New", login="new6@acme.com", email="dan@acme.com"),
    ]
    pages = acme.pages("people")
    assert {key: person.emails for key, person in persons(pages).items()} == {
        "1": ("ada.lovelace@acme.com", "ada@acme.com"),
        "2": ("ada-admin@acme.com",),
        "3": ("bob@acme.com",),
        "4": (),
        "5": ("old5@acme.com",),
        "6": ("dan@acme.com", "new6@acme.com"),
    }
    assert any("home@x.net" in note for page in pages for note in page.notes)


@pytest.mark.parametrize(
    ("status", "active"),
    [("ACTIVE", True), ("LOCKED_OUT", True), ("PASSWORD_EXPIRED", True), ("RECOVERY", True),
     ("PROVISIONED", True), ("STAGED", False), ("SUSPENDED", False), ("DEPROVISIONED", False)],
)  # fmt: skip
def test_who_counts_as_here(acme: Acme, status: str, active: bool) -> None:
    acme.org.users = [user("1", status=status)]
    person = acme.people()["1"]
    assert person.active is active
    assert (person.end_date is None) is (status != "DEPROVISIONED")


def test_a_search_still_brings_leavers_and_the_managers_of_those_it_lets_in(acme: Acme) -> None:
    acme.org.users[2]["profile"]["userType"] = "Executive"
    acme.org.users[3]["profile"]["userType"] = "Contractor"
    acme.org.users.append(user("00uE", "Eve", "DEPROVISIONED", manager="No One"))
    found = acme.people(search='profile.userType eq "Employee"')
    assert found.keys() == {"00uA", "00uB", "00uC", "00uE"}
    assert found["00uA"].manager == "00uC"


def test_only_people_seen_and_everyone_above_them(acme: Acme) -> None:
    acme.org.users += [
        user("00uE", "Eve", manager="bob@acme.com", secondEmail="o\"b@x.net"),
        user("00uF", "Fay"),
    ]  # fmt: skip
    acme.org.users[2]["profile"]["managerId"] = "00uA"
    source = acme.source(scope="seen")
    assert source.streams() == []
    assert isinstance(source, Directory)
    asked = ["EVE@acme.com", 'o"b@x.net', *(f"p{n}@elsewhere.org" for n in range(12))]
    found = persons(list(source.look_up(asked)))
    assert {key: person.manager for key, person in found.items()} == {
        "00uE": "00uB",
        "00uB": "00uA",
        "00uA": "00uC",
        "00uC": "00uA",
    }


def test_looking_up_does_not_give_somebody_an_address_that_others_claim(acme: Acme) -> None:
    acme.org.users[2]["profile"]["secondEmail"] = "team@acme.com"
    acme.org.users[1]["profile"]["secondEmail"] = "team@acme.com"
    found = persons(list(acme.source(scope="seen").look_up(["cleo@acme.com"])))
    assert found.keys() == {"00uC"}
    assert found["00uC"].emails == ("cleo@acme.com",)
    assert list(acme.source().look_up(["cleo@acme.com"])) == []


def test_named_groups_are_teams(acme: Acme) -> None:
    acme.org.groups = [
        {"id": "g1", "type": "OKTA_GROUP", "profile": {"name": "Team Checkout"}},
        {"id": "g2", "type": "OKTA_GROUP", "profile": {"name": "Everyone"}},
        {"id": "g3", "type": "APP_GROUP", "profile": {"name": "team payments"}},
    ]
    acme.org.users[0]["profile"] |= {"login": "ada", "email": None}
    acme.org.members = {"g1": ["00uA", "00uB"], "g2": ["00uA", "00uB", "00uC"], "g3": ["00uC"]}
    clean = acme.pages("groups", groups="team *")
    found = [record for page in clean for record in page.records]
    assert found == [
        Membership(key="g1/00uA", team="Team Checkout", member="directory:00ua"),
        Membership(key="g1/00uB", team="Team Checkout", member="email:bob@acme.com"),
        Membership(key="g3/00uC", team="team payments", member="email:cleo@acme.com"),
    ]
    for stop in range(1, len(clean)):
        again = acme.pages("groups", clean[stop - 1].cursor, groups="team *")
        before = [record for page in clean[:stop] for record in page.records]
        assert before + [record for page in again for record in page.records] == found


def test_a_service_app_signs_in_with_its_key(acme: Acme) -> None:
    found = acme.people(**APP)
    assert found == acme.people()
    assert acme.calls("/oauth2/v1/token") == 1
    assert list(acme.org.bearers.values()) == [{"okta.users.read"}]


@pytest.mark.parametrize("kind", [RSAKey, ECKey])
def test_a_key_may_be_a_pem_file(acme: Acme, tmp_path: Path, kind: type) -> None:
    key = kind.generate_key(2048 if kind is RSAKey else "P-256", {"kid": "pem"}, private=True)
    acme.org.keys = KeySet([key])
    file = tmp_path / "key.pem"
    file.write_bytes(key.as_pem(private=True))
    found = acme.people(client_id="0oa1", private_key=f"file:{file}", key_id="pem")
    assert len(found) == 4


@pytest.mark.parametrize("text", ["no key", "{}", '{"kty": "RSA"', "public"])
def test_what_is_no_private_key_is_said(
    acme: Acme, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    public = json.dumps(KEY.as_dict(private=False))
    monkeypatch.setenv("OKTA_KEY", public if text == "public" else text)
    with pytest.raises(ConfigError, match="not a private key"):
        acme.people(**APP)


def test_a_token_is_renewed_with_a_new_assertion(acme: Acme) -> None:
    source = acme.source(**APP)
    list(pages_of(source, "people"))
    acme.now += dt.timedelta(minutes=55)
    list(pages_of(source, "people"))
    acme.org.bearers.clear()
    assert len(persons(list(pages_of(source, "people")))) == 4
    assert len(acme.org.used) == 3


def test_refused_sign_ins_say_what_to_mend(acme: Acme) -> None:
    acme.org.granted = {"okta.users.read"}
    with pytest.raises(SignInRefused, match="scopes are not configured") as caught:
        acme.people(groups="x", **APP)
    assert caught.value.permission == "okta.users.read okta.groups.read"
    acme.org.requires_dpop = True
    with pytest.raises(SignInRefused, match="DPoP") as caught:
        acme.people(**APP)
    assert "Clear" in caught.value.hint
    acme.org.keys = KeySet([RSAKey.generate_key(2048, {"kid": "key-1"})])
    with pytest.raises(SignInRefused, match="signature is invalid"):
        acme.people(**APP)


def test_a_revoked_api_token_is_said_at_once(acme: Acme) -> None:
    acme.org.token = "ssws-2"
    with pytest.raises(SignInRefused, match="does not accept the API token"):
        acme.people()
    assert len(acme.server.seen) == 1


def test_a_missing_permission_is_named(acme: Acme) -> None:
    acme.org.reads_groups = False
    people, groups = acme.source(groups="team-*").check()
    assert (people.what, people.ok) == ("people", True)
    assert (groups.what, groups.ok) == ("groups", False)
    assert "okta.groups.read" in groups.hint
    with pytest.raises(SourceDenied) as caught:
        acme.pages("groups", groups="team-*")
    assert caught.value.permission == "okta.groups.read"
    acme.org.token = "ssws-2"
    (people,) = acme.source().check()
    assert not people.ok
    assert "API token" in people.detail


def test_check_refuses_a_search_okta_does_not_understand(acme: Acme) -> None:
    (people,) = acme.source(search='status ne "ACTIVE"').check()
    assert (people.ok, "Invalid search criteria" in people.detail) == (False, True)
    with pytest.raises(SourceError, match=r"400 .*Invalid search criteria"):
        acme.people(search="profile.title")


@pytest.mark.parametrize("options", [{}, {"client_id": "0oa1"}, {**APP, "token": "env:OKTA_TOKEN"}])
def test_one_way_to_sign_in_must_be_given(options: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="either token, or client_id and private_key"):
        registry.check_options("okta", {"org": "acme.okta.com", **options})


def test_options_are_stored_without_secrets() -> None:
    said = {"org": "acme.okta.com", "token": "env:OKTA_TOKEN"}
    assert registry.check_options("okta", said) == said
    app = {"org": "acme.okta.com", **APP}
    assert registry.check_options("okta", app) == app


def test_a_limit_is_waited_out_until_it_resets(acme: Acme) -> None:
    reset = int(acme.now.timestamp()) + 42
    headers = {"X-Rate-Limit-Limit": "600", "X-Rate-Limit-Remaining": "0"}
    limit = {"errorCode": "E0000047", "errorSummary": "API call exceeded rate limit"}
    acme.server.trouble = [Answer(limit, 429, {**headers, "X-Rate-Limit-Reset": str(reset)})]
    assert len(acme.people()) == 4
    (pause,) = acme.pauses
    assert 41 <= pause <= 44


@pytest.mark.parametrize("trouble", [Answer({}, 503), Answer([], cut=True), Answer({}, 500)])
def test_trouble_is_tried_again(acme: Acme, trouble: Answer) -> None:
    acme.server.trouble = [trouble]
    assert len(acme.people()) == 4
    assert len(acme.pauses) == 1
    acme.server.trouble = [Answer({}, 502)] * 6
    with pytest.raises(Unreachable):
        acme.people()


def test_a_clock_that_is_off_does_not_matter_to_an_api_token(acme: Acme) -> None:
    acme.now += dt.timedelta(days=2)
    source = acme.source()
    assert len(persons(list(pages_of(source, "people")))) == 4
    assert source.network.skew < dt.timedelta(days=-1)


def test_changed_shapes_are_said_and_new_fields_do_no_harm(acme: Acme) -> None:
    source = acme.source()
    for broken, said in [
        ([{"profile": {}}], "has no `id`"),
        ([{"id": "1"}], "user 1 has no `profile`"),
        ({"users": []}, "list /api/v1/users"),
    ]:
        acme.server.trouble = [Answer(broken)]
        with pytest.raises(SourceChanged, match=said):
            list(pages_of(source, "people"))
    acme.org.users = [user("1", aura={"colour": 3})]
    acme.org.users[0]["realm"] = {"id": "r"}
    assert acme.people().keys() == {"1"}
