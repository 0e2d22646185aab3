"""Requests and answers of Jira Cloud held against Atlassian's own OpenAPI description.

It is large and not ours to copy: it is looked for in the tests' cache folder.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import jsonschema
import pytest
from tests.sources.jira_world import DAY, cloud_user, company, worklog
from tests.sources.passes import NOW, read
from tests.sources.vendor_schemas import CACHE
from tests.standins.jira import Cloud
from tests.standins.server import Request, serving

from steelyard.sources.jira.source import JiraCloud
from steelyard.sources.network import Network

FILE = CACHE / "jira-cloud-v3.json"
SOURCE = "https://dac-static.atlassian.com/cloud/jira/platform/swagger-v3.v3.json"


@cache
def described() -> Any:
    if not FILE.exists():
        pytest.skip(f"put {SOURCE} at {FILE}")
    return json.loads(FILE.read_text())


@pytest.fixture(scope="module")
def spoken() -> list[tuple[Request, Any]]:
    """All that is said when every stream is read twice and everything is checked."""
    described()
    world = company(cloud_user)
    world.worklogs.append(worklog(1, 10001, cloud_user("ada"), NOW - DAY, 600))
    cloud = Cloud(world, page=10, bulk_page=8)
    with serving(cloud.answer) as jira:
        said = {"site": jira.url, "email": cloud.email, "token": cloud.token, "worklogs": "true"}
        options = JiraCloud.Options.model_validate({**said, "projects": "PAY,OPS"})
        source = JiraCloud(options, Network(pause=lambda _: None))
        for stream in source.streams():
            first = read(source, stream.name)
            world.delete(10003)
            read(source, stream.name, first.cursor, NOW + DAY)
        assert all(check.ok for check in source.check())
        return [(request, cloud.answer(request)) for request in jira.seen]


def operation(request: Request) -> Any:
    for path, operations in sorted(described()["paths"].items(), key=lambda one: "{" in one[0]):
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), request.path):
            return operations.get(request.method.lower())
    return None


def errors(schema: Any, data: Any) -> list[str]:
    validator = jsonschema.Draft202012Validator({**schema, "components": described()["components"]})
    return [f"{error.json_path}: {error.message}"[:200] for error in validator.iter_errors(data)]


def test_what_is_asked_is_described(spoken: list[tuple[Request, Any]]) -> None:
    for request, _ in spoken:
        found = operation(request)
        assert found is not None, request.path
        known = {one["name"] for one in found.get("parameters", ()) if one["in"] == "query"}
        assert set(request.query) <= known, request.path
        if request.body:
            schema = found["requestBody"]["content"]["application/json"]["schema"]
            assert not errors(schema, request.json), request.path


def test_the_stand_in_answers_as_described(spoken: list[tuple[Request, Any]]) -> None:
    checked = set()
    for request, answer in spoken:
        found = operation(request)["responses"].get(str(answer.status), {})
        schema = found.get("content", {}).get("application/json", {}).get("schema")
        if answer.status != 200 or schema is None:
            continue
        said = errors(schema, answer.data)
        if request.path.endswith("/bulkfetch"):
            # Described as a text, shown in the description's own example as a number.
            said = [one for one in said if not re.search(r"created: \d+ is not of type", one)]
        assert not said, request.path
        checked.add(request.path)
    assert len(checked) > 8
