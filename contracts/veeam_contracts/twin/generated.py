"""Exchanges that are made from a seed, the same for every server: what the questions of the script leave open.

Only such are made as every lawful server takes, or refuses, or decides by a reading that the probe learns.
"""

import json
import random
import string
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from veeam_contracts.asking.client import JSON, Client
from veeam_contracts.document import region_names
from veeam_contracts.paths import Version, service_of
from veeam_contracts.twin.script import Ask, Question

NUMBER = 236
"""Together with what comes before, fewer requests than a live server is asked at the most."""

MOST_CODES = 35
"""Good requests for a code, of which a live server is asked for 60 in all."""

Draw = random.Random
Made = tuple[str, str, str, Ask]
"""An operation, the kind of refusal, what was drawn, in words, and what asks."""


def generated(version: Version, seed: int) -> Iterator[Question]:
    """So many questions for a version, the same each time for the same seed."""
    draw = random.Random(f"{seed} {version}")
    codes = 0
    for number in range(1, NUMBER + 1):
        while True:
            make = draw.choice(MAKERS)
            operation, case, words, ask = make(draw, version)
            gives_code = operation == "getDeviceCode" and not case
            if operation in ("", *version.places) and not (gives_code and codes >= MOST_CODES):
                break
        codes += gives_code
        yield Question(operation, case, ask, f"{number} ({words})")


def _word(draw: Draw, alphabet: str = string.ascii_letters) -> str:
    return "".join(draw.choices(alphabet, k=draw.randint(5, 12)))


MANNERS: tuple[dict[str, str | None], ...] = (
    {},
    {"Accept": "*/*"},
    {"Accept": "application/json, text/plain;q=0.5"},
    {"Accept-Encoding": "identity"},
    {"Accept-Encoding": "gzip"},
    {"Accept-Language": "de-DE"},
    {"User-Agent": "curl/8.5.0"},
    {"Connection": "close"},
)
"""Header fields by which clients differ, and answers of the same do not."""


def _read(draw: Draw, version: Version) -> Made:
    operation = draw.choice(("getServiceInstance", "getOrganizations", "getOrganization"))
    headers, query = draw.choice(MANNERS), draw.choice(({}, {_word(draw).lower(): "1"}))

    def ask(client: Client) -> Any:
        if operation != "getOrganization":
            return client.get(client.path_of(operation), headers=headers, query=query)
        found = client.organization_id()
        path = client.path_of(operation, organizationId=found or "")
        return client.get(path, headers=headers, query=query) if found else None

    return operation, "", f"{_told(headers)}{' with a query' if query else ''}", ask


def _code(draw: Draw, version: Version) -> Made:
    region, headers = draw.choice(region_names()), draw.choice(MANNERS)
    more = draw.choice(({}, {_word(draw): draw.randint(1, 9)}))
    body = json.dumps({"targetRegion": region, **more}).encode()
    words = f"{region}, {_told(headers)}{' with another member' if more else ''}"
    return "getDeviceCode", "", words, lambda client: client.code_from(body, headers=headers)


def _code_in_other_case(draw: Draw, version: Version) -> Made:
    region = "".join(draw.choice((str.upper, str.lower))(letter) for letter in "worldwide")
    return "getDeviceCode", "", region, lambda client: client.device_code(region)


def _unauthorized(draw: Draw, version: Version) -> Made:
    operation = draw.choice(("getOrganizations", "getOrganization", "getDeviceCode"))
    case, authorization = draw.choice(
        (
            ("no-token", None),
            ("bad-token", f"Bearer {_word(draw, string.hexdigits.lower()) * draw.randint(2, 9)}"),
            ("bad-token", f"Bearer {_word(draw)}.{_word(draw)}.{_word(draw)}"),
            ("other-scheme", f"Basic {_word(draw)}="),
        )
    )

    def ask(client: Client) -> Any:
        given: dict[str, Any] = {"token": None, "authorization": authorization}
        if operation == "getDeviceCode":
            return client.device_code(**given)
        if operation == "getOrganizations":
            return client.get(client.path_of(operation), **given)
        return client.get(client.path_of(operation, organizationId=str(uuid.UUID(int=7))), **given)

    return operation, case, "" if authorization is None else f"{len(authorization)} characters", ask


def _unknown(draw: Draw, version: Version) -> Made:
    id = str(uuid.UUID(int=draw.getrandbits(128), version=4))
    return "getOrganization", "unknown-id", "another", _organization(id)


def _malformed(draw: Draw, version: Version) -> Made:
    id = draw.choice((_word(draw), str(draw.randint(1, 99999)), f"{_word(draw)}-{_word(draw)}"))
    return "getOrganization", "malformed-id", id, _organization(id)


def _organization(id: str) -> Ask:
    return lambda client: client.get(client.path_of("getOrganization", organizationId=id))


def _nowhere(draw: Draw, version: Version) -> Made:
    number = draw.choice((*range(2), *range(20, 1000)))
    if draw.random() < 0.5:
        return (
            "",
            "unknown-version",
            f"v{number}",
            lambda client: client.get(service_of(f"v{number}"), token=client.token),
        )
    query = draw.choice(({}, {_word(draw): _word(draw)}))
    path = f"/{version}/Nothing"
    return "", "unknown-path", path, lambda client: client.get(path, token=client.token, query=query)


def _other_method(draw: Draw, version: Version) -> Made:
    method = draw.choice(("DELETE", "PUT", "PATCH", "GET"))
    body = None if method == "GET" else draw.choice((None, b"{}"))

    def ask(client: Client) -> Any:
        media_type = JSON if body else None
        return client.send(
            method, client.path_of("getDeviceCode"), token=client.token, body=body, media_type=media_type
        )

    return "", "unknown-method", f"{method}{' with a body' if body else ''}", ask


def _other_region(draw: Draw, version: Version) -> Made:
    region = f"{_word(draw)}land"
    return "getDeviceCode", "unknown-region", region, lambda client: client.device_code(region)


BROKEN = (
    b"{",
    b'{"targetRegion": ',
    b'{"targetRegion" "worldwide"}',
    b"worldwide",
    b'{"targetRegion": "worldwide"',
    b"]",
)
BAD = (b"[]", b"7", b"true", b'"worldwide"', b'[{"targetRegion": "worldwide"}]', b'[["targetRegion", "worldwide"]]')
NO_REGIONS: tuple[Any, ...] = ([], {}, ["worldwide"], {"name": "worldwide"})


def _broken_body(draw: Draw, version: Version) -> Made:
    body = draw.choice(BROKEN)
    return "getDeviceCode", "malformed-body", body.decode(), lambda client: client.code_from(body)


def _bad_body(draw: Draw, version: Version) -> Made:
    body = draw.choice((*BAD, *(json.dumps({"targetRegion": region}).encode() for region in NO_REGIONS)))
    return "getDeviceCode", "bad-body", body.decode(), lambda client: client.code_from(body)


def _told(headers: dict[str, str | None]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in headers.items()) or "plainly"


MAKERS: tuple[Callable[[Draw, Version], Made], ...] = (
    *(_read, _read, _read, _code, _code_in_other_case, _unauthorized, _unauthorized, _unknown, _malformed),
    *(_nowhere, _other_method, _other_region, _broken_body, _bad_body),
)
"""What makes a question; one that stands here more than once is drawn more often."""
