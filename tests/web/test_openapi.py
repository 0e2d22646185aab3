"""The API keeps to its own OpenAPI document, whatever it is asked: Schemathesis in the process."""

from __future__ import annotations

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance
from tests.web.world import World

from steelyard.web.app import create_app

DOCUMENT = "/api/v1/openapi.json"
# Which metric carries which dimension is more than a schema can say: such a question is refused.
UNSAYABLE = [positive_data_acceptance]
CALMLY = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


def test_every_answer_is_as_documented(acme: World) -> None:
    """No server error, no undocumented status, type or body; wrong parameters are refused."""
    schema = schemathesis.openapi.from_asgi(DOCUMENT, create_app(acme, hosts=["testserver"]))
    tried = []
    for found in schema.get_all_operations():
        operation = found.ok()
        tried.append(operation.label)

        @CALMLY
        @given(case=operation.as_strategy())
        def check(case: schemathesis.Case) -> None:
            case.call_and_validate(excluded_checks=UNSAYABLE)

        check()
    assert "GET /api/v1/ask" in tried and len(tried) >= 6
