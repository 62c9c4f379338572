"""What WSGI servers hand on as it came: bodies in chunks, values over several lines; and what they take back."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
import requests
from werkzeug.serving import make_server as make_werkzeug_server

from support.wire import Wire
from veeam_mock import create_app


class Quiet(WSGIRequestHandler):
    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@contextmanager
def served(kind: str) -> Iterator[str]:
    app = create_app()
    made = make_werkzeug_server("127.0.0.1", 0, app) if kind == "werkzeug" else None
    server = made or make_server("127.0.0.1", 0, app, handler_class=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(("kind", "status"), [("werkzeug", 200), ("wsgiref", 411)])
def test_a_body_in_chunks_is_a_body_or_refused_in_words(kind: str, status: int) -> None:
    with served(kind) as url:
        body = iter([b'{"advance": ', b'"5s"}'])
        answer = requests.post(
            f"{url}/__admin/clock", data=body, headers={"Content-Type": "application/json"}, timeout=5
        )
    assert answer.status_code == status
    assert status == 200 or "send it with a Content-Length" in answer.json()["message"]


@pytest.mark.parametrize("path", ["/devicelogin", "/v4/ServiceInstance", "/__admin/requests"])
@pytest.mark.parametrize("kind", ["werkzeug", "wsgiref"])
def test_a_value_over_two_lines_has_a_blank_in_their_place(kind: str, path: str) -> None:
    with served(kind) as url, Wire(url) as wire:
        usual = wire.ask(f"GET {path} HTTP/1.0\r\nHost: localhost\r\nX: a b\r\n\r\n".encode()).status
        with Wire(url) as other:
            folded = other.ask(f"GET {path} HTTP/1.0\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n".encode())
    assert folded.status == usual != 500


@pytest.mark.parametrize(("path", "host"), [("/devicelogin", "elsewhere.test"), ("/~a%00/devicelogin", "localhost")])
@pytest.mark.parametrize("kind", ["werkzeug", "wsgiref"])
def test_a_page_that_is_refused_says_nothing_of_the_connection(kind: str, path: str, host: str) -> None:
    with served(kind) as url, Wire(url) as wire:
        answer = wire.ask(f"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
    assert answer.status in (400, 403)
