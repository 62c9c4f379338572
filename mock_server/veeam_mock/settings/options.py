"""All that can be set, in one table: the command line, the environment, the config file and the docs follow it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from veeam_mock.model import durations, regions

TEXT = {"type": "string", "minLength": 1}
HOST = {"type": "string", "pattern": r"^[0-9A-Za-z.:_%-]+$"}
FLAG = {"type": "boolean"}
ORIGIN = {"type": "string", "pattern": r"^(\*|null|https?://[^\s/]+)$"}
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
DEFAULT_ACCOUNTS = (
    "admin@fabrikam.onmicrosoft.com",
    "admin@contoso.onmicrosoft.com",
    "admin@northwind.partner.onmschina.cn",
)
DEFAULT_RESTORE_SESSIONS = ("00000000-0000-4000-8000-00000000a001",)

USERS = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "required": ["username", "password"],
        "additionalProperties": False,
        "properties": {"username": {**TEXT, "maxLength": 256}, "password": {**TEXT, "maxLength": 1024}},
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
    Option("host", "127.0.0.1", HOST, "Address to listen on.", "ADDRESS"),
    Option("port", 4443, {"type": "integer", "minimum": 0, "maximum": 65535}, "Port; 0 picks a free one.", "PORT"),
    Option("port_file", None, TEXT, "Write the port to this file once the server is ready.", "FILE"),
    Option("http", False, FLAG, "Serve plain HTTP instead of HTTPS."),
    Option("cert", None, TEXT, "Certificate chain (PEM) instead of the one made on first use.", "FILE"),
    Option("key", None, TEXT, "Private key (PEM) of --cert.", "FILE"),
    Option("username", DEFAULT_USERNAME, {**TEXT, "maxLength": 256}, "User who may log in.", "NAME"),
    Option(
        "password",
        DEFAULT_PASSWORD,
        {**TEXT, "maxLength": 1024},
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
        "Unit of expiresIn in the answers; goes before ambiguities.expires-unit.",
        "UNIT",
    ),
    Option(
        "verification_url",
        None,
        {"anyOf": [{"const": "self"}, {"type": "string", "format": "uri", "pattern": "^https://[^\\s/]+(/\\S*)?$"}]},
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
    Option("auto_approve", None, durations.SCHEMA, "Approve each code after this time, without a person.", "DURATION"),
    Option(
        "accounts",
        DEFAULT_ACCOUNTS,
        {"type": "array", "items": {"type": "string", "pattern": "^[^@\\s]+@[^@\\s]+$"}},
        "Accounts that the sign-in page offers.",
        "LIST",
        command=False,
    ),
    Option("log", False, FLAG, "Print one line for each request."),
    Option("log_format", "text", {"type": "string", "enum": ["text", "json"]}, "Form of these lines.", "text|json"),
    Option("no_prefer", False, FLAG, "Ignore faults that requests ask for by the header Prefer."),
    Option(
        "admin_key",
        None,
        {**TEXT, "pattern": "^[\\x21-\\x7e]+$"},
        "Key that the control API demands. Default: none on loopback, elsewhere one is made.",
        "KEY",
        secret=True,
    ),
    Option(
        "faults", (), {"type": "array", "items": {"type": "object"}}, "Faults from the start.", "LIST", command=False
    ),
    Option("seed", None, {"type": ["integer", "string"]}, "Repeat the same codes and tokens on every run.", "N"),
    Option(
        "cors", (), {"type": "array", "items": ORIGIN}, "Allow browser clients of this origin ('*' for any).", "ORIGIN"
    ),
    Option("quiet", False, FLAG, "Print no banner."),
    Option(
        "users",
        (),
        USERS,
        "Several users, each with username and password, which are then not set beside them.",
        "LIST",
        command=False,
    ),
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
    Option(
        "most_worlds",
        100,
        {"type": "integer", "minimum": 1, "maximum": 10_000},
        "Worlds beside the default one; then a new one is refused with 503.",
        "N",
        command=False,
    ),
    Option(
        "journal_entries",
        2_000,
        {"type": "integer", "minimum": 0, "maximum": 1_000_000},
        "Exchanges kept over all worlds; then the oldest goes. 0 turns the journal off.",
        "N",
        command=False,
    ),
    Option(
        "journal_bytes",
        16 * 1024 * 1024,
        {"type": "integer", "minimum": 0},
        "Bytes of the exchanges kept over all worlds; then the oldest goes.",
        "N",
        command=False,
    ),
)
BY_KEY = {option.key: option for option in OPTIONS}
