"""`veeam-mock wait`: what a script says between the start of a mock and its first use."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from click.testing import CliRunner, Result

from veeam_mock import MockServer
from veeam_mock.command.cli import command


def wait(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(command, ["wait", *arguments], env=environment)


@pytest.fixture
def unused_port() -> Iterator[int]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.mark.parametrize("http", [True, False])
def test_it_ends_when_the_mock_answers(serve: Callable[..., MockServer], http: bool) -> None:
    server = serve(http=http)
    assert (wait(server.url).exit_code, wait(f"{server.url}/").output) == (0, "")


def test_the_environment_says_where(serve: Callable[..., MockServer]) -> None:
    port = serve().url.rpartition(":")[2]
    assert wait(VEEAM_MOCK_HTTP="true", VEEAM_MOCK_PORT=port).exit_code == 0


def test_options_before_the_word_say_where(serve: Callable[..., MockServer]) -> None:
    port = serve().url.rpartition(":")[2]
    arguments = ["--http", "--port", port, "wait"]
    assert CliRunner().invoke(command, arguments, env={"VEEAM_MOCK_PORT": "1"}).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--port", "5555", "wait", "http://localhost:1"], "--port: of no use where a URL says where to wait"),
        (["--port-file", "x", "--http", "faults"], "--port-file, --http: of no use to list the faults"),
        (["--port", "x", "wait"], "port: 'x' is not"),
    ],
)
def test_options_that_would_be_dropped_are_refused(arguments: list[str], told: str) -> None:
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 2
    assert told in result.output


def test_it_gives_up_and_says_why(unused_port: int) -> None:
    url = f"http://localhost:{unused_port}"
    result = wait(url, "--timeout", "200ms")
    assert result.exit_code == 1
    assert result.output.startswith(f"Error: no mock answered at {url} within 0.2 s: [Errno")


def test_another_server_is_no_mock(serve: Callable[..., MockServer]) -> None:
    server = serve()
    result = wait(f"{server.url}/v4", "--timeout", "2s")
    assert result.exit_code == 1
    assert "within 2 s: HTTP Error 404: Not Found" in result.output


NO_ADDRESSES = (
    "localhost", "https:", "http://", "http://\udcff", "http://a b/", "http://a\n/", "http://[::1", "http://localhost:99999/",
    f"http://{'a' * 70}/", "http://\u00e9/",
)  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--timeout", "soon"), "not a duration"),
        *(((url,), "is not an address such as") for url in NO_ADDRESSES),
        (("http://localhost:9/?token=hunter2",), "holds a query or a fragment"),
    ],
)
def test_a_mistake_is_told(arguments: tuple[str, ...], told: str) -> None:
    result = wait(*arguments)
    assert result.exit_code == 2
    assert told in result.output


@pytest.mark.parametrize("url", ["https://user:hunter2@localhost:4443", "user:hunter2@localhost:4443"])
def test_an_address_with_a_login_is_refused_and_not_repeated(url: str) -> None:
    result = wait(url, "--timeout", "100ms")
    assert result.exit_code == 2
    assert "holds a login" in result.output
    assert "hunter2" not in result.output


@contextmanager
def saying(begin: bytes, again: bytes = b"") -> Iterator[str]:
    """A server that answers each connection with `begin`, and then with `again` as long as it is read and lives."""
    ended = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.sendall(begin)
            while again and not ended.is_set():
                connection.sendall(again)

    def serve() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=answer, args=listener.accept()[:1], daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        ended.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@pytest.mark.parametrize(
    ("begin", "again"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", b"[" * 65536),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 60_000, b""),
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"", b"x"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", b""),
        (b"HTTP/1.1 200 \x1b[2J\r\nLocation: x\r\n\r\n", b""),
        (b"\x1b]0;owned\x07\r\n", b""),
    ],
)
def test_a_hostile_server_is_waited_for_no_longer_and_obeyed_in_nothing(begin: bytes, again: bytes) -> None:
    with saying(begin, again) as url:
        began = time.monotonic()
        result = wait(url, "--timeout", "300ms")
        assert time.monotonic() - began < 5  # a bound that a busy machine keeps, and an endless answer does not
    assert result.exit_code == 1
    assert all(character.isprintable() or character == "\n" for character in result.output)
    assert len(result.output) < 500


@pytest.mark.parametrize("begin", [b"HTTP/1.1 503 \x1b[31m::error::hunter2pass\r\n\r\n", b"SSH-2.0 hunter2  pass\r\n"])
def test_what_a_server_says_is_shown_without_what_this_program_knows_as_a_secret(begin: bytes) -> None:
    with saying(begin) as url:
        result = wait(url, "--timeout", "100ms", VEEAM_MOCK_PASSWORD="hunter2pass", VEEAM_TOKEN="hunter2  pass")
    assert result.exit_code == 1
    assert "hunter2" not in result.output
    assert "***" in result.output
