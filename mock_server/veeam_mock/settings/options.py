"""All that can be set, declared once: the command line, the environment, the config file and the docs follow it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from veeam_mock.faults.kinds import FIELD_NAME, FIELD_VALUE
from veeam_mock.model import durations, regions
from veeam_mock.secrecy.secret_forms import PATTERN
from veeam_mock.spec.document import VERSIONS

TEXT = {"type": "string", "minLength": 1}
HOST = {
    "type": "string",
    "pattern": r"^[0-9A-Za-z.:_%-]+$",
    "x-wanted": "a host name, or an address such as 127.0.0.1",
}
FLAG = {"type": "boolean"}
ORIGIN = {
    "type": "string",
    "pattern": r"^(\*|null|https?://[^\s/]+)$",
    "x-wanted": "an origin such as https://app.example, null or *",
}
ACCOUNT = {
    "type": "string",
    "pattern": r"^[^@\s]+@[^@\s]+$",
    "x-wanted": "an account such as admin@contoso.onmicrosoft.com",
}
PAGE = {
    "anyOf": [{"const": "self"}, {"type": "string", "format": "uri", "pattern": r"^https://[^\s/]+(/\S*)?$"}],
    "x-wanted": "'self', nor an https address",
}
UUID = {"type": "string", "format": "uuid"}
MEMORY = "memory"
STORE = {
    "type": "string",
    "pattern": r"^(memory|rediss?://\S+|unix:///\S+)$",
    "x-secret": True,
    "x-wanted": "memory, nor an address such as redis://localhost:6379/0 or unix:///run/redis.sock",
}
"""Where worlds can be kept. An address may hold a password, and is shown nowhere."""

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
    "x-secret": True,
    "x-wanted": "a list of users, such as [{username: NAME, password: TEXT}]",
    "items": {
        "type": "object",
        "required": ["username", "password"],
        "additionalProperties": False,
        "x-wanted": "a user, such as {username: NAME, password: TEXT}",
        "properties": {
            "username": {**TEXT, "maxLength": 256, "x-wanted": "text"},
            "password": {**TEXT, "maxLength": 1024, "x-wanted": "text"},
        },
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
FORM = {"type": "string", "pattern": PATTERN, "x-wanted": "a form such as hex of 32, uuid or jwt of 400"}
FORMED = ("code", "access_token", "refresh_token")
FORMS = {"type": "object", "additionalProperties": False, "properties": dict.fromkeys(FORMED, FORM)}
ANSWERS = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "not": {"required": ["body", "body-file"]},
        "x-wanted": "an answer, such as {status: 200, body: []}",
        "properties": {
            "status": {"type": "integer", "minimum": 200, "maximum": 599},
            "headers": {
                "type": "object",
                "propertyNames": FIELD_NAME,
                "additionalProperties": {**FIELD_VALUE, "type": ["string", "integer"]},
            },
            "body": True,
            "body-file": TEXT,
        },
    },
}


@dataclass(slots=True)
class Option:
    """One thing that can be set. `metavar` None means a flag; `command` False means config file only.

    `key` is the name of the attribute that it is declared as.
    """

    default: Any
    schema: Mapping[str, Any]
    help: str
    metavar: str | None = None
    command: bool = True
    secret: bool = False
    key: str = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.key = name

    @property
    def is_duration(self) -> bool:
        """Whether its value is a duration, kept in seconds."""
        return self.schema is durations.SCHEMA


def setting(
    default: Any,
    schema: Mapping[str, Any],
    help: str,
    metavar: str | None = None,
    *,
    command: bool = True,
    secret: bool = False,
) -> Any:
    """Declare a setting; it is an `Option` to the class, and its value to an instance."""
    return Option(default, schema, help, metavar, command, secret)


class Declared:
    """The settings, in the order in which they are told."""

    host: str = setting("127.0.0.1", HOST, "Address to listen on.", "ADDRESS")
    port: int = setting(4443, {"type": "integer", "minimum": 0, "maximum": 65535}, "Port; 0 picks a free one.", "PORT")
    port_file: str | None = setting(None, TEXT, "Write the port to this file once the server is ready.", "FILE")
    api: tuple[str, ...] = setting(
        VERSIONS,
        {"type": "array", "minItems": 1, "items": {"type": "string", "enum": list(VERSIONS)}},
        "Versions of the API that are served, such as v4,v8. Default: all.",
        "VERSIONS",
    )
    also: tuple[str, ...] = setting(
        (),
        {"type": "array", "items": TEXT},
        "Serve other operations from this OpenAPI document; FILE:/v6=/v4 turns a prefix of its paths into another.",
        "FILE",
    )
    answers: Mapping[str, Mapping[str, Any]] = setting(
        {},
        ANSWERS,
        "Answers for operations of --also: operation or path -> status, headers, body or body-file.",
        "MAP",
        command=False,
    )
    name: tuple[str, ...] = setting(
        (),
        {"type": "array", "maxItems": 100, "items": HOST},
        "Another name of this server, or address: in the certificate that is made, and let in as by --allow-host.",
        "HOST",
    )
    http: bool = setting(False, FLAG, "Serve plain HTTP instead of HTTPS.")
    cert: str | None = setting(None, TEXT, "Certificate chain (PEM) instead of the one made on first use.", "FILE")
    key: str | None = setting(None, TEXT, "Private key (PEM) of --cert.", "FILE")
    username: str = setting(DEFAULT_USERNAME, {**TEXT, "maxLength": 256}, "User who may log in.", "NAME")
    password: str = setting(
        DEFAULT_PASSWORD, {**TEXT, "maxLength": 1024}, "Password of --username.", "TEXT", secret=True
    )
    code_lifetime: float = setting(900.0, durations.SCHEMA, "How long a device code lives.", "DURATION")
    token_lifetime: float = setting(3600.0, durations.SCHEMA, "How long an access token lives.", "DURATION")
    refresh_lifetime: float = setting(1209600.0, durations.SCHEMA, "How long a refresh token lives.", "DURATION")
    expires_unit: str = setting(
        "seconds",
        {"type": "string", "enum": ["seconds", "milliseconds"]},
        "Unit of expiresIn in the answers; takes precedence over ambiguities.expires-unit.",
        "UNIT",
    )
    verification_url: str | None = setting(
        None,
        PAGE,
        "Verification page in the answers; 'self' for the mock's own page. Default: Microsoft's page of the region.",
        "URL|self",
    )
    request_timeout: float = setting(
        10.0, durations.SCHEMA, "How long a client may take to send a request.", "DURATION", command=False
    )
    auto_approve: float | None = setting(
        None, durations.SCHEMA, "Approve each code after this time, without a person.", "DURATION"
    )
    accounts: tuple[str, ...] = setting(
        DEFAULT_ACCOUNTS,
        {"type": "array", "items": ACCOUNT},
        "Accounts that the sign-in page offers.",
        "LIST",
        command=False,
    )
    log: bool = setting(False, FLAG, "Print one line for each request.")
    log_format: str = setting("text", {"type": "string", "enum": ["text", "json"]}, "Form of these lines.", "text|json")
    profile: str | None = setting(
        None, TEXT, "Answer as the server of this profile, which veeam-contracts probe has written.", "FILE"
    )
    latency: bool = setting(False, FLAG, "Take as long for each operation as the profile says.")
    login_limit: bool = setting(
        False, FLAG, "Keep to the vendor's limit on logins from v6 on: 1 a second, 5 a minute, 1,500 an hour; else 429."
    )
    no_prefer: bool = setting(False, FLAG, "Ignore faults that requests ask for by the header Prefer.")
    strict: bool = setting(
        False, FLAG, "Refuse what the real server forgives: sloppy JSON, a slash at a path's end, a form as multipart."
    )
    admin_key: str | None = setting(
        None,
        {**TEXT, "pattern": "^[\\x21-\\x7e]+$", "x-wanted": "a key of visible ASCII characters without blanks"},
        "Key that the control API demands. Default: none on loopback, elsewhere one is made.",
        "KEY",
        secret=True,
    )
    faults: tuple[Mapping[str, Any], ...] = setting(
        (), {"type": "array", "items": {"type": "object"}}, "Faults from the start.", "LIST", command=False
    )
    seed: int | str | None = setting(
        None, {"type": ["integer", "string"]}, "Repeat the same codes and tokens on every run.", "N"
    )
    cors: tuple[str, ...] = setting(
        (), {"type": "array", "items": ORIGIN}, "Allow browser clients of this origin ('*' for any).", "ORIGIN"
    )
    allow_host: tuple[str, ...] = setting(
        (),
        {"type": "array", "items": HOST},
        "Serve pages and the control API on loopback under this host name too.",
        "HOST",
    )
    store: str = setting(
        MEMORY,
        STORE,
        "Where worlds are kept; servers that name the same Redis or Valkey are one server.",
        "URL",
        secret=True,
    )
    store_prefix: str = setting(
        "veeam-mock",
        {"type": "string", "pattern": "^[A-Za-z0-9._:-]{1,64}$", "x-wanted": "letters, digits, dots, dashes, colons"},
        "What the keys in --store begin with, so that several mocks share one.",
        "TEXT",
    )
    workers: int = setting(
        1,
        {"type": "integer", "minimum": 1, "maximum": 64},
        "Processes that serve the port; more than one share a --store.",
        "N",
    )
    quiet: bool = setting(False, FLAG, "Print no banner.")
    users: tuple[Mapping[str, str], ...] = setting(
        (),
        USERS,
        "Several users, each with username and password, which are then not set beside them.",
        "LIST",
        command=False,
    )
    organizations: tuple[Mapping[str, Any], ...] = setting(
        DEFAULT_ORGANIZATIONS, ORGANIZATIONS, "The organizations at the start.", "LIST", command=False
    )
    restore_sessions: tuple[str, ...] = setting(
        DEFAULT_RESTORE_SESSIONS,
        {"type": "array", "items": UUID},
        "Ids of the restore sessions that exist.",
        "LIST",
        command=False,
    )
    ambiguities: Mapping[str, str] = setting(
        {},
        {"type": "object", "additionalProperties": {"type": ["string", "integer"]}},
        "The reading of each ambiguity: id -> reading, see `x-ambiguities` in openapi.yaml.",
        "MAP",
        command=False,
    )
    forms: Mapping[str, str] = setting(
        {},
        FORMS,
        "The form of codes and tokens, such as `hex of 32`, `uuid` or `jwt of 400` (docs/twin.md).",
        "MAP",
        command=False,
    )
    most_codes: int = setting(
        5_000,
        {"type": "integer", "minimum": 1, "maximum": 1_000_000},
        "Device codes kept over all worlds; beyond its share a world loses its oldest. In a store: in each world.",
        "N",
        command=False,
    )
    most_tokens: int = setting(
        10_000,
        {"type": "integer", "minimum": 1, "maximum": 1_000_000},
        "Access tokens kept, and as many refresh tokens, bounded as the codes are.",
        "N",
        command=False,
    )
    most_worlds: int = setting(
        100,
        {"type": "integer", "minimum": 1, "maximum": 10_000},
        "Worlds beside the default one; then a new one is refused with 503.",
        "N",
        command=False,
    )
    journal_entries: int = setting(
        2_000,
        {"type": "integer", "minimum": 0, "maximum": 1_000_000},
        "Exchanges kept over all worlds; then the oldest goes. 0 turns the journal off.",
        "N",
        command=False,
    )
    journal_bytes: int = setting(
        16 * 1024 * 1024,
        {"type": "integer", "minimum": 0},
        "Bytes of the exchanges kept over all worlds; then the oldest goes.",
        "N",
        command=False,
    )


OPTIONS = tuple(option for option in vars(Declared).values() if isinstance(option, Option))
BY_KEY = {option.key: option for option in OPTIONS}
