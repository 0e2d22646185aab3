"""The settings themselves: each with its default, a sentence of help and what it may be."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import platformdirs
from pydantic import (
    BaseModel,
    ByteSize,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationInfo,
    field_validator,
)

from steelyard.currency import Currency

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


def default_data() -> Path:
    """The data folder of a person's own machine (XDG on Linux)."""
    return platformdirs.user_data_path("steelyard", appauthor=False)


def demo_data() -> Path:
    """The folder of the demo company, beside the usual one and never the same."""
    return platformdirs.user_data_path("steelyard-demo", appauthor=False)


def split_address(text: str) -> tuple[str, int]:
    """`127.0.0.1:8480`, `[::1]:8480` or `:8480` as host and port; raises ValueError."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"{text!r} is not an address such as 127.0.0.1:8480")
    return host.strip("[]") or "127.0.0.1", int(port)


def read_names(text: str) -> list[str]:
    """What stands between commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def read_pairs(text: str) -> dict[str, str]:
    """`a=b,c=d` as a dictionary; raises ValueError."""
    parts = read_names(text)
    pairs = [part.rpartition("=") for part in parts]
    if not all(name.strip() and value.strip() for name, _, value in pairs):
        raise ValueError(f"{text!r} is not of the form name=value,name=value")
    return {name.strip(): value.strip() for name, _, value in pairs}


class Settings(BaseModel):
    """All settings, frozen. The name of the environment variable is STEELYARD_ and the name."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    data: Path = Field(
        default_factory=default_data, description="Folder of the databases, the inbox and backups."
    )
    warehouse: str = Field(
        "",
        description="URL of the analytical database, `duckdb:///path/to/file` or"
        " `clickhouse://user:password@host:8123/database` (`?secure=true` for HTTPS,"
        " `?cluster=name` where several servers keep the same); empty is a file in the data"
        " folder.",
    )
    state: str = Field(
        "",
        description="URL of the database of tokens and other small state, such as"
        " `postgresql://user@host/steelyard`; empty is SQLite in the data folder.",
    )
    prices: Path | None = Field(
        None, description="CSV file of the organisation's own rates, which win over list prices."
    )
    plans: Path | None = Field(
        None, description="CSV file of the organisation's own plans and their prices a month."
    )
    role: Literal["all", "receiver", "worker", "web"] = Field(
        "all",
        description="What `serve` runs: `receiver` takes telemetry into an inbox, with ClickHouse"
        " its own, `worker` applies it and reads sources, `web` shows pages, `all` does everything"
        " in one process tree.",
    )
    web: str = Field(
        "127.0.0.1:8480", description="Address of the pages and the API; empty is off."
    )
    otlp_http: str = Field(
        "127.0.0.1:4318", description="Address of the OTLP/HTTP receiver; empty is off."
    )
    otlp_grpc: str = Field(
        "127.0.0.1:4317", description="Address of the OTLP/gRPC receiver; empty is off."
    )
    require_token: bool = Field(
        False,
        description="Ask for a token on loopback too; beyond loopback one is always asked for.",
    )
    hosts: str = Field(
        "",
        description="More names the pages answer to, such as a proxy's, with commas between them;"
        " with any, everybody is asked to sign in.",
    )
    forwarded_allow: str = Field(
        "",
        description="Addresses or networks of proxies whose X-Forwarded-For and X-Forwarded-Proto"
        " are believed, with commas between them; with any, everybody is asked to sign in.",
    )
    session_days: int = Field(14, ge=1, le=365, description="Days after which a sign-in ends.")
    session_idle_hours: int = Field(
        72, ge=1, description="Hours without a request after which a sign-in ends."
    )
    oidc_issuer: str = Field(
        "", description="Issuer of the OpenID Connect provider people sign in with; empty is none."
    )
    oidc_client_id: str = Field("", description="The client id that the provider gave.")
    oidc_client_secret_file: Path | None = Field(
        None,
        description="File with the client's secret; else STEELYARD_OIDC_CLIENT_SECRET holds it.",
    )
    oidc_scope: str = Field("openid email profile", description="Scopes that are asked for.")
    oidc_domains: str = Field(
        "",
        description="Domains of e-mail addresses for which an account is made at the first sign-in,"
        " with commas between them; `*` is any, empty lets in only who has an account.",
    )
    oidc_roles_claim: str = Field(
        "groups", description="Claim whose values `oidc_roles` turns into roles."
    )
    oidc_roles: str = Field(
        "",
        description="Roles by values of the claim, such as `eng-admins=admin,controlling=finance`;"
        " empty leaves roles to the page Accounts.",
    )
    oidc_default_role: Literal["admin", "finance", "manager", "member"] = Field(
        "member", description="Role of whom nothing else gives one."
    )
    max_body_bytes: ByteSize = Field(
        ByteSize(16 * MIB), ge=KIB, description="Largest request body that is accepted."
    )
    max_inflated_bytes: ByteSize = Field(
        ByteSize(64 * MIB), ge=KIB, description="Largest size of a body after decompression."
    )
    inbox_max_bytes: ByteSize = Field(
        ByteSize(64 * GIB),
        ge=MIB,
        description="Size at which the inbox answers 503, so that clients keep and retry.",
    )
    decode_workers: int = Field(
        0, ge=0, le=256, description="Processes that decode telemetry; 0 is one per two cores."
    )
    inbox_days: int = Field(
        7, ge=1, description="Days for which applied bodies stay in the inbox, for a rebuild."
    )
    events_days: int = Field(
        0, ge=0, description="Days for which raw records are kept; 0 keeps them for good."
    )
    facts_days: int = Field(
        0,
        ge=0,
        description="Days for which figures of use are kept, by person and session; older ones are"
        " deleted with their raw records, and unknown from then on. 0 keeps them for good.",
    )
    work_days: int = Field(
        0,
        ge=0,
        description="Days for which commits, issues, hours, bills and other records of sources are"
        " kept after their last change, with their figures; 0 keeps them for good.",
    )
    leavers_days: int = Field(
        0,
        ge=0,
        description="Days after which people who left are forgotten; their work stays, without"
        " them. 0 forgets nobody.",
    )
    looks_days: int = Field(
        365,
        ge=1,
        description="Days for which is kept who looked at whose figures.",
    )
    memory_limit: str = Field(
        "", description="Memory DuckDB may use, such as `2GB`; empty is 80 % of the machine's."
    )
    threads: int = Field(0, ge=0, le=1024, description="Threads DuckDB may use; 0 is one per core.")
    short_prompt_chars: int = Field(
        20, ge=1, description="A prompt with fewer characters counts as short."
    )
    segment_days: int = Field(28, ge=7, description="Days over which a way of working is judged.")
    segment_active_days: int = Field(
        4, ge=1, description="Fewer active days than this is the segment `minimal`."
    )
    segment_sessions_percentile: float = Field(
        0.6, ge=0, le=1, description="Percentile of sessions from which `autonomous` begins."
    )
    segment_accepted_share: float = Field(
        0.8, ge=0, le=1, description="Share of edits auto-approved or accepted for `autonomous`."
    )
    directories: str = Field(
        "csv,microsoft-graph,okta",
        description="Names of sources that know people, the one believed first.",
    )
    team_sources: str = Field(
        "csv,memberships,directory,department",
        description="Where a team may come from, the first that knows one wins: names of sources,"
        " `memberships`, `directory` or `department`.",
    )
    rollup_pattern: str = Field(
        "",
        description="Pattern of the titles whose direct reports are roll-up managers; empty is"
        " chief, CEO, CTO and their like, and president.",
    )
    rollup_depth: int = Field(
        15, ge=1, le=100, description="How many managers up a roll-up manager is looked for."
    )
    people_shown: Literal["groups", "pseudonyms", "names"] = Field(
        "groups",
        description="Whose own figures pages and the API show: `groups` nobody's but one's own;"
        " `pseudonyms` or `names` also single people's, to admins all and to managers their own.",
    )
    smallest_group: int = Field(
        5, ge=2, le=1000, description="Groups of fewer people are shown together only."
    )
    privacy_tree: str = Field(
        "rollup,department,team",
        description="Dimensions of people that may be combined, the widest first; all others are"
        " shown one at a time.",
    )
    pseudonym_key: Path | None = Field(
        None,
        description="File with the key that pseudonyms are made with; made when first needed, in"
        " the data folder where nothing is said. Kept elsewhere, backups cannot be read back.",
    )
    currency: str = Field(
        "USD",
        pattern="^[A-Z]{3}$",
        description="Currency in which pages show amounts, such as `EUR`; exports and the API keep"
        " US dollars.",
    )
    currency_rate: float | None = Field(
        None, gt=0, description="How much of that currency a US dollar buys; nothing is looked up."
    )
    currency_since: str = Field(
        "", max_length=40, description="Of what day that rate is; pages say it beside the rate."
    )
    bug_types: str = Field(
        "bug,defect,incident", description="Types of issues that are bugs, in any case."
    )
    failure_hours: int = Field(
        24,
        ge=1,
        description="An incident or revert so many hours after a deployment makes it a failed one.",
    )

    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

    @field_validator("currency_rate")
    @classmethod
    def _rate(cls, rate: float | None, others: ValidationInfo) -> float | None:
        code = others.data.get("currency", "USD")
        if code != "USD" and rate is None:
            raise ValueError(f"say how much {code} a US dollar buys")
        if code == "USD" and rate not in (None, 1):
            raise ValueError("a US dollar buys one US dollar; `currency` says another currency")
        return rate

    @field_validator("web", "otlp_http", "otlp_grpc")
    @classmethod
    def _address(cls, text: str) -> str:
        if text:
            split_address(text)
        return text

    @field_validator("oidc_roles")
    @classmethod
    def _roles(cls, text: str) -> str:
        read_pairs(text)
        return text

    @field_validator("data", "prices", "plans", "pseudonym_key", "oidc_client_secret_file")
    @classmethod
    def _home(cls, path: Path | None) -> Path | None:
        return path.expanduser().absolute() if path else path

    @field_validator("privacy_tree")
    @classmethod
    def _places(cls, text: str) -> str:
        known = ("rollup", "department", "team", "office", "country")
        wrong = [each.strip() for each in text.split(",") if each.strip() not in known]
        if wrong:
            raise ValueError(f"cannot hold {wrong[0]!r}; it can {', '.join(known)}")
        return text

    @field_validator("rollup_pattern")
    @classmethod
    def _pattern(cls, text: str) -> str:
        try:
            re.compile(text)
        except re.error as error:
            raise ValueError(f"is not a pattern: {error}") from None
        return text

    @property
    def warehouse_url(self) -> str:
        """The analytical database, with the default filled in."""
        return self.warehouse or f"duckdb:///{self.data / 'steelyard.duckdb'}"

    @property
    def warehouse_is_file(self) -> bool:
        """Whether one process at a time can hold it open, so that no other node reads it."""
        return "://" not in self.warehouse_url or self.warehouse_url.startswith("duckdb:")

    @property
    def state_is_file(self) -> bool:
        """Whether it belongs to one folder; else nodes share it."""
        return self.state_url.startswith("sqlite:")

    @property
    def state_url(self) -> str:
        """The database of small state, with the default filled in."""
        return self.state or f"sqlite:///{self.data / 'state.db'}"

    @property
    def marks_path(self) -> Path:
        """Which session files have been read, so that unchanged ones are skipped."""
        return self.data / "imported-transcripts.json"

    @property
    def pseudonym_key_path(self) -> Path:
        """The key of pseudonyms, with the default filled in."""
        return self.pseudonym_key or self.data / "pseudonym.key"

    @property
    def tree(self) -> tuple[str, ...]:
        """The dimensions of people that may be combined."""
        return tuple(name.strip() for name in self.privacy_tree.split(",") if name.strip())

    @property
    def shown_currency(self) -> Currency:
        """What pages show amounts in."""
        return Currency(self.currency, self.currency_rate or 1.0, self.currency_since)

    @property
    def inbox_path(self) -> Path:
        """The SQLite file of the durable inbox."""
        return self.data / "inbox.db"

    def provenance(self) -> dict[str, str]:
        """Where each value came from: a flag, an environment variable, a file or the default."""
        return {name: self._origins.get(name, "default") for name in type(self).model_fields}
