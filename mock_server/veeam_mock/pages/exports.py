"""An exchange in other forms: as a line of curl, and as an assertion of a test. Secrets stay masked."""

import json
from collections.abc import Mapping
from shlex import quote
from typing import Any
from urllib.parse import parse_qsl

from veeam_mock.control.records import Exchange
from veeam_mock.secrecy.secret_names import MASK, is_secret

MADE_BY_CURL = frozenset({"host", "content-length", "connection", "accept", "accept-encoding", "user-agent"})
"""Header fields that curl sets by itself, or that are those of another client."""

MOST_CONDITIONS = 5


def as_curl(exchange: Exchange, address: str) -> str:
    """The request as one line for a POSIX shell; a token is `$TOKEN`, any other secret `***`."""
    asked = exchange.request
    target = f"{address}{asked.path}{f'?{asked.query}' if asked.query else ''}"
    parts = ["curl -sS", *([f"-X {quote(asked.method)}"] if asked.method != "GET" else []), quote(target)]
    for name, value in asked.headers.items():
        if name == "authorization" and value.endswith(MASK):
            parts.append('-H "Authorization: Bearer $TOKEN"')
        elif name not in MADE_BY_CURL:
            parts.append(f"-H {quote(f'{name}: {value}')}")
    if asked.body:
        parts.append(f"--data-raw {quote(asked.body)}")
    return " ".join(parts)


def as_assertion(exchange: Exchange) -> str:
    """A line of Python that holds because of this exchange: it was asked once, or more often, and answered so."""
    asked = exchange.request
    conditions: dict[str, Any] = (
        {"operation": exchange.operation} if exchange.operation else {"method": asked.method, "path": asked.path}
    )
    if exchange.reply is not None:
        conditions["status"] = exchange.reply.status
    if body := _told(asked.body, asked.headers.get("content-type", "")):
        conditions["body"] = body
    return f"veeam.requests.verify({', '.join(f'{name}={value!r}' for name, value in conditions.items())})"


def _told(body: str, media_type: str) -> Mapping[str, object]:
    """What is said in a body, by JSON Pointer: texts, numbers and truth values that are no secrets."""
    try:
        is_form = "urlencoded" in media_type.lower()
        content = dict(parse_qsl(body, keep_blank_values=True)) if is_form else json.loads(body or "null")
    except ValueError:
        return {}
    if not isinstance(content, dict):
        return {}
    plain = {
        f"/{name.replace('~', '~0').replace('/', '~1')}": value
        for name, value in content.items()
        if isinstance(value, str | int | float | bool) and value != MASK and not is_secret(name)
    }
    return dict(list(plain.items())[:MOST_CONDITIONS])
