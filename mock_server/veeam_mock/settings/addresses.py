"""Addresses that the server listens on: which of them this machine alone can reach, and how clients write them."""

import ipaddress
import re
import socket
from urllib.parse import urlsplit

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
"""What this machine calls itself."""

EVERYWHERE = frozenset({"0.0.0.0", "::"})
"""Addresses that stand for every interface."""


HOST_NAME = re.compile(r"(?=.{1,253}\Z)(?!.*--)[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
"""A host name as certificates have it; two hyphens in a row may mean letters that are not ASCII, and are left out."""


def is_loopback(host: str) -> bool:
    """Whether listening on `host` can be reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def is_address(host: str) -> bool:
    """Whether `host` is an IP address: no name that somebody else could point here (DNS rebinding)."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def machine_name() -> str | None:
    """What this machine is called on its network; None where that is no name that a certificate can have."""
    name = socket.gethostname()
    return name if HOST_NAME.fullmatch(name) else None


def is_origin(url: str) -> bool:
    """Whether `url` is the address of a server, with or without a path: `https://localhost:4443`, `http://[::1]/veeam`."""
    try:
        parts = urlsplit(url)
        # Reading the port checks it, and the name must be one that can be looked up (RFC 5890).
        host, _ = (parts.hostname or "").encode("idna"), parts.port
    except (ValueError, UnicodeError):
        return False
    return parts.scheme in ("http", "https") and host != b"" and url.isascii() and url.isprintable() and " " not in url


def host_of(origin: str) -> str:
    """The host name or address in an origin such as `https://localhost:4443`, in lower case; empty for none."""
    try:
        return urlsplit(origin).hostname or ""
    except ValueError:
        return ""


def url_of(scheme: str, host: str, port: int) -> str:
    """The address for clients: `localhost` where the server listens on loopback or everywhere."""
    name = "localhost" if host in LOOPBACK_NAMES | EVERYWHERE else host
    return f"{scheme}://{f'[{name}]' if ':' in name else name}:{port}"
