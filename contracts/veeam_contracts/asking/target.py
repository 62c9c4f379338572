"""The server under test, how to log in to it, and what may be done to it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter

EXAMPLE = "https://veeam.example:4443"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may do, in `seconds` in all. `None` means without limit.

    `rate` is requests a second after a burst of `burst`. `logins` is the pace of requests for tokens from v6 on, as
    pairs: at most so many in so many seconds. `refused_logins` is the number of refused requests for a token, and
    `generated` that of generated cases.
    `reads` are paths that may be read although the allow-list does not have them.
    A 429 is waited out for `longest_wait` seconds at the most, all of a run for `longest_waits`.
    """

    requests: int | None = None
    seconds: float | None = None
    rate: float | None = None
    burst: int = 5
    device_codes: int | None = None
    wrong_passwords: int | None = None
    refused_logins: int | None = None
    generated: int | None = None
    allow_list: bool = False
    reads: tuple[re.Pattern[str], ...] = ()
    logins: tuple[tuple[int, float], ...] = ()
    longest_wait: float = 60.0
    longest_waits: float | None = 180.0
    server_errors_in_a_row: int = 10

    @property
    def live(self) -> bool:
        """Whether these spare the server."""
        return self.allow_list


LOGINS = ((1, 1.1), (5, 61.0))
"""The vendor's own limit, by address of the caller (docs/evidence.md#token-limit), and a little more: a network brings
some requests sooner than others."""

LIVE = Limits(
    requests=300,
    rate=5.0,
    device_codes=60,
    wrong_passwords=1,
    refused_logins=8,
    generated=50,
    allow_list=True,
    logins=LOGINS,
)
"""For every server that is not the bundled mock."""

BUNDLED = Limits(server_errors_in_a_row=100, longest_waits=None)
"""For the bundled mock, which nothing can hurt."""


@dataclass(frozen=True, slots=True, repr=False)
class Login:
    """How to get in: a user name and a password, or a token that somebody else got."""

    username: str | None = None
    password: str | None = None
    token: str | None = None

    def __repr__(self) -> str:
        return "Login(***)"


@dataclass(frozen=True, slots=True)
class Target:
    """The server under test. `timeout` is in seconds, for one whole answer.

    `adapter` replaces the network, for a server in this process. `advance` moves the server's clock by seconds, where
    somebody holds it. `decide` plays the person at the sign-in page: a user code, and `approve`, `deny` or `expire`.
    """

    url: str
    login: Login = field(default_factory=Login)
    limits: Limits = LIVE
    ca_cert: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    insecure: bool = False
    proxy: str | None = None
    timeout: float = 10.0
    organization_id: str | None = None
    region: str | None = None
    seed: int = 1
    adapter: BaseAdapter | None = None
    advance: Callable[[float], object] | None = None
    decide: Callable[[str, str], object] | None = None
    examples: int = 12
    restore_session_id: str | None = None

    @property
    def verify(self) -> bool | str:
        """As `verify=` of requests takes it."""
        return False if self.insecure else self.ca_cert or True

    @property
    def cert(self) -> str | tuple[str, str] | None:
        """The certificate of the caller, as `cert=` of requests takes it."""
        return (self.client_cert, self.client_key) if self.client_cert and self.client_key else self.client_cert

    @property
    def curl_options(self) -> list[str]:
        """What curl needs to get through to the server as this run does; a proxy with credentials is a variable."""
        options = []
        if self.insecure:
            options.append("--insecure")
        elif self.ca_cert:
            options += ["--cacert", self.ca_cert]
        if self.client_cert:
            options += ["--cert", self.client_cert]
        if self.client_key:
            options += ["--key", self.client_key]
        if self.proxy:
            options += ["--proxy", "$VEEAM_PROXY" if "@" in self.proxy else self.proxy]
        return options


def is_loopback(url: str) -> bool:
    """Whether `url` names this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def thorough(limits: Limits) -> Limits:
    """`limits` without the caps on number and pace. The allow-list and the one wrong password stay."""
    return replace(limits, requests=None, rate=None, device_codes=None, generated=None)


def mistake_in(url: str) -> str | None:
    """What is wrong with an address, as a line that names it; None when it can be used."""
    shown = url.encode("unicode_escape").decode("ascii")
    if not url.isprintable() or " " in url or "\\" in url:
        return f"{shown}: holds characters that no address has; one is such as {EXAMPLE}"
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  the property raises for a number that is no port
        requests.Request("GET", url).prepare()
    except (ValueError, requests.RequestException):
        return f"{shown}: is no address such as {EXAMPLE}"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return f"{shown}: is no address such as {EXAMPLE}"
    if parts.username is not None or parts.password is not None:
        return "a login in the address ends up in histories and logs: use VEEAM_USERNAME and VEEAM_PASSWORD"
    if "?" in url or "#" in url:
        return f"{shown}: leave out what follows the {'?' if '?' in url else '#'}; an address is such as {EXAMPLE}"
    if re.search(r"/v\d+(/|$)", parts.path, re.I):
        return f"{shown}: leave out the version, it is part of every path that is asked for: {EXAMPLE}"
    return None


def base_path(url: str) -> str:
    """What stands before every path of the API: empty, or such as `/veeam` behind a proxy."""
    return urlsplit(url).path.rstrip("/")
