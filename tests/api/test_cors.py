"""Browser clients of other origins: let in when the settings say so, through every door."""

from collections.abc import Callable

import pytest

from support.api_client import ApiClient
from support.wire import Wire
from veeam_mock import Settings, create_app

PAGE = "https://page.test"
PREFLIGHT = {
    "Origin": PAGE,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}


@pytest.fixture
def client(client_of: Callable[..., ApiClient]) -> ApiClient:
    return client_of(cors=[PAGE])


def test_a_preflight_of_an_allowed_origin_is_answered_without_a_token(client: ApiClient) -> None:
    reply = client.send("OPTIONS", "/v4/DeviceCode", headers=PREFLIGHT)
    assert (reply.status_code, reply.content) == (204, b"")
    assert reply.headers["Access-Control-Allow-Origin"] == PAGE
    assert reply.headers["Access-Control-Allow-Methods"] == "POST"
    assert reply.headers["Access-Control-Allow-Headers"] == "authorization,content-type"
    assert int(reply.headers["Access-Control-Max-Age"]) > 0
    assert reply.headers["Vary"] == "Origin"


@pytest.mark.parametrize("headers", [{}, {"Origin": PAGE}, {**PREFLIGHT, "Origin": "https://other.test"}])
def test_options_that_is_no_preflight_of_an_allowed_origin_is_refused_as_ever(
    client: ApiClient, headers: dict[str, str]
) -> None:
    reply = client.send("OPTIONS", "/v4/DeviceCode", headers=headers)
    assert (reply.status_code, reply.headers["Allow"]) == (405, "POST")


def test_an_unknown_path_has_no_preflight(client: ApiClient) -> None:
    assert client.send("OPTIONS", "/nowhere", headers=PREFLIGHT).status_code == 404


def test_good_answers_and_errors_may_be_read_by_a_page_of_an_allowed_origin(client: ApiClient) -> None:
    replies = [
        client.device_code(headers={"Origin": PAGE}),
        client.send("GET", "/v4/Organizations", headers={"Origin": PAGE}),
        client.send("GET", "/nowhere", headers={"Origin": PAGE}),
        client.device_code(headers={"Origin": PAGE, "Prefer": "code=503"}),
    ]
    assert [reply.status_code for reply in replies] == [200, 401, 404, 503]
    assert {reply.headers["Access-Control-Allow-Origin"] for reply in replies} == {PAGE}
    assert all("Retry-After" in reply.headers["Access-Control-Expose-Headers"] for reply in replies)


def test_what_the_door_refuses_may_be_read_too(client: ApiClient) -> None:
    head = f"POST /v4/Token HTTP/1.1\r\nHost: localhost\r\nOrigin: {PAGE}\r\nContent-Length: 9999999\r\n\r\n"
    with Wire(client.url) as wire:
        reply = wire.ask(head.encode())
    assert (reply.status, reply.headers["access-control-allow-origin"]) == (413, PAGE)


@pytest.mark.parametrize("origin", [None, "https://other.test", f"{PAGE}.evil.test", "null", "*"])
def test_other_origins_are_not_let_in(client: ApiClient, origin: str | None) -> None:
    reply = client.device_code(headers={} if origin is None else {"Origin": origin})
    assert reply.status_code == 200
    assert "Access-Control-Allow-Origin" not in reply.headers
    assert reply.headers["Vary"] == "Origin"


def test_any_origin_can_be_let_in(client_of: Callable[..., ApiClient]) -> None:
    reply = client_of(cors=["*"]).device_code(headers={"Origin": "https://other.test"})
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert "Vary" not in reply.headers


def test_no_origin_is_let_in_by_default(client_of: Callable[..., ApiClient]) -> None:
    client = client_of()
    assert client.send("OPTIONS", "/v4/DeviceCode", headers=PREFLIGHT).status_code == 405
    assert not {"Access-Control-Allow-Origin", "Vary"} & client.device_code(headers={"Origin": PAGE}).headers.keys()


def test_the_wsgi_application_lets_in_the_same_origins() -> None:
    wsgi = create_app(Settings(cors=[PAGE])).test_client()
    assert wsgi.options("/v4/DeviceCode", headers=PREFLIGHT).status_code == 204
    reply = wsgi.get("/v4/Organizations", headers={"Origin": PAGE})
    assert (reply.status_code, reply.headers["Access-Control-Allow-Origin"]) == (401, PAGE)
