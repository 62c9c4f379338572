"""The address of a server, as a person gives it: what is wrong with one, and what its paths stand below."""

import re
from urllib.parse import urlsplit

import requests

EXAMPLE = "https://veeam.example:4443"


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
