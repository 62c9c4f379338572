"""How connections are kept, answers framed and compressed: learned, answered so, and named alone where it differs."""

import gzip
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest
import requests

from mutants.stacks.python_stacks import Handler
from mutants.stacks.small import PASSWORD, USERNAME, Small
from support.twins import first, learned_at, recorded_at, twin_of
from veeam_contracts.asking.target import Login
from veeam_contracts.twin.comparing import compare

LOGIN = Login(USERNAME, PASSWORD)


class Plain(Handler):
    """HTTP/1.1 with a length, and a connection that is kept without a word."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # Or a body, which is written after its head, waits for an acknowledgement of that.
    fields: ClassVar[dict[str, str]] = {}

    def _say(self, status: int, value: Any) -> None:
        body = self.encoded(json.dumps(value).encode())
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        for name, text in self.own_fields().items():
            self.send_header(name, text)
        self.frame(body)

    def encoded(self, body: bytes) -> bytes:
        return body

    def own_fields(self) -> dict[str, str]:
        return self.fields

    def frame(self, body: bytes) -> None:
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Counting(Plain):
    """Says that it keeps the connection, how long, and for how many requests, as Apache does."""

    left = 100

    def own_fields(self) -> dict[str, str]:
        self.left = (self.left - 1) % 100
        return {"Connection": "Keep-Alive", "Keep-Alive": f"timeout=5, max={self.left}"}


class Closing(Plain):
    """Ends the connection with each answer, and says so."""

    fields: ClassVar[dict[str, str]] = {"Connection": "close"}


class Chunked(Plain):
    """Sends chunks."""

    def frame(self, body: bytes) -> None:
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))


class Old(Plain):
    """Ends the connection without a word, as HTTP/1.0 may."""

    protocol_version = "HTTP/1.0"


class Compressing(Plain):
    """Compresses for those who take it, and for them alone."""

    fields: ClassVar[dict[str, str]] = {"Vary": "Accept-Encoding"}

    def encoded(self, body: bytes) -> bytes:
        return gzip.compress(body) if "gzip" in self.headers.get("Accept-Encoding", "") else body

    def own_fields(self) -> dict[str, str]:
        taken = "gzip" in self.headers.get("Accept-Encoding", "")
        return {**self.fields, **({"Content-Encoding": "gzip"} if taken else {})}


@contextmanager
def served(handler: type[Handler]) -> Iterator[str]:
    own = type("Own", (handler,), {"small": Small()})
    with ThreadingHTTPServer(("127.0.0.1", 0), own) as server:
        own.small.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield own.small.address
        finally:
            server.shutdown()
            thread.join()


HABITS = {
    Counting: ["connection", "header keep-alive"],
    Closing: ["connection"],
    Chunked: ["framing"],
    Old: ["connection"],
    Compressing: ["compression", "header vary"],
    Handler: ["framing", "connection"],
}


@pytest.mark.parametrize("handler", first(2, HABITS), ids=lambda handler: handler.__name__)
def test_a_manner_is_named_learned_and_answered(handler: type[Handler], tmp_path: Path) -> None:
    with served(Plain) as other, served(handler) as url:
        real = recorded_at(url, LOGIN)
        found = compare(real, recorded_at(other, LOGIN))
        assert sorted(difference.aspect for difference in found) == sorted(HABITS[handler])
        with twin_of(learned_at(url, LOGIN, tmp_path)) as (twin, login):
            assert compare(real, recorded_at(twin, login)) == []


def test_what_all_answers_have_is_in_those_that_were_not_learned(tmp_path: Path) -> None:
    with served(Closing) as url, twin_of(learned_at(url, LOGIN, tmp_path)) as (twin, _):
        answer = requests.get(f"{twin}/v4/RestoreSessions/1/organization/restoreDeviceCode", timeout=5)
    assert (answer.status_code, answer.headers["Connection"]) == (405, "close")


def test_a_connection_that_ends_is_ended_and_what_follows_on_it_is_not_answered(tmp_path: Path) -> None:
    with served(Old) as url, twin_of(learned_at(url, LOGIN, tmp_path)) as (twin, _):
        place = urlsplit(twin)
        with socket.create_connection((str(place.hostname), int(place.port or 0)), timeout=5) as sock:
            sock.sendall(b"GET /v4/Nothing HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2)
            sock.settimeout(5)
            answer = b"".join(iter(lambda: sock.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.0 404 ")
    assert answer.count(b"HTTP/1") == 1
    assert b"Connection" not in answer


@pytest.mark.parametrize(
    ("wanted", "encoding"),
    [("gzip", "gzip"), ("br, gzip;q=0.5", "gzip"), ("gzip;q=0", None), ("gzip; q=0.0, *", None), ("identity", None)],
)
def test_a_body_is_compressed_for_those_who_take_it(tmp_path: Path, wanted: str, encoding: str | None) -> None:
    with served(Compressing) as url, twin_of(learned_at(url, LOGIN, tmp_path)) as (twin, _):
        answer = requests.get(f"{twin}/v4/Organizations", headers={"Accept-Encoding": wanted}, timeout=5)
    assert answer.headers.get("Content-Encoding") == encoding
    assert answer.json() == {"message": "A token is wanted."}


def test_two_profiles_of_one_server_are_equal_but_for_times(tmp_path: Path) -> None:
    with served(Counting) as url:
        first, second = (
            learned_at(url, LOGIN, tmp_path).read_text("utf-8").partition("\nlatency:")[0] for _ in range(2)
        )
    assert first == second
