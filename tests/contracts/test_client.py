"""What every request of the contracts has in common, whichever rule sends it."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import suppress
from email.utils import formatdate
from pathlib import Path
from threading import Thread

import pytest
import requests
import trustme

from veeam_contracts.asking.client import Client, NoLogin
from veeam_contracts.asking.exchange import NOT_JSON, Exchange
from veeam_contracts.asking.gate import Line
from veeam_contracts.asking.pace import RETRY_AFTER_DEFAULT, retry_after
from veeam_contracts.asking.target import BUNDLED, LIVE, Login, Target, is_loopback
from veeam_contracts.asking.wire import Cause, explain
from veeam_contracts.options import Mistake, read_options
from veeam_contracts.paths import NEWEST
from veeam_mock import MockServer


@pytest.fixture(scope="module")
def veeam() -> Iterator[MockServer]:
    with MockServer(http=True, quiet=True) as server:
        yield server


@pytest.fixture
def api(veeam: MockServer) -> Iterator[Client]:
    veeam.reset()
    client = Client(Line(Target(veeam.url, Login(veeam.username, veeam.password), BUNDLED)), NEWEST)
    client.log_in()
    yield client
    client.line.close()


def answered(body: bytes = b"", **headers: str) -> Exchange:
    return Exchange("GET", "https://veeam.example/v4/x", "/v4/x", {}, None, 200, headers, body)


def test_a_cookie_of_the_server_is_not_sent_back(veeam: MockServer, api: Client) -> None:
    headers = {"Set-Cookie": "login=open; Path=/"}
    veeam.faults.add("status", status=404, headers=headers, times=1, match={"operation": "getServiceInstance"})
    assert [api.get(api.path_of("getServiceInstance")).status for _ in range(2)] == [404, 200]
    veeam.requests.verify(2, operation="getServiceInstance", header={"cookie": None})


def test_a_redirect_is_judged_and_not_followed(veeam: MockServer, api: Client) -> None:
    headers = {"Location": f"{veeam.url}/v4/Organizations"}
    veeam.faults.add("status", status=302, headers=headers, match={"operation": "getServiceInstance"})
    assert api.get(api.path_of("getServiceInstance")).status == 302
    veeam.requests.verify(0, operation="getOrganizations")


@pytest.mark.parametrize("location", ["http://[31m/", "//[", "http://veeam.example:99999999/", "\\", "http://"])
def test_a_redirect_to_an_address_that_is_none_is_an_answer(veeam: MockServer, api: Client, location: str) -> None:
    veeam.faults.add("status", status=302, headers={"Location": location}, match={"operation": "getServiceInstance"})
    assert api.get(api.path_of("getServiceInstance")).status == 302


def test_proxies_and_certificates_of_the_environment_are_not_used(
    veeam: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    client = Client(Line(Target(veeam.url, Login(veeam.username, veeam.password), BUNDLED)), NEWEST)
    client.log_in()
    assert client.logged_in
    client.line.close()


@pytest.mark.parametrize("body", [b"NaN", b'{"expiresIn": Infinity}', b"[-Infinity]", b"\xef\xbb\xbf{}", b"\xff", b""])
def test_what_python_reads_beyond_json_is_not_json(body: bytes) -> None:
    assert answered(body).value is NOT_JSON


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("7", 7.0), ("0", 1.0), (" 3 ", 3.0), ("", RETRY_AFTER_DEFAULT), ("soon", RETRY_AFTER_DEFAULT), ("-3", 5.0)],
)
def test_how_long_a_server_asks_to_wait(given: str, seconds: float) -> None:
    assert retry_after(given) == seconds


def test_a_server_may_ask_to_wait_until_a_date() -> None:
    later = formatdate(time.time() + 1000, usegmt=True)
    assert 900 < retry_after(later) <= 1000
    past = "Sun, 06 Nov 1994 08:49:37 GMT"
    assert retry_after(past) == 1.0


@pytest.mark.parametrize(
    "url", ["http://localhost:1", "https://a.localhost", "http://127.0.0.1:4443", "http://127.9.9.9", "https://[::1]:1"]
)
def test_addresses_of_this_machine(url: str) -> None:
    assert is_loopback(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://veeam.example",
        "https://localhost.example",
        "https://notlocalhost",
        "https://10.0.0.1",
        "https://0.0.0.0",
        "https://127.0.0.1.example",
        "https://[::2]",
    ],
)
def test_addresses_of_other_machines(url: str) -> None:
    assert not is_loopback(url)


def test_options_go_before_the_environment() -> None:
    environ = {"VEEAM_URL": "https://one.example", "VEEAM_USERNAME": "one", "VEEAM_PASSWORD": "first"}
    target = read_options({"url": "https://two.example", "username": "two", "budget": None}, environ).target
    assert target is not None
    assert target.url == "https://two.example"
    assert (target.login.username, target.login.password) == ("two", "first")
    assert target.limits == LIVE


def test_credentials_of_the_environment_alone_start_the_bundled_mock() -> None:
    assert read_options({}, {"VEEAM_USERNAME": "one", "VEEAM_PASSWORD": "first"}).target is None


def test_thousands_of_requests_to_another_machine_want_a_confirmation() -> None:
    given = {"url": "https://veeam.example", "token": "t", "thorough": True}
    with pytest.raises(Mistake, match=r"veeam\.example is not this machine: confirm with --yes"):
        read_options(given, {})
    for confirmed in ({**given, "yes": True}, {**given, "url": "https://127.0.0.1:4443"}):
        target = read_options(confirmed, {}).target
        assert target is not None
        assert target.limits.requests is None
        assert target.limits.allow_list


EARLY = b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"


def test_what_comes_before_an_answer_is_passed_over() -> None:
    def answer(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(10_000)
            connection.sendall(EARLY + b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=answer, args=(server,))
        thread.start()
        line = Line(Target(f"http://127.0.0.1:{server.getsockname()[1]}"))
        exchange = line.send("GET", "/v8/ServiceInstance", {}, None, {})
        line.close()
        thread.join()
    assert (exchange.status, exchange.value) == (200, {})


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def gateway(authority: trustme.CA) -> Iterator[str]:
    """The address of a server that wants a certificate of its callers, and answers with an empty object."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED

    def answer(server: socket.socket) -> None:
        with suppress(OSError):
            connection, _ = server.accept()
            with connection, context.wrap_socket(connection, server_side=True) as secure:
                secure.recv(10_000)
                secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=answer, args=(server,))
        thread.start()
        yield f"https://localhost:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_certificate_of_the_caller_opens_a_gateway(gateway: str, authority: trustme.CA, tmp_path: Path) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    mine = authority.issue_cert("caller@example.com")
    mine.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "mine.pem"))
    line = Line(Target(gateway, ca_cert=str(tmp_path / "ca.pem"), client_cert=str(tmp_path / "mine.pem")))
    assert line.send("GET", "/v8/ServiceInstance", {}, None, {}).status == 200
    line.close()


def test_a_server_that_wants_a_certificate_is_understood() -> None:
    alert = ssl.SSLError("[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required (_ssl.c:2580)")
    silence = explain(requests.exceptions.SSLError(alert))
    assert silence.cause is Cause.WANTS_CERTIFICATE


def test_a_certificate_for_another_name_is_told_so(gateway: str, authority: trustme.CA, tmp_path: Path) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    url = gateway.replace("localhost", "127.0.0.1")
    client = Client(Line(Target(url, Login("u", "p"), ca_cert=str(tmp_path / "ca.pem"))), NEWEST)
    with pytest.raises(NoLogin, match="is not the host of its certificate"):
        client.log_in()
    client.line.close()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "unmatching values"),
        (HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", "incorrect header check"),
    ],
)
def test_an_answer_that_cannot_be_read_is_told_so(answer: bytes, detail: str) -> None:
    def give(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=give, args=(server,))
        thread.start()
        client = Client(Line(Target(f"http://127.0.0.1:{server.getsockname()[1]}", Login("u", "p"))), NEWEST)
        with pytest.raises(NoLogin, match="gives an answer that cannot be read") as caught:
            client.log_in()
        client.line.close()
        thread.join()
    assert detail in str(caught.value)
