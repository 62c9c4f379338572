"""One table of exchanges, run through every door: the same status, headers and body, or the same class of failure."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import requests

from support.api_client import CHINESE_ORGANIZATION, ORGANIZATION, RESTORE_SESSION, UNKNOWN
from support.redis_server import RedisServer
from veeam_mock import InterceptedServer, MockServer, create_app
from veeam_mock.messages import BODY_LIMIT
from veeam_mock.settings.settings import Settings

SETTINGS = {"seed": 7, "verification_url": "self"}
MOMENT = "2130-01-01T00:00:00Z"
PATIENCE = 10.0
"""Seconds that a client waits for an answer."""

IMPATIENCE = 0.3
"""Seconds that it waits where no answer will come."""

HOP_BY_HOP = frozenset({"connection", "transfer-encoding", "keep-alive"})

Answer = tuple[int, dict[str, str], bytes]
Send = Callable[..., Answer]
"""Sends method, target, headers and body; raises what `requests` raises when the connection breaks."""


@dataclass(frozen=True)
class Exchange:
    """A request as a client of the seeded mock sends it, after `control` was told to the control API.

    `{token}`, `{refresh}` and `{code}` stand for what a login and a first device code gave.
    """

    name: str
    target: str = "POST /v4/DeviceCode"
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    bearer: str | None = "Bearer {token}"
    form: bool = False
    control: tuple[tuple[str, Any], ...] = ()
    status: int = 200
    failure: str | None = None
    """What the client meets where the connection can be broken; a WSGI application answers 501."""


def fault(kind: str, **parameters: Any) -> tuple[str, Any]:
    return "POST /__admin/faults", {"kind": kind, **parameters}


def preset(name: str) -> tuple[str, Any]:
    return "POST /__admin/faults", {"preset": name}


def advance(duration: str) -> tuple[str, Any]:
    return "POST /__admin/clock", {"advance": duration}


LOGIN = {"grant_type": "password", "username": "administrator", "password": "veeam"}
REFRESH = {"grant_type": "refresh_token", "refresh_token": "{refresh}"}
REGION = {"targetRegion": "worldwide"}
ADDED = {"type": "Office365", "region": "Worldwide", "userCode": "{code}", "newApplicationName": "Backup"}
TOKEN = "POST /v4/Token"
ORGANIZATIONS = "GET /v4/Organizations"
NEW_ORGANIZATION = "POST /v4/Organizations"
RESTORE = f"POST /v4/RestoreSessions/{RESTORE_SESSION}/organization/restoreDeviceCode"

GOOD = (
    Exchange("a login by a form", TOKEN, LOGIN, bearer=None, form=True),
    Exchange("a login by JSON", TOKEN, LOGIN, bearer=None),
    Exchange("a refresh", TOKEN, REFRESH, bearer=None, form=True),
    Exchange("the organizations", ORGANIZATIONS),
    Exchange("the head of an answer", "HEAD /v4/ServiceInstance"),
    Exchange("one organization", f"GET /v4/Organizations/{ORGANIZATION}"),
    Exchange("the service", "GET /v4/ServiceInstance"),
    Exchange("a device code", body=REGION),
    Exchange("a device code without a region", body={}),
    Exchange("a device code for China", body={"targetRegion": "China"}),
    Exchange("a device code for an organization", f"POST /v4/DeviceCode?organizationId={ORGANIZATION}", REGION),
    Exchange("a device code of an organization", f"POST /v4/Organizations/{CHINESE_ORGANIZATION}/DeviceCode"),
    Exchange("a path and a scheme word in other letters", "POST /V4/devicecode", REGION, bearer="bearer {token}"),
    Exchange("a media type with a parameter", body=REGION, headers={"Content-Type": "application/json; charset=utf-8"}),
)
REFUSED = (
    Exchange("no credentials", ORGANIZATIONS, bearer=None, status=401),
    Exchange("empty credentials", ORGANIZATIONS, bearer="Bearer", status=401),
    Exchange("another scheme", ORGANIZATIONS, bearer="Basic {token}", status=401),
    Exchange("an unknown token", ORGANIZATIONS, bearer="Bearer no", status=401),
    Exchange("a wrong password", TOKEN, {**LOGIN, "password": "no"}, bearer=None, form=True, status=400),
    Exchange("an unknown grant", TOKEN, {"grant_type": "magic"}, bearer=None, form=True, status=400),
    Exchange("no form at all", TOKEN, bearer=None, status=400),
    Exchange("an unknown refresh token", TOKEN, {**REFRESH, "refresh_token": "no"}, bearer=None, form=True, status=400),
    Exchange("an unknown region", body={"targetRegion": "Mars"}, status=400),
    Exchange("a region that is a number", body={"targetRegion": 1}, status=400),
    Exchange("a body that is a list", body=[], status=400),
    Exchange("a body that is no JSON", body=b'{"targetRegion":', status=400),
    Exchange("a body that is no text", body=b"\xff\xfe", status=400),
    Exchange("deep JSON", body=b"[" * 3000, status=400),
    Exchange("another media type", body=b"<r/>", headers={"Content-Type": "text/xml"}, status=415),
    Exchange("an encoded body", body=b"{}", headers={"Content-Encoding": "gzip"}, status=415),
    Exchange("a body over the limit", body=b" " * (BODY_LIMIT + 1), status=413),
    Exchange("a body at the limit", body=b"{}" + b" " * (BODY_LIMIT - 2)),
    Exchange("a malformed organization", "POST /v4/DeviceCode?organizationId=1", REGION, status=400),
    Exchange("an unknown organization", f"GET /v4/Organizations/{UNKNOWN}", status=404),
    Exchange(
        "an unknown restore session",
        f"POST /v4/RestoreSessions/{UNKNOWN}/organization/restoreDeviceCode",
        {"targetApplicationId": UNKNOWN, "targetOrganizationName": "x.com", **REGION},
        status=404,
    ),
    Exchange("an unknown path", "GET /v4/Nothing", status=404),
    Exchange("an encoded path", "GET /v4/%4Frganizations"),
    Exchange("another version", "GET /v3/Organizations", status=404),
    Exchange("another method", "DELETE /v4/DeviceCode", status=405),
    Exchange("a method of other protocols", "PROPFIND /v4/DeviceCode", status=405),
    Exchange("the options of a path", "OPTIONS /v4/DeviceCode", status=405),
    Exchange("an unapproved code", NEW_ORGANIZATION, ADDED, status=400),
    Exchange("a path of the control API that is none", "GET /__admin/nothing", status=404),
    Exchange("a bad control body", "POST /__admin/clock", {"advance": "soon"}, status=400),
)
FAULTY = (
    Exchange("any status", body=REGION, control=(fault("status", status=503, retry_after=30),), status=503),
    Exchange("a body of one's own", body=REGION, control=(fault("status", status=418, body={"a": 1}),), status=418),
    Exchange("no content", body=REGION, control=(fault("status", status=204),), status=204),
    Exchange("throttled", body=REGION, control=(preset("throttled"),), status=429),
    Exchange("Azure out of reach", body=REGION, control=(preset("azure-unreachable"),), status=500),
    Exchange("a login that ended", body=REGION, control=(preset("token-revoked"),), status=401),
    Exchange("a proxy's page", body=REGION, control=(preset("gateway-timeout"),), status=504),
    Exchange("a struck login", TOKEN, LOGIN, bearer=None, control=(fault("status", status=400),), status=400),
    Exchange("late", body=REGION, control=(fault("delay", delay="20ms"),)),
    Exchange("drop by drop", body=REGION, control=(fault("dribble", over="20ms"),)),
    Exchange("a body that does not parse", body=REGION, control=(fault("malformed-json"),)),
    Exchange("a wrong media type", body=REGION, control=(fault("content-type"),)),
    Exchange("a spoilt answer", body=REGION, control=(fault("reply", remove=["userCode"], retype=["expiresIn"]),)),
    Exchange("asked for in the header", body=REGION, headers={"Prefer": "code=503"}, status=503),
    Exchange("a bad preference", body=REGION, headers={"Prefer": "fault=unheard-of"}, status=400),
    Exchange("a reset", body=REGION, control=(fault("reset"),), failure="ConnectionError"),
    Exchange("a reset asked for", body=REGION, headers={"Prefer": "fault=reset"}, failure="ConnectionError"),
    Exchange("closed without an answer", body=REGION, control=(fault("empty"),), failure="ConnectionError"),
    Exchange("no HTTP", body=REGION, control=(fault("garbage"),), failure="ConnectionError"),
    Exchange("half an answer", body=REGION, control=(fault("truncate"),), failure="ChunkedEncodingError"),
    Exchange("no answer", body=REGION, control=(fault("timeout"),), failure="ReadTimeout"),
)
EXPIRED = (
    Exchange("a token in its last second", ORGANIZATIONS, control=(advance("3599s"),)),
    Exchange("a token at its end", ORGANIZATIONS, control=(advance("3600s"),), status=401),
    Exchange("a refresh token at its end", TOKEN, REFRESH, bearer=None, control=(advance("14d"),), status=400),
    Exchange("an expired code", NEW_ORGANIZATION, ADDED, control=(advance("15m"),), status=400),
    Exchange("a fault that is over", body=REGION, control=(fault("reset", until="5s"), advance("5s"))),
)
TABLE = (*GOOD, *REFUSED, *FAULTY, *EXPIRED)


def by_requests(server: MockServer | InterceptedServer) -> Send:
    session = requests.Session()
    session.trust_env = False

    def send(
        method: str, target: str, headers: dict[str, str], body: bytes | None, timeout: float = PATIENCE
    ) -> Answer:
        verify = getattr(server, "ca_cert", None) or True
        answer = session.request(
            method, server.url + target, data=body, headers=headers, verify=verify, timeout=timeout
        )
        return answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, answer.content

    return send


def by_wsgi() -> Send:
    transport = httpx.WSGITransport(create_app(Settings(**SETTINGS)))
    client = httpx.Client(transport=transport, base_url="https://localhost")

    def send(
        method: str, target: str, headers: dict[str, str], body: bytes | None, timeout: float = PATIENCE
    ) -> Answer:
        answer = client.request(method, target, headers=headers, content=body)
        return answer.status_code, dict(answer.headers.items()), answer.content

    return send


@pytest.fixture(scope="module")
def doors() -> Iterator[dict[str, tuple[Send, str]]]:
    """Each door with the origin that its answers name."""
    with ExitStack() as stack:
        https = stack.enter_context(MockServer(**SETTINGS))
        http = stack.enter_context(MockServer(http=True, **SETTINGS))
        intercepted = stack.enter_context(InterceptedServer(**SETTINGS))
        found = {server.url: by_requests(server) for server in (https, http, intercepted)}
        origins = dict(zip(("https", "http", "responses"), found, strict=True))
        yield {
            **{name: (found[origin], origin) for name, origin in origins.items()},
            "wsgi": (by_wsgi(), "https://localhost"),
        }


def perform(exchange: Exchange, send: Send) -> Answer | str:
    """The answer that a client of a new world gets, or the class of its failure."""
    control(send, "POST /__admin/reset")
    control(send, "POST /__admin/clock", {"freeze": True})  # first, so that no time passes between the two
    control(send, "POST /__admin/clock", {"set": MOMENT})
    given = log_in(send)
    for target, body in exchange.control:
        control(send, target, body)
    headers, content = rendered(exchange, given)
    method, _, target = exchange.target.partition(" ")
    try:
        return send(method, target, headers, content, IMPATIENCE if exchange.failure == "ReadTimeout" else PATIENCE)
    except requests.RequestException as error:
        return type(error).__name__


def control(send: Send, target: str, body: Any = None) -> None:
    method, _, path = target.partition(" ")
    content = None if body is None else json.dumps(body).encode()
    status, _, answer = send(method, path, {"Content-Type": "application/json"}, content)
    assert status < 300, answer


def log_in(send: Send) -> dict[str, str]:
    headers = {"Content-Type": "application/json"}
    token = json.loads(send("POST", "/v4/Token", headers, json.dumps(LOGIN).encode())[2])
    headers["Authorization"] = f"Bearer {token['access_token']}"
    code = json.loads(send("POST", "/v4/DeviceCode", headers, b"{}")[2])
    return {"token": token["access_token"], "refresh": token["refresh_token"], "code": code["userCode"]}


def rendered(exchange: Exchange, given: dict[str, str]) -> tuple[dict[str, str], bytes | None]:
    def fill(text: str) -> str:
        for name, value in given.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    headers = {} if exchange.bearer is None else {"Authorization": fill(exchange.bearer)}
    body = exchange.body
    if exchange.form:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = str(httpx.QueryParams({key: fill(value) for key, value in body.items()})).encode()
    elif body is not None:
        headers["Content-Type"] = "application/json"
        body = body if isinstance(body, bytes) else fill(json.dumps(body)).encode()
    return {**headers, **exchange.headers}, body


def normalized(answer: Answer | str, origin: str) -> Answer | str:
    """An answer without what belongs to one connection or names one address."""
    if isinstance(answer, str):
        return answer
    status, headers, body = answer
    kept = {name: value.replace(origin, "ORIGIN") for name, value in headers.items() if name not in HOP_BY_HOP}
    if "content-length" in kept and len(body) == int(kept["content-length"]):
        kept["content-length"] = "as long as the body"
    return status, kept, body.replace(origin.encode(), b"ORIGIN")


@pytest.mark.parametrize("exchange", TABLE, ids=lambda exchange: exchange.name)
def test_every_door_gives_the_same(exchange: Exchange, doors: dict[str, tuple[Send, str]]) -> None:
    outcomes = {name: normalized(perform(exchange, send), origin) for name, (send, origin) in doors.items()}
    if exchange.failure is not None:
        refused = outcomes.pop("wsgi")
        assert refused[0] == 501
        assert b"veeam-mock" in refused[2]
        assert set(outcomes.values()) == {exchange.failure}
        return
    expected = outcomes["https"]
    assert expected[0] == exchange.status
    for name, outcome in outcomes.items():
        assert (name, outcome) == (name, expected)


@pytest.fixture(scope="module")
def shared_door(_one_redis: RedisServer) -> Iterator[tuple[Send, str]]:
    """The door of one of two servers that share a Redis; the other one is told what the control API is told."""
    _one_redis.client.flushall()
    with (
        MockServer(http=True, store=_one_redis.url, **SETTINGS) as one,
        MockServer(http=True, store=_one_redis.url, **SETTINGS) as other,
    ):
        asked, told = by_requests(one), by_requests(other)

        def send(method: str, target: str, *rest: Any) -> Answer:
            return (told if "/__admin/" in target else asked)(method, target, *rest)

        yield send, one.url


def without_chance(answer: Answer | str) -> Answer | str:
    """An answer without tokens and codes, of which a shared store has another sequence for the same seed."""
    if isinstance(answer, str):
        return answer
    status, headers, body = answer
    body = re.sub(rb"mock-(access|refresh)-[a-z2-7]{40}", b"TOKEN", body)
    return status, headers, re.sub(rb'("userCode":"|the code )[A-Z2-9]{9}', rb"\1CODE", body)


@pytest.mark.parametrize("exchange", TABLE, ids=lambda exchange: exchange.name)
def test_a_server_on_redis_gives_the_same(
    exchange: Exchange, doors: dict[str, tuple[Send, str]], shared_door: tuple[Send, str]
) -> None:
    alone, shared = (
        without_chance(normalized(perform(exchange, send), origin)) for send, origin in (doors["http"], shared_door)
    )
    assert shared == alone


def test_the_table_is_long_and_its_names_differ() -> None:
    assert len({exchange.name for exchange in TABLE}) == len(TABLE) >= 60
