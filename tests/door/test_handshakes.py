"""What kept a client from asking is told: in the log, and in the report of a test."""

import socket
import ssl
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
import requests

from support.api_client import ApiClient
from support.wire import Wire
from veeam_mock import MockServer
from veeam_mock.door.handshakes import UNTAKEN, UNTRUSTED

PLAIN = "plain HTTP came to HTTPS: call this server by https://"


@pytest.fixture
def tls(server: MockServer) -> MockServer:
    """A server over HTTPS to which nothing has come."""
    server.restart_world()
    return server


def advice(server: MockServer) -> str:
    return f"; the file to trust is {server.ca_cert}"


def shake_hands(url: str, context: ssl.SSLContext, name: str = "localhost") -> None:
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as plain:
        context.wrap_socket(plain, server_hostname=name).close()


def test_a_client_that_does_not_trust_the_authority_is_told_of(tls: MockServer) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(tls.url, timeout=10)
    assert tls.hindrances() == [UNTRUSTED + advice(tls)]


def test_a_client_that_calls_the_server_by_another_name_is_told_of(tls: MockServer) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(tls.url, ssl.create_default_context(cafile=tls.ca_cert), "other.test")
    assert tls.hindrances() == [UNTAKEN + advice(tls)]


def test_plain_http_that_comes_to_https_is_told_of(tls: MockServer) -> None:
    with pytest.raises(requests.ConnectionError):
        requests.get(tls.url.replace("https", "http"), timeout=10)
    assert tls.hindrances() == [PLAIN]


def test_any_other_failure_is_told_as_openssl_names_it(tls: MockServer) -> None:
    context = ssl.create_default_context(cafile=tls.ca_cert)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES128-SHA")
    with pytest.raises(ssl.SSLError):
        shake_hands(tls.url, context)
    assert tls.hindrances() == ["the TLS handshake failed: no shared cipher"]


def test_nothing_is_told_of_clients_that_ask_and_of_probes_of_the_port(tls: MockServer) -> None:
    parts = urlsplit(tls.url)
    socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10).close()
    with Wire(tls.url, tls.ca_cert) as wire:
        assert wire.ask(b"GET /v4/ServiceInstance HTTP/1.1\r\nHost: localhost\r\n\r\n").status == 401
    with Wire(tls.url, tls.ca_cert) as begun:
        begun.send(b"GET /v4")
    assert ApiClient(tls.url, tls.ca_cert or True).log_in().status_code == 200
    assert tls.hindrances() == []


def test_a_new_start_forgets_them(tls: MockServer) -> None:
    with pytest.raises(requests.ConnectionError):
        requests.get(tls.url.replace("https", "http"), timeout=10)
    assert tls.hindrances() == [PLAIN]
    tls.restart_world()
    assert tls.hindrances() == []


def test_a_server_that_does_not_run_has_none() -> None:
    server = MockServer()
    assert server.hindrances() == []
    with server:
        pass
    assert server.hindrances() == []


def test_tls_that_comes_to_plain_http_is_refused_in_these_words(serve: Callable[..., MockServer]) -> None:
    server = serve()
    with pytest.raises(ssl.SSLError):
        shake_hands(server.url, ssl.create_default_context())
    refused = server.requests.list()[0]
    assert refused.reply
    assert (refused.reply.status, "TLS came to plain HTTP" in str(refused.reply.body)) == (400, True)
    with Wire(server.url) as wire:
        assert b"TLS" not in wire.ask(b"\x15\x03\r\n\r\n").body
