"""Money and tokens: what was used and what it costs at list price."""

from __future__ import annotations

from steelyard.metrics.measures import Is, OneOf, Ratio, Scaled, Sum
from steelyard.metrics.metric import Metric

NANOS_PER_USD = 1_000_000_000  # as in steelyard.records, which is too heavy to import here
TOKEN_TYPES = ("input", "output", "cacheRead", "cacheCreation")
FOUR = (OneOf("token_type", TOKEN_TYPES),)
SPEND = Scaled(Sum("usage", "list_nanos"), NANOS_PER_USD)
TOKENS = Sum("usage", "tokens", filters=FOUR)
_CACHE = OneOf("token_type", ("cacheRead", "cacheCreation"))
_IN = OneOf("token_type", ("input", "cacheRead", "cacheCreation"))
_GAP = Sum("witnesses", "ledger_tokens", minus="tokens")
_KINDS = frozenset({"token_type", "cache_ttl"})
_LEDGER = "the ledger: per session, day, model and token type the larger of metrics and events"
_NOTIONAL = "Notional on seat plans: list price is not what the vendor bills."
_FLOOR = "A floor while the price of a model is unknown; the answer names the models."

METRICS = (
    Metric(
        "spend_usd",
        "Tokens times the dated list price, plus separately billed items such as web search.",
        "USD",
        "down",
        SPEND,
        _LEDGER,
        (_NOTIONAL, _FLOOR),
        "high",
    ),
    Metric(
        "spend_reported_usd",
        "What the clients themselves reported as cost.",
        "USD",
        "down",
        Scaled(Sum("costs", "reported_nanos"), NANOS_PER_USD),
        "metrics or api_request events, the larger floor",
        (
            "Clients use prices built into them; a model they do not know gets a default price.",
            "Some assistants report no cost: theirs is unknown, not 0.",
        ),
        "medium",
    ),
    Metric(
        "spend_billed_usd",
        "What vendors billed, each line spread evenly over the days it covers.",
        "USD",
        "down",
        Scaled(Sum("bills", "usd_nanos"), NANOS_PER_USD),
        "cost reports and invoices",
        (
            "By person only where the vendor names one; API keys belong to nobody.",
            "Bills in other currencies are not converted: they are missing here.",
            "Sources are added: connect a cost report or its invoice, not both.",
            "The vendor may still revise recent days.",
        ),
        "high",
    ),
    Metric(
        "tokens",
        "Tokens of the four types input, output, cacheRead and cacheCreation.",
        "tokens",
        "neutral",
        TOKENS,
        _LEDGER,
        ("The four types differ in price by a factor of fifty: compare spend, not tokens.",),
        "high",
    ),
    Metric(
        "cache_hit_share",
        "Share of what went into the model that was read from the prompt cache.",
        "share",
        "up",
        Ratio(
            Sum("usage", "tokens", filters=(Is("token_type", "cacheRead"),)),
            Sum("usage", "tokens", filters=(_IN,)),
        ),
        _LEDGER,
        ("cacheRead ÷ (cacheRead + cacheCreation + input); output is not part of it.",),
        "high",
        _KINDS,
    ),
    Metric(
        "cache_savings_usd",
        "What cached tokens would have cost as plain input, minus what they cost.",
        "USD",
        "up",
        Scaled(Sum("usage", "input_nanos", minus="list_nanos", filters=(_CACHE,)), NANOS_PER_USD),
        _LEDGER,
        ("The surcharge for writing the cache is taken off, so it can be negative.", _NOTIONAL),
        "high",
    ),
    Metric(
        "unpriced_tokens",
        "Tokens of models without a list price on that day; they are missing from spend_usd.",
        "tokens",
        "down",
        Sum("usage", "unpriced_tokens"),
        _LEDGER,
        ("Add the price to the organisation's own price file to price them.",),
        "high",
    ),
    Metric(
        "witness_tokens",
        "Tokens one witness saw: metrics, events or transcripts.",
        "tokens",
        "neutral",
        Sum("witnesses", "tokens"),
        "each witness by itself",
        ("Witnesses report the same tokens: they are compared, never added.",),
        "high",
        needs=("witness",),
    ),
    Metric(
        "witness_gap_tokens",
        "Tokens the ledger counts that this witness did not see.",
        "tokens",
        "down",
        _GAP,
        "each witness beside the ledger",
        ("A lasting gap means that exports are lost or a client leaves usage out.",),
        "high",
        needs=("witness",),
    ),
    Metric(
        "witness_gap_share",
        "Share of the ledger's tokens that this witness did not see.",
        "share",
        "down",
        Ratio(_GAP, Sum("witnesses", "ledger_tokens")),
        "each witness beside the ledger",
        ("Only where the witness saw the session at all on that day.",),
        "high",
        needs=("witness",),
    ),
)
