"""What can be set, in one table: the command line, the environment, the config file and the docs are made from it."""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from mock_server import durations
from mock_server.model import regions
from mock_server.readings import default_readings
from mock_server.spec import bundled_path, load_document
from mock_server.validation import Schema, Violation, shorten

ENVIRONMENT_PREFIX = "VEEAM_MOCK_"
TEXT = {"type": "string", "minLength": 1}
FLAG = {"type": "boolean"}
UUID = {"type": "string", "format": "uuid"}

DEFAULT_USERNAME = "administrator"
DEFAULT_PASSWORD = "veeam"
DEFAULT_ORGANIZATIONS = (
    {
        "id": "00000000-0000-4000-8000-000000000001",
        "name": "tailspintoys.onmicrosoft.com",
        "region": "Worldwide",
    },
    {
        "id": "00000000-0000-4000-8000-000000000002",
        "name": "wingtiptoys.partner.onmschina.cn",
        "region": "China",
    },
)
DEFAULT_RESTORE_SESSIONS = ("00000000-0000-4000-8000-00000000a001",)

USERS = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "required": ["username", "password"],
        "additionalProperties": False,
        "properties": {"username": {**TEXT, "maxLength": 256}, "password": {"type": "string", "maxLength": 1024}},
    },
}
ORGANIZATIONS = {
    "type": "array",
    "maxItems": 1000,
    "items": {
        "type": "object",
        "required": ["name"],
        "additionalProperties": False,
        "properties": {
            "id": UUID,
            "name": TEXT,
            "officeName": TEXT,
            "region": {"type": "string", "enum": list(regions.NAMES)},
            "type": {"type": "string", "enum": ["Office365", "OnPremises", "Hybrid"]},
            "isBackedup": FLAG,
        },
    },
}


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that can be set. `metavar` None means a flag; `command` False means config file only."""

    key: str
    default: Any
    schema: Mapping[str, Any]
    help: str
    metavar: str | None = None
    command: bool = True
    secret: bool = False

    @property
    def is_duration(self) -> bool:
        """Whether its value is a duration, kept in seconds."""
        return self.schema is durations.SCHEMA


OPTIONS: tuple[Option, ...] = (
    Option("host", "127.0.0.1", TEXT, "Address to listen on.", "ADDRESS"),
    Option("port", 4443, {"type": "integer", "minimum": 0, "maximum": 65535}, "Port; 0 picks a free one.", "PORT"),
    Option("port_file", None, TEXT, "Write the port to this file once the server is ready.", "FILE"),
    Option("http", False, FLAG, "Serve plain HTTP instead of HTTPS."),
    Option("cert", None, TEXT, "Certificate chain (PEM) instead of the one made on first use.", "FILE"),
    Option("key", None, TEXT, "Private key (PEM) of --cert.", "FILE"),
    Option("username", DEFAULT_USERNAME, {**TEXT, "maxLength": 256}, "User who may log in.", "NAME"),
    Option(
        "password",
        DEFAULT_PASSWORD,
        {"type": "string", "maxLength": 1024},
        "Password of --username.",
        "TEXT",
        secret=True,
    ),
    Option("code_lifetime", 900.0, durations.SCHEMA, "How long a device code lives.", "DURATION"),
    Option("token_lifetime", 3600.0, durations.SCHEMA, "How long an access token lives.", "DURATION"),
    Option("refresh_lifetime", 1209600.0, durations.SCHEMA, "How long a refresh token lives.", "DURATION"),
    Option(
        "expires_unit",
        "seconds",
        {"type": "string", "enum": ["seconds", "milliseconds"]},
        "Unit of expiresIn in the answers.",
        "UNIT",
    ),
    Option(
        "verification_url",
        None,
        {"anyOf": [{"const": "self"}, {"type": "string", "pattern": "^https://[^\\s/]+(/\\S*)?$"}]},
        "Verification page in the answers; 'self' for the mock's own page. Default: Microsoft's page of the region.",
        "URL|self",
    ),
    Option(
        "request_timeout",
        10.0,
        durations.SCHEMA,
        "How long a client may take to send a request.",
        "DURATION",
        command=False,
    ),
    Option("seed", None, {"type": ["integer", "string"]}, "Repeat the same codes and tokens on every run.", "N"),
    Option(
        "cors", (), {"type": "array", "items": TEXT}, "Allow browser clients of this origin ('*' for any).", "ORIGIN"
    ),
    Option("quiet", False, FLAG, "Print no banner."),
    Option("users", (), USERS, "Several users, each with username and password.", "LIST", command=False),
    Option(
        "organizations", DEFAULT_ORGANIZATIONS, ORGANIZATIONS, "The organizations at the start.", "LIST", command=False
    ),
    Option(
        "restore_sessions",
        DEFAULT_RESTORE_SESSIONS,
        {"type": "array", "items": UUID},
        "Ids of the restore sessions that exist.",
        "LIST",
        command=False,
    ),
    Option(
        "ambiguities",
        {},
        {"type": "object", "additionalProperties": {"type": ["string", "integer"]}},
        "The reading of each ambiguity: id -> reading, see `x-ambiguities` in openapi.yaml.",
        "MAP",
        command=False,
    ),
    Option(
        "most_codes",
        10_000,
        {"type": "integer", "minimum": 1, "maximum": 1_000_000},
        "Device codes kept; then the oldest goes.",
        "N",
        command=False,
    ),
    Option(
        "most_tokens",
        10_000,
        {"type": "integer", "minimum": 1, "maximum": 1_000_000},
        "Access tokens and refresh tokens kept, each; then the oldest goes.",
        "N",
        command=False,
    ),
)
BY_KEY = {option.key: option for option in OPTIONS}
POSITIVE = ("code_lifetime", "token_lifetime", "refresh_lifetime")
LONGEST_LIFETIME = 3650 * 86400.0

SCHEMA = Schema(
    {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            o.key: {"anyOf": [o.schema, {"type": "null"}]} if o.default is None else o.schema for o in OPTIONS
        },
    }
)


class SettingsError(ValueError):
    """Settings that do not fit. `problems` lists every mistake, each with its key."""

    def __init__(self, problems: list[Violation]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class Settings:
    """Checked settings. `Settings(code_lifetime="5s")` takes what the config file takes; durations are kept in seconds.

    Raises `SettingsError` with all mistakes at once.
    """

    host: str
    port: int
    port_file: str | None
    http: bool
    cert: str | None
    key: str | None
    username: str
    password: str
    code_lifetime: float
    token_lifetime: float
    refresh_lifetime: float
    expires_unit: str
    verification_url: str | None
    request_timeout: float
    seed: int | str | None
    cors: tuple[str, ...]
    quiet: bool
    users: tuple[Mapping[str, str], ...]
    organizations: tuple[Mapping[str, Any], ...]
    restore_sessions: tuple[str, ...]
    ambiguities: Mapping[str, str]
    most_codes: int
    most_tokens: int

    def __init__(self, **given: Any) -> None:
        problems = _problems(given)
        if problems:
            raise SettingsError(problems)
        for option in OPTIONS:
            object.__setattr__(self, option.key, _keep(option, given.get(option.key, option.default)))
        readings = default_readings(load_document(bundled_path()))
        readings.update({key: str(name) for key, name in self.ambiguities.items()})
        if "expires_unit" in given:
            readings["expires-unit"] = self.expires_unit
        object.__setattr__(self, "expires_unit", readings["expires-unit"])
        object.__setattr__(self, "ambiguities", MappingProxyType(readings))

    def __setattr__(self, key: str, value: object) -> None:
        raise AttributeError("settings do not change; make new ones with replace()")

    def __repr__(self) -> str:
        changed = [f"{o.key}={_shown(o, self)}" for o in OPTIONS if getattr(self, o.key) != _keep(o, o.default)]
        return f"Settings({', '.join(changed)})"

    def replace(self, **changes: Any) -> "Settings":
        """New settings with `changes`; `SettingsError` when they do not fit."""
        return Settings(**{**{option.key: getattr(self, option.key) for option in OPTIONS}, **changes})

    @property
    def passwords(self) -> Mapping[str, str]:
        """User name -> password: `users`, or the one user."""
        if self.users:
            return {user["username"]: user["password"] for user in self.users}
        return {self.username: self.password}

    @property
    def password_is_default(self) -> bool:
        """Whether the login is the documented one, which is no secret."""
        return not self.users and self.password == DEFAULT_PASSWORD


def _keep(option: Option, value: Any) -> Any:
    if option.is_duration and value is not None:
        return durations.parse_duration(value)
    if isinstance(value, list):
        return tuple(value)
    return value


def _shown(option: Option, settings: Settings) -> str:
    return "***" if option.secret or option.key == "users" else shorten(getattr(settings, option.key))


def _problems(given: Mapping[str, Any]) -> list[Violation]:
    plain = {key: list(value) if isinstance(value, tuple) else value for key, value in given.items()}
    if isinstance(plain.get("ambiguities"), Mapping):
        plain["ambiguities"] = dict(plain["ambiguities"])
    problems = [_worded(problem, plain) for problem in SCHEMA.violations(plain, "")]
    wrong = {problem.where.split(".")[0] for problem in problems}
    sound = {key: value for key, value in given.items() if key not in wrong}
    return [*problems, *_lifetime_problems(sound), *_reading_problems(sound), *_pair_problems(sound)]


def _worded(problem: Violation, given: Mapping[str, Any]) -> Violation:
    key = problem.where.split(".")[0]
    option = BY_KEY.get(key)
    if problem.keyword == "additionalProperties" and not problem.where:
        unknown = ", ".join(sorted(set(given) - set(BY_KEY)))
        return Violation(unknown, "is not a setting; known are " + ", ".join(BY_KEY), problem.keyword)
    if option is not None and option.is_duration:
        return Violation(key, f"{shorten(given[key])} is not a duration such as 30s, 15m, 1.5h or 14d", "format")
    if key == "verification_url":
        return Violation(key, f"{shorten(given[key])} is neither 'self' nor an https address", "format")
    return problem


def _lifetime_problems(given: Mapping[str, Any]) -> Iterable[Violation]:
    for key in POSITIVE:
        if key in given and not 1 <= durations.parse_duration(given[key]) <= LONGEST_LIFETIME:
            yield Violation(key, "must be from 1s to 3650d", "range")


def _reading_problems(given: Mapping[str, Any]) -> Iterable[Violation]:
    catalogue = load_document(bundled_path())["x-ambiguities"]
    for key, name in given.get("ambiguities", {}).items():
        where = f"ambiguities.{key}"
        if key not in catalogue:
            yield Violation(where, f"is not an ambiguity; known are {', '.join(catalogue)}", "enum")
        elif str(name) not in catalogue[key]["readings"]:
            known = ", ".join(catalogue[key]["readings"])
            yield Violation(where, f"{shorten(name)} is not a reading; known are {known}", "enum")


def _pair_problems(given: Mapping[str, Any]) -> Iterable[Violation]:
    for one, other in (("cert", "key"), ("key", "cert")):
        if given.get(one) and not given.get(other):
            yield Violation(one, f"needs {other} as well", "required")
    if given.get("http") and given.get("cert"):
        yield Violation("http", "does not go with cert: plain HTTP has no certificate", "range")


def read_config(path: str) -> dict[str, Any]:
    """The settings in the YAML file at `path`, unchecked; `SettingsError` when it cannot be read as a mapping."""
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = re.sub(r"\s+", " ", str(error))
        raise SettingsError([Violation("config", f"{path} cannot be read: {reason}", "syntax")]) from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise SettingsError([Violation("config", f"{path} must hold a mapping of settings", "type")])
    return {str(key).replace("-", "_"): value for key, value in content.items()}


def read_environment(environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """The settings in `VEEAM_MOCK_…` variables, unchecked; unknown ones are kept so that they are reported."""
    found = {
        name.removeprefix(ENVIRONMENT_PREFIX).lower(): value
        for name, value in environ.items()
        if name.startswith(ENVIRONMENT_PREFIX) and name != f"{ENVIRONMENT_PREFIX}CONFIG"
    }
    return {key: from_text(BY_KEY[key], value) if key in BY_KEY else value for key, value in found.items()}


def from_text(option: Option, text: str) -> Any:
    """The value that `text` means for an option; left as it is when it means none, so that the check reports it."""
    kind = option.schema.get("type")
    if kind == "boolean":
        return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}.get(text.lower(), text)
    if (kind == "integer" or option.key == "seed") and re.fullmatch(r"-?[0-9]+", text):
        return int(text)
    if kind in ("array", "object"):
        return yaml.safe_load(text)
    return text
