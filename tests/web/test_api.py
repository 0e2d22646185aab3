"""The JSON API: answers in three formats, one error shape, a description that matches."""

from __future__ import annotations

import csv
import io
from typing import Any

import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient
from tests.web.conftest import LOCAL
from tests.web.world import World

from steelyard.errors import StoreError, TimedOut, Unreachable
from steelyard.metrics import CATALOGUE, Answer, Question
from steelyard.web.app import create_app

BY_MODEL = "/api/v1/ask?metrics=spend_usd,tokens&by=model&from=2026-10-26&to=2026-11-22"


def test_the_answer_is_the_command_lines_json(client: TestClient, acme: World) -> None:
    said = client.get(BY_MODEL).json()
    assert said == acme.ask(acme.asked[0]).to_json()
    assert said["question"]["by"] == ["model"]
    assert {"rows", "as_of", "coverage", "warnings"} <= said.keys()
    unpriced = next(row for row in said["rows"] if row["model"] == "acme-inhouse-1")
    assert unpriced["spend_usd"] is None


def test_csv_and_parquet_hold_the_same_rows(client: TestClient) -> None:
    rows = client.get(BY_MODEL).json()["rows"]
    table = client.get(f"{BY_MODEL}&format=csv")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in table.headers["content-disposition"]
    from_csv = list(csv.DictReader(io.StringIO(table.text)))
    assert [row["model"] for row in from_csv] == [row["model"] for row in rows]
    parquet = client.get(f"{BY_MODEL}&format=parquet").content
    assert pq.read_table(io.BytesIO(parquet)).to_pylist() == rows


def test_filters_comparison_and_period(client: TestClient) -> None:
    query = "metrics=spend_usd&period=28d&compare=previous&where.team=payments&where.team=search"
    said = client.get(f"/api/v1/ask?{query}").json()
    assert said["question"]["where"] == {"team": ["payments", "search"]}
    assert said["rows"][0]["spend_usd_previous"] > 0


def test_the_catalogue(client: TestClient) -> None:
    names = [metric["name"] for metric in client.get("/api/v1/metrics").json()["metrics"]]
    assert names == list(CATALOGUE)
    one = client.get("/api/v1/metrics/spend_usd").json()
    assert one["sentence"] == CATALOGUE["spend_usd"].sentence


def test_status_tells_what_was_declined(client: TestClient, acme: World) -> None:
    acme.refuses(404, "no_such_path", "/")
    said = client.get("/api/v1/status").json()
    assert said["inbox"]["received"] == 3
    assert said["inbox"]["last_received_at"].endswith("Z")
    assert said["refusals"][0]["reason"] == "no_such_path"
    assert said["last_event"]["assistant"] == "claude-code"


def test_probes(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json()["status"] == "ok"


WRONG = [
    ("/api/v1/ask", 400, "bad_value"),
    ("/api/v1/ask?metrics=", 400, "usage"),
    ("/api/v1/ask?metrics=spent_usd", 400, "unknown_name"),
    ("/api/v1/ask?metrics=spend_usd&by=tem", 400, "unknown_name"),
    ("/api/v1/ask?metrics=spend_usd&formt=csv", 400, "unknown_name"),
    ("/api/v1/ask?metrics=spend_usd&format=xml", 400, "bad_value"),
    ("/api/v1/ask?metrics=spend_usd&compare=year", 400, "bad_value"),
    ("/api/v1/ask?metrics=spend_usd&from=yesterday", 400, "bad_value"),
    ("/api/v1/ask?metrics=spend_usd&from=2026-11-02&to=2026-11-01", 400, "bad_value"),
    ("/api/v1/ask?metrics=sessions&by=model", 400, "usage"),
    ("/api/v1/metrics/spent_usd", 400, "unknown_name"),
    ("/api/v1/nothing", 404, "not_found"),
    ("/nothing", 404, "not_found"),
    ("/static/none.js", 404, "not_found"),
    ("/spend.json?by=tem", 400, "unknown_name"),
    ("/spend.csv?period=fortnight", 400, "bad_value"),
]


def check_shape(said: Any, code: str) -> None:
    assert set(said) == {"error"}
    assert set(said["error"]) == {"code", "message", "hint"}
    assert said["error"]["code"] == code
    assert said["error"]["message"]


@pytest.mark.parametrize(("address", "status", "code"), WRONG)
def test_every_error_has_one_shape(
    client: TestClient, address: str, status: int, code: str
) -> None:
    answer = client.get(address)
    assert answer.status_code == status
    check_shape(answer.json(), code)


def test_an_unknown_metric_suggests_the_nearest(client: TestClient) -> None:
    assert "spend_usd" in client.get("/api/v1/metrics/spent_usd").json()["error"]["hint"]


def test_a_wrong_method(client: TestClient) -> None:
    answer = client.post("/api/v1/ask")
    assert answer.status_code == 405
    check_shape(answer.json(), "method_not_allowed")


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (StoreError("The warehouse is gone."), 503, "store"),
        (Unreachable("Nobody answers."), 503, "unreachable"),
        (TimedOut("Too late."), 504, "timed_out"),
        (ZeroDivisionError("oops"), 500, "internal"),
    ],
)
def test_failures_of_the_server(empty: World, error: Exception, status: int, code: str) -> None:
    class Failing(World):
        def ask(self, question: Question) -> Answer:
            raise error

    app = create_app(Failing(empty.warehouse, empty.folder))
    client = TestClient(app, LOCAL, raise_server_exceptions=False)
    answer = client.get(BY_MODEL)
    assert answer.status_code == status
    check_shape(answer.json(), code)
    assert "oops" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_openapi_describes_every_route_and_no_page(client: TestClient) -> None:
    said = client.get("/api/v1/openapi.json").json()
    assert set(said["paths"]) == {
        "/api/v1/ask",
        "/api/v1/metrics",
        "/api/v1/metrics/{name}",
        "/api/v1/status",
        "/healthz",
        "/readyz",
    }
    names = {parameter["name"] for parameter in said["paths"]["/api/v1/ask"]["get"]["parameters"]}
    assert {"metrics", "by", "from", "to", "period", "compare", "format", "where"} <= names
