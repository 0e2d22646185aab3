"""Names of models: spellings of clouds and clients are one family, a gateway's names its own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.ledger.models import family
from steelyard.ledger.prices import packaged_prices

SPELLINGS = {
    "claude-opus-4-8": [
        "claude-opus-4-8",
        "claude-opus-4-8[1m]",
        " claude-opus-4-8 ",
        "claude-opus-4-8@20260101",
        "claude-opus-4-8@latest",
        "claude-opus-4-8-20260101",
        "claude-opus-4-8-20260101[1m]",
        "claude-opus-4-8-latest",
        "anthropic.claude-opus-4-8-v1:0",
        "us.anthropic.claude-opus-4-8-20260101-v1:0",
        "us-gov.anthropic.claude-opus-4-8-v1:0",
        "global.anthropic.claude-opus-4-8-v1",
        "bedrock/us.anthropic.claude-opus-4-8-v1:0",
        "vertex_ai/claude-opus-4-8@20260101",
        "anthropic/claude-opus-4-8",
        "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-opus-4-8-v1:0",
        "arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/anthropic.claude-opus-4-8-v1:0",
    ],
    "claude-haiku-3-5": ["claude-3-5-haiku-20241022", "anthropic.claude-3-5-haiku-20241022-v1:0"],
    "claude-sonnet-4": ["claude-sonnet-4-20250514", "claude-sonnet-4-0"],
    "gpt-5.5": ["gpt-5.5", "openai/gpt-5.5", "gpt-5.5-2026-04-01"],
    "gemini-3.1-pro-preview": ["models/gemini-3.1-pro-preview", "google/gemini-3.1-pro-preview"],
}
OWN = [
    *(
        "acme-coder-v2",
        "acme-coder-20260101",
        "acme/claude-opus-4-8",
        "team-latest",
        "qwen3@20260101",
    ),
    "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/a1b2c3",
    "",
]


@pytest.mark.parametrize(
    ("spelling", "name"), [(s, name) for name, spellings in SPELLINGS.items() for s in spellings]
)
def test_spellings_of_one_model(spelling: str, name: str) -> None:
    assert family(spelling) == name


@pytest.mark.parametrize("name", OWN)
def test_a_gateways_own_name_stays(name: str) -> None:
    assert family(name) == name


def test_a_gateways_name_loses_the_window_that_the_client_added() -> None:
    assert family("acme-coder-v2[1m]") == "acme-coder-v2"


@given(st.text())
def test_a_normalised_name_stays_what_it_is(reported: str) -> None:
    assert family(family(reported)) == family(reported)


def test_every_priced_model_is_named_by_its_family() -> None:
    assert [p.model for p in packaged_prices() if family(p.model) != p.model] == []
