"""The page Impact: every answer is that of an analysis, and nothing is answered before its day."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace

import pytest
from starlette.testclient import TestClient
from tests.web.conftest import HTML, LOCAL, text_of
from tests.web.impact_world import MadeStudies, studies, trial
from tests.web.taking import take_all
from tests.web.world import World

from steelyard.impact.analysed import Analysed, Guardrail
from steelyard.impact.result import Check, Estimate
from steelyard.web import impact_tables
from steelyard.web.app import create_app

STUDIES = studies()


@pytest.fixture
def made() -> MadeStudies:
    return replace(STUDIES, pending=set())


@pytest.fixture
def site(acme: World, made: MadeStudies) -> TestClient:
    return TestClient(create_app(replace(acme, studies=made)), LOCAL, raise_server_exceptions=False)


def page(client: TestClient, path: str = "") -> str:
    answer = client.get(f"/impact{path}", headers=HTML)
    assert answer.status_code == 200, answer.text
    return answer.text


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def test_without_plans_it_guides_to_the_first(client: TestClient) -> None:
    said = text_of(page(client))
    for word in ("steelyard impact power", "steelyard impact plan", "Twenty to thirty", "+47 %"):
        assert word in said
    assert "12 weeks of pace" in said and "both sides" in said


def test_the_list_says_each_studys_answer_or_when_there_is_one(site: TestClient) -> None:
    said = text_of(page(site))
    assert "Merged pull requests is lower with treatment: −14.8 %" in said
    assert "There is no answer yet: answerable on 28 Dec 2026." in said
    assert "There is no answer yet: starts on 4 Jan 2027." in said
    assert "There is no analysis: No source covers prs_merged" in said
    for badge in ("Effect", "No detectable effect", "Cause not identified", "Collecting"):
        assert badge in said


def test_the_list_as_data(site: TestClient) -> None:
    rows = {row["plan"]: row for row in site.get("/impact.json").json()["plans"]}
    assert rows["roll-out"]["verdict"] == "effect"
    assert rows["running"]["verdict"] is None and rows["running"]["effect"] is None
    table = list(csv.DictReader(io.StringIO(site.get("/impact.csv").text)))
    assert [row["plan"] for row in table] == list(rows)


@pytest.mark.parametrize("name", ["payments-pilot", "volunteers", "everybody", "roll-out"])
def test_an_answer_comes_first_in_the_verdicts_own_words(name: str, site: TestClient) -> None:
    verdict = STUDIES.known[name].analysis.verdict  # type: ignore[union-attr]
    said = squeezed(text_of(page(site, f"/{name}")))
    assert squeezed(verdict.sentence) in said
    assert squeezed(verdict.answerable) in said
    assert said.index(squeezed(verdict.sentence[:30])) < said.index("Whatcouldbewrong")


def test_every_estimate_check_and_note_of_the_analysis_is_on_the_page(site: TestClient) -> None:
    found = STUDIES.known["payments-pilot"].analysis
    said = text_of(page(site, "/payments-pilot"))
    assert found is not None
    for check in found.checks:
        assert check.detail in said
    for note in found.warnings:
        assert note.message in said
    for estimate in [found.headline, *found.beside]:
        assert isinstance(estimate, Estimate)
        assert impact_tables.effect(estimate) in said and estimate.inference in said


def test_charts_hold_the_rows_of_their_tables(site: TestClient) -> None:
    html = page(site, "/volunteers")
    specs = dict(
        re.findall(r'<script type="application/json" id="([\w-]+)-spec">(.*?)</script>', html)
    )
    assert set(specs) == {"counterfactual", "estimates", "event-study", "power", "balance"}
    for name, text in specs.items():
        rows = json.loads(text)["datasets"]["rows"]
        table = re.search(rf'<table id="{name}-data">.*?</table>', html, re.S)
        assert rows and table is not None
        assert table[0].count('<th scope="row">') == len(rows)
        assert "http" not in text


@pytest.mark.parametrize("name", ["next", "payments-pilot"])
def test_power_is_said_before_and_after(name: str, site: TestClient) -> None:
    said = text_of(page(site, f"/{name}"))
    assert "detect an effect of +47 % or more" in said and "such studies report +35 %" in said


def test_an_unknown_figure_is_said_to_be_unknown(site: TestClient) -> None:
    said = text_of(page(site, "/everybody"))
    assert "Effect unknown" in said


def test_nothing_is_answered_before_its_day(site: TestClient) -> None:
    said = text_of(page(site, "/running"))
    assert "There is no answer yet: answerable on 28 Dec 2026 ." in said
    assert "So far, which is not the answer" in said and "1 in 5" in said
    data = site.get("/impact/running.json").json()
    assert data["plan"]["stage"] == "collecting"


def test_a_planned_look_is_called_one(acme: World) -> None:
    found = STUDIES.known["running"]
    plan = replace(found.plan, looks=(found.plan.answerable,), look_rule="planned")  # type: ignore[arg-type]
    looked = replace(found, version=replace(found.version, plan=plan))
    said = text_of(only(acme, looked))
    assert "Read on a day planned for it, one of 1" in said and "1 in 5" not in said


def test_a_study_that_may_be_read_at_any_time_is_called_so(acme: World) -> None:
    found = STUDIES.known["running"]
    always = replace(found.version, plan=replace(found.plan, look_rule="always_valid"))
    said = text_of(only(acme, replace(found, version=always)))
    assert "So far, read as planned" in said and "looking often is no harm" in said


def test_a_failure_of_a_study_that_has_begun_is_not_called_a_start(acme: World) -> None:
    found = replace(trial(), analysis=None, stage="not_started", error="It failed: the disk.")
    said = text_of(only(acme, found))
    assert "There is no analysis: It failed: the disk." in said and "starts on" not in said


def only(world: World, found: Analysed) -> str:
    made = MadeStudies({found.plan.name: found})
    client = TestClient(create_app(replace(world, studies=made)), LOCAL)
    return page(client, f"/{found.plan.name}")


def test_a_plan_saved_after_its_start_is_called_so(acme: World) -> None:
    assert "saved after its first start" not in only(acme, trial())
    assert "saved after its first start" in only(acme, replace(trial(), registered=False))


def test_an_analysis_that_fails_is_an_answer_of_the_page(site: TestClient) -> None:
    said = text_of(page(site, "/broken"))
    assert "There is no analysis: No source covers prs_merged in these weeks." in said
    assert "The plan, as it was written" in said


def test_while_it_is_computed_the_page_waits_and_looks_again(
    site: TestClient, made: MadeStudies
) -> None:
    made.pending.add("roll-out")
    html = page(site, "/roll-out")
    assert "data-waits" in html and "is being computed" in text_of(html)
    assert "data-waits" in page(site)
    answer = site.get("/impact/roll-out.json")
    assert (answer.status_code, answer.json()["computing"]) == (202, True)
    made.pending.clear()
    assert "data-waits" not in page(site, "/roll-out")


def test_data_of_a_study_are_its_analysis(site: TestClient) -> None:
    assert site.get("/impact/roll-out.json").json() == STUDIES.known["roll-out"].to_json()


def test_an_unknown_plan_is_a_plain_error(site: TestClient) -> None:
    answer = site.get("/impact/rollout", headers=HTML)
    assert answer.status_code == 400 and "roll-out" in answer.text


def test_names_of_single_people_are_not_shown(site: TestClient) -> None:
    html = page(site, "/payments-pilot")
    assert "acme.example" not in html and "30 people" in text_of(html)
    assert "2 teams: platform, search" in text_of(page(site, "/volunteers"))


def test_checks_do_not_say_whose_absence_matters(acme: World) -> None:
    found = trial()
    assert found.analysis is not None
    check = Check("x", "warn", "+3 % (without ada@acme.example)", {"ada@acme.example": 3.0})
    named = replace(found, analysis=replace(found.analysis, checks=[check]))
    assert "+3 % (without one person)" in text_of(only(acme, named))
    made = MadeStudies({"payments-pilot": named})
    client = TestClient(create_app(replace(acme, studies=made)), LOCAL)
    assert "acme.example" not in client.get("/impact/payments-pilot.json").text


def test_guardrails_say_worse_and_never_that_nothing_happened(site: TestClient) -> None:
    said = text_of(page(site, "/payments-pilot"))
    assert "Cycle time +23.4 % +9.4 to +39.1 % 0.002 worse" in said
    assert "not told apart from chance" in said and "no source covers these weeks" in said


@pytest.mark.parametrize(
    ("direction", "sign", "p", "said"),
    [
        ("up", 1, 0.01, "better"),
        ("up", -1, 0.01, "worse"),
        ("down", -1, 0.01, "better"),
        ("neutral", 1, 0.01, "changed"),
        ("up", -1, 0.2, "not told apart from chance"),
    ],
)
def test_reading_of_a_guardrail(direction: str, sign: int, p: float, said: str) -> None:
    estimate = Estimate("ancova", "log", sign * 0.1, 0.1, (0, 0), sign * 10, (0, 0), p, "")
    assert impact_tables.reading(Guardrail("m", "count", direction, estimate, p)) == said


def test_four_sums_can_be_redone_on_paper(site: TestClient) -> None:
    said = text_of(page(site, "/payments-pilot"))
    for part in ("A = 1,200", "B = 1,553", "C = 1,180", "D = 1,132", "Treated, 30", "= 1.2942"):
        assert part in said
    assert "This is the answer above, to the last digit." in said
    assert "paper and pencil" not in text_of(page(site, "/roll-out"))


def test_worth_asks_first_and_never_says_a_single_number(site: TestClient) -> None:
    asked = text_of(page(site, "/payments-pilot"))
    assert "Cost of an hour" in asked and "Return on full cost" not in asked
    said = text_of(
        page(site, "/payments-pilot?hours=25..32&rate=80..110&spend=40000&training=9000")
    )
    assert "Return on full cost" in said and "90 % interval" in said
    assert "probability of a loss" in said and "What matters most is the" in said


def test_worth_that_cannot_be_read_keeps_the_page(site: TestClient) -> None:
    said = text_of(page(site, "/payments-pilot?hours=many&rate=80&spend=1"))
    assert "'many' is neither a number nor a range." in said and "+34.9 %" in said
    said = text_of(page(site, "/payments-pilot?hours=30&rate=80"))
    assert "A return needs a cost above 0." in said


def test_what_is_not_identified_cannot_be_valued(site: TestClient) -> None:
    assert "What it is worth" not in text_of(page(site, "/everybody?hours=30&rate=80&spend=1"))


def test_one_page_leaves_out_what_does_not_fit(site: TestClient) -> None:
    html = page(site, "/payments-pilot?print=1")
    said = text_of(html)
    assert "All of it" in said and "Cost of an hour" not in said
    assert 'id="power-spec"' not in html and 'id="estimates-spec"' in html
    assert trial().version.digest in said
    assert "Cycle time" in said and "2 others are not told apart from chance, or unknown." in said


def test_titles_are_text(acme: World) -> None:
    found = trial()
    plan = replace(found.plan, title="<b>Pilot</b>", rule="</script><script>alert(1)</script>")
    html = only(acme, replace(found, version=replace(found.version, plan=plan)))
    assert "<b>Pilot" not in html and "<script>alert" not in html


def test_every_picture_of_a_study_can_be_taken(site: TestClient) -> None:
    taken = take_all(site, page(site, "/payments-pilot"))
    assert taken["Picture (SVG)"] >= 2 and taken["CSV"] >= 2
