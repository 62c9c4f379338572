"""Bodies in chunks under WSGI servers that hand them on, and under those that do not."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
import requests
from werkzeug.serving import make_server as make_werkzeug_server

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
