"""The stand-in and our requests against GitHub's own descriptions of its APIs."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from graphql import (
    FragmentSpreadNode,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    parse,
    print_ast,
    validate,
)
from joserfc.jwk import RSAKey
from tests.sources.github_company import company, opened
from tests.sources.passes import NOW, read
from tests.sources.vendor_schemas import npm_package
from tests.standins import github_graphql
from tests.standins.github import App, GitHub
from tests.standins.github_world import commit, run, sha
from tests.standins.server import Answer, Request

from steelyard.sources.github.api import document

QUERIES = Path(__file__).parents[2] / "src/steelyard/sources/github/queries"
OPERATIONS = sorted(
    path.stem for path in QUERIES.glob("*.graphql") if re.search(r"^query ", path.read_text(), re.M)
)


@cache
def vendor_schema() -> GraphQLSchema:
    folder = npm_package("@octokit/graphql-schema", "15.26.1", "schema.graphql")
    return build_schema((folder / "schema.graphql").read_text(), assume_valid=True)


@cache
def openapi() -> dict[str, Any]:
    name = "generated/api.github.com.json"
    described: dict[str, Any] = json.loads(
        (npm_package("@octokit/openapi", "23.0.2", name) / name).read_text()
    )
    return described


@pytest.mark.parametrize("name", OPERATIONS)
def test_our_queries_are_valid_in_github_s_schema(name: str) -> None:
    assert len(OPERATIONS) == 13
    assert validate(vendor_schema(), parse(document(name))) == []


# What is asked for at most: things of the list, things of each list inside.
SIZES = {"pull_requests": (25, 100), "issues": (100, 100), "deployments": (50, 100)}
SIZES |= {"repositories": (50, 1), "teams": (20, 100)}


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_page_costs_a_point_or_two(name: str) -> None:
    """By GitHub's formula: the calls each list takes, over a hundred. Flags count as set."""
    text = document(name)
    first, inner = SIZES.get(name, (100, 100))
    fragments = {
        one.name.value: one for one in parse(text).definitions if "Fragment" in str(type(one))
    }

    def calls(node: Any, times: int) -> int:
        found = 0
        for one in node.selection_set.selections if node.selection_set else ():
            if isinstance(one, FragmentSpreadNode):
                found += calls(fragments[one.name.value], times)
                continue
            asked = [
                arg for arg in getattr(one, "arguments", None) or () if arg.name.value == "first"
            ]
            said = print_ast(asked[0].value) if asked else "1"
            each = {"$first": first, "$inner": inner}.get(said) or int(said)
            found += (times if asked else 0) + calls(one, times * each)
        return found

    query = next(one for one in parse(text).definitions if isinstance(one, OperationDefinitionNode))
    assert calls(query, 1) / 100 < 2.6


def test_the_stand_in_s_schema_is_a_part_of_github_s() -> None:
    """Every type, field, argument and value of it is there, of the same type."""
    theirs = vendor_schema().type_map
    for name, kind in github_graphql.schema().type_map.items():
        if name.startswith("__"):
            continue
        assert type(kind) is type(theirs[name]), name
        for value in getattr(kind, "values", ()):
            assert value in theirs[name].values, f"{name}.{value}"  # type: ignore[attr-defined]
        for field, ours in getattr(kind, "fields", {}).items():
            vendor = theirs[name].fields[field]  # type: ignore[attr-defined]
            assert str(ours.type) == str(vendor.type), f"{name}.{field}"
            for argument, one in getattr(ours, "args", {}).items():
                place = f"{name}.{field}({argument}:)"
                assert str(one.type) == str(vendor.args[argument].type), place


def _plain(schema: Any) -> Any:
    """OpenAPI 3.0 as JSON Schema: what is nullable may be null."""
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: _plain(value) for name, value in schema.items() if name != "nullable"}
    if schema.get("nullable") is True:
        return {"anyOf": [plain, {"type": "null"}]}
    return plain


def _operation(request: Request) -> tuple[str, dict[str, Any]]:
    for path, methods in openapi()["paths"].items():
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))
        if re.fullmatch(pattern, request.path) and request.method.lower() in methods:
            return path, methods[request.method.lower()]
    raise AssertionError(f"GitHub describes no {request.method} {request.path}")


def _parameters(operation: dict[str, Any]) -> set[str]:
    shared = openapi()["components"]["parameters"]
    every = operation.get("parameters", [])
    rows = [shared[row["$ref"].rsplit("/", 1)[1]] if "$ref" in row else row for row in every]
    return {row["name"] for row in rows if row["in"] == "query"}


@cache
def _validator(reference: str) -> Any:
    components = _plain({"schemas": openapi()["components"]["schemas"]})
    schema = {**json.loads(reference), "components": components}
    return jsonschema_rs.validator_for(schema)


def test_rest_requests_and_answers_are_as_github_describes_them() -> None:
    github = GitHub(company())
    app = github.world.repositories[0]
    key = RSAKey.generate_key(2048)
    said: list[tuple[Request, Answer]] = []

    def answer(request: Request) -> Answer:
        given = github.answer(request)
        said.append((request, given))
        return given

    with github.serving() as stand_in:
        stand_in.answer = answer
        source = opened(github)
        list(source.check())
        cursor = read(source, "commits").cursor
        app.push(*(commit(sha("new", n), f"2026-11-0{n}T00:00:00Z") for n in range(1, 4)))
        read(source, "commits", cursor)
        app.runs = [run(n, f"2026-11-01T00:00:{n % 60:02}Z") for n in range(1, 205)]
        read(source, "runs")
        github.app = App("12", "34", key)
        pem = key.as_pem(private=True).decode()
        read(opened(github, app_id="12", installation_id="34", private_key=pem), "runs", now=NOW)
    paths = set()
    for request, given in said:
        if request.path == "/graphql":
            continue
        path, operation = _operation(request)
        paths.add(path)
        assert set(request.query) <= _parameters(operation), path
        described = operation["responses"].get(str(given.status))
        assert described is not None, f"{given.status} of {path}"
        if "content" in described:
            schema = described["content"]["application/json"]["schema"]
            body = given.data if given.raw is None else json.loads(given.raw)
            errors = list(_validator(json.dumps(_plain(schema))).iter_errors(body))
            assert errors == [], f"{path}: {errors[0].message} at {errors[0].instance_path}"
    assert len(paths) == 9
