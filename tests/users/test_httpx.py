"""httpx without a socket: the WSGI application behind its transports, as docs/tests.md shows it."""

import asyncio
import ssl

import a2wsgi
import httpx
import pytest

from veeam_mock import MockServer, Settings, create_app

LOGIN = {"grant_type": "password", "username": "administrator", "password": "veeam"}


def test_the_wsgi_transport_answers_and_is_steered_by_the_control_api() -> None:
    transport = httpx.WSGITransport(app=create_app(Settings(code_lifetime="5s")))
    with httpx.Client(transport=transport, base_url="https://localhost") as client:
        token = client.post("/v4/Token", data=LOGIN).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        assert client.post("/v4/DeviceCode", json={}, headers=headers).json()["expiresIn"] == 5
        client.post("/__admin/faults", json={"preset": "throttled"}).raise_for_status()
        assert client.post("/v4/DeviceCode", json={}, headers=headers).headers["Retry-After"] == "30"


def test_the_asgi_transport_answers_too() -> None:
    async def statuses() -> list[int]:
        app = a2wsgi.WSGIMiddleware(create_app())  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="https://localhost") as client:
            token = (await client.post("/v4/Token", data=LOGIN)).json()["access_token"]
            headers = {"Authorization": f"Bearer {token}"}
            codes = await asyncio.gather(*(client.post("/v4/DeviceCode", json={}, headers=headers) for _ in range(5)))
            return [code.status_code for code in codes]

    assert asyncio.run(statuses()) == [200] * 5


@pytest.mark.parametrize("kind", ["reset", "empty", "truncate", "garbage", "timeout"])
def test_a_fault_that_needs_a_socket_is_answered_by_501_that_names_the_door(kind: str) -> None:
    transport = httpx.WSGITransport(app=create_app(Settings(faults=[{"kind": kind}])))
    with httpx.Client(transport=transport, base_url="https://localhost") as client:
        answer = client.post("/v4/Token", data=LOGIN)
    assert answer.status_code == 501
    assert "start the server by veeam-mock" in answer.json()["message"]


def test_httpx_trusts_the_certificate_of_a_live_server(server: MockServer) -> None:
    trust = ssl.create_default_context(cafile=server.ca_cert)
    with httpx.Client(base_url=server.url, verify=trust) as client:
        assert client.post("/v4/Token", data=LOGIN).status_code == 200
