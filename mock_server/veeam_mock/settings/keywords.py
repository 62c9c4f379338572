"""The settings as types, so that a type checker refuses a name or a value that does not fit before a test runs."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

from veeam_mock.faults.keywords import GivenFault

Duration = str | float
"""Text with a unit, such as `15m`, or seconds."""

VersionName = Literal["v4", "v5", "v6", "v7", "v8"]


class ChangeableSettings(TypedDict, total=False):
    """The settings that may change while a server runs."""

    code_lifetime: Duration
    token_lifetime: Duration
    refresh_lifetime: Duration
    expires_unit: Literal["seconds", "milliseconds"]
    verification_url: str | None
    auto_approve: Duration | None


class WorldSettings(ChangeableSettings, total=False):
    """The settings that a test may have of its own, as the marker `veeam` takes them."""

    api: Sequence[VersionName]
    username: str
    password: str
    users: Sequence[Mapping[str, str]]
    accounts: Sequence[str]
    organizations: Sequence[Mapping[str, Any]]
    restore_sessions: Sequence[str]
    ambiguities: Mapping[str, str | int]
    forms: Mapping[str, str]
    faults: Sequence[GivenFault]
    also: Sequence[str]
    answers: Mapping[str, Mapping[str, Any]]
    admin_key: str | None
    strict: bool
    profile: str | None
    latency: bool
    login_limit: bool
    no_prefer: bool
    seed: int | str | None
    cors: Sequence[str]
    allow_host: Sequence[str]
    log: bool
    log_format: Literal["text", "json"]
    quiet: bool
    most_codes: int
    most_tokens: int
    most_worlds: int
    journal_entries: int
    journal_bytes: int


class GivenSettings(WorldSettings, total=False):
    """All settings, as the config file takes them."""

    host: str
    port: int
    port_file: str | None
    name: Sequence[str]
    http: bool
    cert: str | None
    key: str | None
    request_timeout: Duration
    store: str
    store_prefix: str
    workers: int
