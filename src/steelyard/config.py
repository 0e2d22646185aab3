"""Settings: every value has a name, a default and a sentence of help, and knows where it came from.

Order: flag over environment variable (STEELYARD_…) over one TOML file over default. This module
reads settings and nothing else: it creates no folder and opens no database.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import platformdirs
from pydantic import (
    BaseModel,
    ByteSize,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
)

from steelyard.errors import ConfigError

PREFIX = "STEELYARD_"
FILE_NAME = "steelyard.toml"
# Environment variables of the program that are not settings.
NOT_SETTINGS = (
    *("STEELYARD_CONFIG", "STEELYARD_TOKEN", "STEELYARD_SHARED"),
    *("STEELYARD_OIDC_CLIENT_SECRET", "STEELYARD_PASSWORD"),
)
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
# The first setting of each group of the reference page.
GROUPS = {
    "data": "Storage",
    "web": "Listeners",
    "hosts": "Sign-in",
    "max_body_bytes": "Receiver",
    "inbox_days": "Retention",
    "memory_limit": "DuckDB",
    "short_prompt_chars": "Numbers",
    "directories": "People",
    "bug_types": "Work",
}


def default_data() -> Path:
    """The data folder of a person's own machine (XDG on Linux)."""
    return platformdirs.user_data_path("steelyard", appauthor=False)


def demo_data() -> Path:
    """The folder of the demo company, beside the usual one and never the same."""
    return platformdirs.user_data_path("steelyard-demo", appauthor=False)


class Settings(BaseModel):
    """All settings, frozen. The name of the environment variable is STEELYARD_ and the name."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    data: Path = Field(
        default_factory=default_data, description="Folder of the databases, the inbox and backups."
    )
    warehouse: str = Field(
        "",
        description="URL of the analytical database, `duckdb:///path/to/file`; empty is a file in"
        " the data folder.",
    )
    state: str = Field(
        "",
        description="URL of the database of tokens and other small state; empty is SQLite in the"
        " data folder.",
    )
    prices: Path | None = Field(
        None, description="CSV file of the organisation's own rates, which win over list prices."
    )
    plans: Path | None = Field(
        None, description="CSV file of the organisation's own plans and their prices a month."
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
    bug_types: str = Field(
        "bug,defect,incident", description="Types of issues that are bugs, in any case."
    )
    failure_hours: int = Field(
        24,
        ge=1,
        description="An incident or revert so many hours after a deployment makes it a failed one.",
    )

    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

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
    def inbox_path(self) -> Path:
        """The SQLite file of the durable inbox."""
        return self.data / "inbox.db"

    def provenance(self) -> dict[str, str]:
        """Where each value came from: a flag, an environment variable, a file or the default."""
        return {name: self._origins.get(name, "default") for name in type(self).model_fields}


@dataclass(frozen=True)
class Row:
    """A setting as the reference page and `config show` print it."""

    name: str
    group: str
    variable: str
    default: str
    help: str


def load_settings(data: str | Path | None = None, **overrides: Any) -> Settings:
    """The settings in force. `data` and `overrides` are flags; a None among them is not said.

    Raises ConfigError with the file or variable to mend.
    """
    flags = {k: v for k, v in {"data": data, **overrides}.items() if v is not None}
    environment = _environment()
    path = config_file(flags.get("data") or environment.get("data"))
    from_file = _read(path) if path else {}
    origins = dict.fromkeys(from_file, f"file {path}")
    origins |= {name: f"environment {PREFIX}{name.upper()}" for name in environment}
    origins |= {name: f"flag --{name.replace('_', '-')}" for name in flags}
    try:
        settings = Settings(**{**from_file, **environment, **flags})
    except ValidationError as error:
        raise _invalid(error, origins) from None
    settings._origins.update(origins)
    return settings


def config_file(data: str | Path | None = None) -> Path | None:
    """The one settings file: $STEELYARD_CONFIG, else in the data folder, else in the XDG folder."""
    named = os.environ.get(f"{PREFIX}CONFIG")
    if named:
        if not Path(named).is_file():
            raise ConfigError(
                f"STEELYARD_CONFIG names {named}, and there is no such file.",
                "Correct the variable, or unset it to use the usual places.",
            )
        return Path(named)
    folders = (
        Path(data or default_data()).expanduser(),
        platformdirs.user_config_path("steelyard", appauthor=False),
    )
    return next((f / FILE_NAME for f in folders if (f / FILE_NAME).is_file()), None)


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


def settings_rows() -> list[Row]:
    """Every setting, in order, for the reference page."""
    rows, group = [], ""
    for name, field in Settings.model_fields.items():
        group = GROUPS.get(name, group)
        variable = f"{PREFIX}{name.upper()}"
        rows.append(Row(name, group, variable, _default(name), field.description or ""))
    return rows


def shown(name: str, value: object) -> str:
    """A value as people may see it: sizes with their unit, no password of a database."""
    if isinstance(value, ByteSize):
        return value.human_readable(separator=" ")
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    text = str(value)
    if name not in ("warehouse", "state"):
        return text
    text = re.sub(r"(://[^/:]*):.*@", r"\1:…@", text)
    return re.sub(r"((?:password|passwd|pwd|secret|token|key)=)[^&]*", r"\1…", text, flags=re.I)


def line(name: str, settings: Settings) -> str:
    """What is written in the settings file for the value in force, or for one that could be."""
    value = getattr(settings, name)
    if isinstance(value, bool | int | float):
        return f"{name} = {str(value).lower()}"
    text = shown(name, value) if value is not None else "/path/to/file"
    return f"{name} = {json.dumps(text, ensure_ascii=False)}"


def unknown_variables(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """STEELYARD_ variables that no setting reads, each with the nearest name or ''."""
    known = [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]
    strange = [
        name
        for name in environment
        if name.startswith(PREFIX) and name not in known and name not in NOT_SETTINGS
    ]
    return {name: _nearest(name, known) for name in sorted(strange)}


def _environment() -> dict[str, str]:
    """What the environment says. An empty folder or file is not said; an empty listener is off."""
    said = {name: os.environ.get(f"{PREFIX}{name.upper()}") for name in Settings.model_fields}
    empty = {"data", "prices"}
    return {k: v for k, v in said.items() if v is not None and (v or k not in empty)}


def _read(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(
            f"The settings file {path} cannot be read: {error}.",
            "It is one TOML file of `name = value` lines; `steelyard config show` lists the names.",
        ) from None
    for name in values:
        if name not in Settings.model_fields:
            raise _unknown(path, name)
    return values


def _unknown(path: Path, name: str) -> ConfigError:
    near = _nearest(name, Settings.model_fields)
    return ConfigError(
        f"The settings file {path} has a key that does not exist: {name}.",
        f"Did you mean {near}?" if near else "`steelyard config show` lists the names.",
    )


def _nearest(name: str, known: Iterable[str]) -> str:
    return next(iter(difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)), "")


def _default(name: str) -> str:
    """The default as text that does not depend on the machine."""
    if name == "data":
        return "the user's data folder, on Linux ~/.local/share/steelyard"
    return shown(name, Settings.model_fields[name].default)


def _invalid(error: ValidationError, origins: Mapping[str, str]) -> ConfigError:
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else "settings"
    why = first["msg"].removeprefix("Value error, ")
    row = next((row for row in settings_rows() if row.name == name), None)
    return ConfigError(
        f"The setting {name} ({origins.get(name, 'default')}) is wrong: {why}.",
        f"{row.help} The default is {row.default or 'empty'}." if row else "",
    )
