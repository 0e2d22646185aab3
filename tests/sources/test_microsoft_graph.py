"""The source `microsoft-graph` against a stand-in of Graph and its sign-in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from tests.standins.microsoft_graph import GraphTenant, user
from tests.standins.server import Answer, StandIn, serving

from steelyard.errors import SourceChanged, SourceDenied, SourceError, SourceLimited, Unreachable
from steelyard.model import Membership, Person
from steelyard.sources import registry
from steelyard.sources.contract import Directory, Page, Source
from steelyard.sources.network import Network
from steelyard.sources.oauth import SignInRefused

NOW = dt.datetime(2026, 6, 1, 8, tzinfo=dt.UTC)


class Clock:
    def __init__(self) -> None:
        self.now = dt.datetime.now(dt.UTC)

    def __call__(self) -> dt.datetime:
        return self.now


class Acme:
    """A tenant behind a server, and a way to read it."""

    def __init__(self, tenant: GraphTenant, server: StandIn) -> None:
        self.tenant, self.server = tenant, server
        self.pauses: list[float] = []
        self.clock = Clock()

    def source(self, **options: str) -> Source:
        said = {
            "tenant": "acme-tenant",
            "client_id": "app-1",
            "client_secret": "env:GRAPH_SECRET",
            "login_host": self.server.url,
            "graph_host": self.server.url,
            **options,
        }
        network = Network(pause=self.pauses.append, clock=self.clock)
        return registry.open_source("microsoft-graph", said, network)

    def people(self, **options: str) -> dict[str, Person]:
        return persons(self.pages("people", **options))

    def pages(self, stream: str, cursor: str | None = None, **options: str) -> list[Page]:
        return list(pages_of(self.source(**options), stream, cursor))

    def calls(self, path: str) -> int:
        return sum(request.path.endswith(path) for request in self.server.seen)


def pages_of(source: Source, stream: str, cursor: str | None = None) -> Iterator[Page]:
    found = next(each for each in source.streams() if each.name == stream)
    return found.pages(cursor, NOW)


def persons(pages: list[Page]) -> dict[str, Person]:
    found = [record for page in pages for record in page.records]
    assert len({record.key for record in found}) == len(found), "somebody came twice"
    return {record.key: record for record in found if isinstance(record, Person)}


@pytest.fixture
def acme(monkeypatch: pytest.MonkeyPatch) -> Iterator[Acme]:
    monkeypatch.setenv("GRAPH_SECRET", "s3cret")
    tenant = GraphTenant([user("1", "Ada Lovelace"), user("2", "Bob"), user("3", "Cleo")])
    tenant.managers = {"1": "3", "2": "1"}
    with serving(tenant) as server:
        tenant.url = server.url
        yield Acme(tenant, server)


def test_a_person_has_what_the_directory_says(acme: Acme) -> None:
    found = acme.people()
    assert found["1"] == Person(
        key="1",
        email="ada@acme.com",
        emails=("ada@acme.com",),
        name="Ada Lovelace",
        department="Engineering",
        role="Engineer",
        manager="3",
        office="Turm 2",
        city="Berlin",
        country="DE",
        company="Acme",
        employee_id="E-1",
        employee_type="Employee",
        start_date=dt.date(2020, 3, 1),
    )
    assert {key: person.manager for key, person in found.items()} == {"1": "3", "2": "1", "3": ""}


def test_ten_thousand_people_come_once_each(acme: Acme) -> None:
    acme.tenant.users = [user(f"{n:05}", f"p{n}") for n in range(10_000)]
    acme.tenant.managers = {f"{n:05}": f"{n // 8:05}" for n in range(1, 10_000)}
    pages = acme.pages("people")
    found = persons(pages)
    assert len(found) == 10_000
    assert found["09999"].manager == "01249"
    assert acme.calls("/users") == 100, "a page has 100 users when managers are asked for"
    assert acme.calls("/token") == 1
    assert (pages[-1].cursor, pages[-1].done, pages[-1].total) == ("", 10_000, 10_000)


def test_going_on_after_any_page_gives_everybody(acme: Acme) -> None:
    acme.tenant.users = [user(f"{n:04}", f"p{n}") for n in range(1_150)]
    acme.tenant.page_cap = 400
    clean = acme.pages("people")
    for stop in range(1, len(clean)):
        begun = list(zip(range(stop), pages_of(acme.source(), "people"), strict=False))
        cursor = begun[-1][1].cursor
        again = acme.pages("people", cursor)
        before = {r.key: r for _, page in begun for r in page.records}
        assert before | persons(again) == persons(clean)


def test_a_second_pass_sees_moves_and_who_vanished(acme: Acme) -> None:
    acme.people()
    acme.tenant.managers["2"] = "3"
    acme.tenant.remove("1")
    found = acme.people()
    assert found.keys() == {"2", "3"}
    assert found["2"].manager == "3"


def test_addresses_of_all_fields_in_lower_case(acme: Acme) -> None:
    acme.tenant.users = [
        user(
            "1",
            mail="Ada.Lovelace@Acme.com",
            userPrincipalName="AL42@corp.acme.com",
            proxyAddresses=["SMTP:Ada.Lovelace@acme.com", "smtp:ada@old.com", "X500:/o=x", "sip:a"],
            otherMails=["Ada@Home.net", "not an address"],
        )
    ]
    person = acme.people()["1"]
    assert person.email == "ada.lovelace@acme.com"
    assert person.emails == (
        "ada.lovelace@acme.com",
        "al42@corp.acme.com",
        "ada@old.com",
        "ada@home.net",
    )


def test_an_address_two_people_gave_is_nobodys(acme: Acme) -> None:
    acme.tenant.users[0]["otherMails"] = ["team@acme.com", "cleo@acme.com"]
    acme.tenant.users[1]["otherMails"] = ["Team@acme.com"]
    pages = acme.pages("people")
    found = persons(pages)
    assert [person.emails for person in found.values()] == [
        ("ada@acme.com",),
        ("bob@acme.com",),
        ("cleo@acme.com",),
    ], "what Ada typed in does not take Cleo's own address"
    notes = [note for page in pages for note in page.notes]
    assert notes == ["Several people claim team@acme.com: such addresses (1) join nobody."]


def test_guests_disabled_accounts_and_accounts_without_mail(acme: Acme) -> None:
    acme.tenant.users = [
        user(
            "g",
            mail="Zoe@partner.com",
            userPrincipalName="zoe_partner.com#EXT#@acme.onmicrosoft.com",
            proxyAddresses=[],
            userType="Guest",
            employeeType=None,
        ),
        user("room", mail="turing@acme.com", accountEnabled=False),
        user("svc", mail=None, userPrincipalName="svc-ci@acme.com", proxyAddresses=[]),
        {"id": "bare"},
    ]
    found = acme.people()
    assert found["g"].emails == ("zoe@partner.com",)
    assert found["g"].employee_type == "Guest"
    assert [found[key].active for key in ("g", "room", "svc")] == [True, False, True]
    assert found["svc"].email == "svc-ci@acme.com"
    assert found["bare"] == Person(key="bare")


def test_a_filter_still_brings_the_managers_of_those_it_lets_in(acme: Acme) -> None:
    acme.tenant.users[2]["employeeType"] = "Executive"
    found = acme.people(filter="employeeType eq 'Employee'")
    assert found.keys() == {"1", "2", "3"}
    assert found["1"].manager == "3"


def test_managers_in_a_loop_and_managers_nobody_can_see(acme: Acme) -> None:
    acme.tenant.managers = {"1": "2", "2": "1", "3": "contact-9"}
    pages = acme.pages("people")
    found = persons(pages)
    assert [found[key].manager for key in "123"] == ["2", "1", ""]
    assert acme.calls("/users") == 2, "who cannot be seen is asked for once"
    assert any("not in the directory" in note for page in pages for note in page.notes)


def test_tenants_that_refuse_select_in_expand_are_asked_for_managers_whole(acme: Acme) -> None:
    plain = acme.people()
    acme.tenant.refuses_select_in_expand = True
    source = acme.source()
    assert persons(list(pages_of(source, "people"))) == plain
    before = acme.calls("/users")
    assert persons(list(pages_of(source, "people"))) == plain
    assert acme.calls("/users") == before + 1, "it remembers"


def test_only_people_seen_and_everyone_above_them(acme: Acme) -> None:
    acme.tenant.users += [user("4", "Dan"), user("5", "Eve")]
    acme.tenant.managers = {"2": "1", "1": "3", "3": "1", "4": "5"}
    acme.tenant.users[1]["otherMails"] = ["Bob@home.net"]
    source = acme.source(scope="seen")
    assert source.streams() == []
    assert isinstance(source, Directory)
    found = persons(list(source.look_up(["BOB@home.net", "nobody@x.org", "", "no address"])))
    assert found.keys() == {"1", "2", "3"}
    assert found["2"].emails == ("bob@acme.com", "bob@home.net")


def test_looking_up_finds_every_kind_of_address(acme: Acme) -> None:
    acme.tenant.managers = {}
    acme.tenant.users = [
        user("m", mail="O'Brien@acme.com", userPrincipalName="x1@acme.com", proxyAddresses=[]),
        user("u", mail=None, userPrincipalName="Upn@acme.com", proxyAddresses=[]),
        user("p", mail="p@acme.com", proxyAddresses=["smtp:Old-P@acme.com"]),
        user("q"),
    ]
    asked = ["o'brien@acme.com", "upn@acme.com", "old-p@acme.com", *(f"z{n}@x" for n in range(9))]
    found = persons(list(acme.source(scope="seen").look_up(asked)))
    assert found.keys() == {"m", "u", "p"}
    assert acme.calls("/users") == 4, "three addresses a call"


def test_looking_up_does_not_give_somebody_an_address_that_others_claim(acme: Acme) -> None:
    acme.tenant.users[0]["otherMails"] = ["team@acme.com"]
    acme.tenant.users[1]["otherMails"] = ["team@acme.com"]
    found = persons(list(acme.source(scope="seen").look_up(["ada@acme.com"])))
    assert found["1"].emails == ("ada@acme.com",)
    assert found.keys() == {"1", "3"}


def test_the_whole_directory_needs_no_looking_up(acme: Acme) -> None:
    assert list(acme.source().look_up(["ada@acme.com"])) == []
    assert acme.server.seen == []


def teams(acme: Acme) -> None:
    acme.tenant.groups = [
        {"id": "g1", "displayName": "team-checkout"},
        {"id": "g2", "displayName": "Team-Payments"},
        {"id": "g3", "displayName": "Coffee"},
    ]
    acme.tenant.members = {"g1": ["1"], "g2": ["g1", "2", "device-7"], "g3": ["1", "2", "3"]}


def test_named_groups_are_teams_and_hold_the_groups_within(acme: Acme) -> None:
    teams(acme)
    clean = acme.pages("groups", groups="team-*")
    found = [record for page in clean for record in page.records]
    assert found == [
        Membership(key="g1/1", team="team-checkout", member="email:ada@acme.com"),
        Membership(key="g2/1", team="Team-Payments", member="email:ada@acme.com"),
        Membership(key="g2/2", team="Team-Payments", member="email:bob@acme.com"),
    ]
    for stop in range(1, len(clean)):
        again = acme.pages("groups", clean[stop - 1].cursor, groups="team-*")
        after = [record for page in again for record in page.records]
        before = [record for page in clean[:stop] for record in page.records]
        assert before + after == found
    assert clean[-1].cursor == ""


def test_members_without_visible_addresses_keep_their_id(acme: Acme) -> None:
    teams(acme)
    acme.tenant.granted = {"GroupMember.Read.All"}
    pages = acme.pages("groups", groups="team-checkout")
    assert pages[0].records == [Membership(key="g1/1", team="team-checkout", member="directory:1")]


def test_without_the_option_no_group_is_read(acme: Acme) -> None:
    assert [stream.name for stream in acme.source().streams()] == ["people"]


def test_a_limit_is_waited_out_as_long_as_asked(acme: Acme) -> None:
    source = acme.source()
    list(pages_of(source, "people"))
    limit = {"error": {"code": "TooManyRequests", "message": "Too many requests"}}
    acme.server.trouble = [Answer(limit, 429, {"Retry-After": "17"})]
    assert len(persons(list(pages_of(source, "people")))) == 3
    assert acme.pauses == [17.0]


def test_a_limit_of_hours_ends_the_run(acme: Acme) -> None:
    source = acme.source()
    list(pages_of(source, "people"))
    acme.server.trouble = [Answer({}, 429, {"Retry-After": "7200"})]
    with pytest.raises(SourceLimited, match="7200 s"):
        list(pages_of(source, "people"))


@pytest.mark.parametrize(
    "trouble", [Answer({}, 503), Answer({"value": []}, cut=True), Answer({}, 504)]
)
def test_trouble_of_graph_is_tried_again(acme: Acme, trouble: Answer) -> None:
    source = acme.source()
    list(pages_of(source, "people"))
    acme.server.trouble = [trouble]
    assert len(persons(list(pages_of(source, "people")))) == 3
    assert len(acme.pauses) == 1


def test_trouble_of_the_sign_in_is_tried_again_and_then_said(acme: Acme) -> None:
    acme.server.trouble = [Answer({}, 503), Answer({}, 429), Answer({}, cut=True)]
    assert len(acme.people()) == 3
    acme.server.trouble = [Answer({}, 503)] * 6
    with pytest.raises(Unreachable, match=r"sign-in at 127\.0\.0\.1 answers 503"):
        acme.people()


def test_a_token_is_renewed_before_it_ends_and_after_it_was_revoked(acme: Acme) -> None:
    source = acme.source()
    list(pages_of(source, "people"))
    list(pages_of(source, "people"))
    assert acme.calls("/token") == 1
    acme.clock.now += dt.timedelta(minutes=55)
    acme.tenant.expire_tokens()
    list(pages_of(source, "people"))
    assert acme.calls("/token") == 2
    acme.tenant.expire_tokens()
    assert len(persons(list(pages_of(source, "people")))) == 3
    assert acme.calls("/token") == 3


def test_a_clock_that_is_off_does_not_matter(acme: Acme) -> None:
    acme.clock.now += dt.timedelta(days=2)
    source = acme.source()
    assert len(persons(list(pages_of(source, "people")))) == 3
    assert source.network.skew < dt.timedelta(days=-1)


@pytest.mark.parametrize(
    ("code", "said", "hint"),
    [
        ("AADSTS7000222: The provided client secret keys for app 'app-1' are expired.",
         "client secret has expired", "Certificates & secrets"),
        ("AADSTS7000215: Invalid client secret provided.", "secret is wrong", "not its id"),
        ("AADSTS53003: Access has been blocked by Conditional Access policies.",
         "Conditional Access", "Exempt"),
        ("AADSTS50034: Something else.", "AADSTS50034: Something else", "client_secret"),
    ],
)  # fmt: skip
def test_a_refused_sign_in_says_what_to_mend(acme: Acme, code: str, said: str, hint: str) -> None:
    acme.tenant.sign_in_error = code
    with pytest.raises(SignInRefused, match=said) as caught:
        acme.people()
    assert hint in caught.value.hint
    assert "Trace ID" not in caught.value.message
    assert acme.calls("/token") == 1, "asking again would not help"


def test_an_unknown_tenant_and_an_unknown_application(acme: Acme) -> None:
    with pytest.raises(SignInRefused, match="no such tenant"):
        acme.people(tenant="acne")
    with pytest.raises(SignInRefused, match="not known in this tenant"):
        acme.people(client_id="app-2")


def test_a_page_that_is_no_token_is_a_refusal_too(acme: Acme) -> None:
    acme.server.trouble = [Answer(raw=b"<html>Sign in to the proxy</html>")]
    with pytest.raises(SignInRefused, match="gives no reason"):
        acme.people()


def test_missing_admin_consent_names_the_permission(acme: Acme) -> None:
    acme.tenant.granted = set()
    with pytest.raises(SourceDenied, match="Insufficient privileges") as caught:
        acme.people()
    assert caught.value.permission == "User.Read.All"
    assert "admin consent" in caught.value.hint


def test_check_tells_each_permission(acme: Acme) -> None:
    assert [(c.what, c.ok) for c in acme.source(groups="x").check()] == [
        ("people", True),
        ("groups", True),
    ]
    acme.tenant.granted = {"User.Read.All"}
    people, groups = acme.source(groups="x").check()
    assert people.ok
    assert (groups.ok, "GroupMember.Read.All" in groups.hint) == (False, True)
    acme.tenant.sign_in_error = "AADSTS7000222: expired."
    (people,) = acme.source().check()
    assert (people.ok, people.detail) == (
        False,
        "The client secret has expired. (AADSTS7000222)",
    )


def test_check_refuses_a_filter_graph_does_not_understand(acme: Acme) -> None:
    (people,) = acme.source(filter="who knows").check()
    assert not people.ok
    assert "Invalid filter clause" in people.detail
    with pytest.raises(SourceError, match="Invalid filter clause"):
        acme.people(filter="who knows")


def test_a_user_without_an_id_is_a_changed_shape(acme: Acme) -> None:
    source = acme.source()
    list(pages_of(source, "people"))
    acme.server.trouble = [Answer({"value": [{"displayName": "Ada"}]})]
    with pytest.raises(SourceChanged, match="has no `id`"):
        list(pages_of(source, "people"))
    acme.server.trouble = [Answer({"people": []})]
    with pytest.raises(SourceChanged, match="list /users"):
        list(pages_of(source, "people"))


def test_new_fields_do_no_harm(acme: Acme) -> None:
    source = acme.source()
    list(pages_of(source, "people"))
    acme.server.trouble = [Answer({"value": [{"id": "1", "aura": {"colour": 3}}], "@new": 1})]
    assert persons(list(pages_of(source, "people"))) == {"1": Person(key="1")}
