"""The small server on stacks of Python: each starts on a free port of loopback, and ends with its context."""

import json
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qsl

import uvicorn
from a2wsgi import WSGIMiddleware
from flask import Flask, Response, jsonify, request
from werkzeug.serving import make_server

from mutants.stacks.small import Reply, Small

LARGEST = 1_000_000
"""Bytes of a body that are read; more is refused with 413."""


def flask_app(small: Small) -> Flask:
    """On Flask, with its own routing."""
    app = Flask(__name__)

    @app.errorhandler(404)
    @app.errorhandler(405)
    def missing(error: Any) -> tuple[Response, int]:
        return jsonify(message=error.name), error.code

    @app.before_request
    def guard() -> tuple[Response, int] | None:
        known = request.url_rule is not None and not request.path.lower().endswith("/token")
        wanted = known and not small.is_let_in(request.headers.get("Authorization", ""))
        return (jsonify(message="A token is wanted."), 401) if wanted else None

    def said(reply: Reply) -> tuple[Response, int]:
        return jsonify(reply[1]), reply[0]

    @app.post("/v4/Token")
    @app.post("/v4/token")
    def token() -> tuple[Response, int]:
        return said(small.token(request.form.to_dict()))

    def through(**_: str) -> tuple[Response, int]:
        return said(small.route(request.method, request.path, request.headers["Authorization"], request.get_data()))

    for method, path in (
        ("GET", "/v4/ServiceInstance"),
        ("GET", "/v4/Organizations"),
        ("GET", "/v4/Organizations/<id>"),
        ("POST", "/v4/Organizations/<id>/DeviceCode"),
        ("POST", "/v4/DeviceCode"),
        ("POST", "/v4/RestoreSessions/<id>/organization/restoreDeviceCode"),
    ):
        app.add_url_rule(path, f"{method} {path}", through, methods=[method], provide_automatic_options=False)
    return app


@contextmanager
def on_flask() -> Iterator[str]:
    """Flask behind the development server of Werkzeug."""
    small = Small()
    server = make_server("127.0.0.1", 0, flask_app(small), threaded=True)
    small.address = f"http://127.0.0.1:{server.server_port}"
    with _served(server.serve_forever, server.shutdown):
        yield small.address


class Handler(BaseHTTPRequestHandler):
    """On the HTTP server of the standard library: HTTP/1.0, bodies that end with the connection."""

    small: ClassVar[Small]

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _reply(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            self._say(411, {"message": "A length is wanted."})
            return
        if length > LARGEST:
            self._say(413, {"message": "The body is too large."})
            return
        body = self.rfile.read(length)
        path = self.path.partition("?")[0]
        if path.lower() == "/v4/token" and self.command == "POST":
            form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
            self._say(*self.small.token(form))
        elif path.lower() == "/v4/token":
            self._say(405, {"message": "POST is wanted."})
        else:
            self._say(*self.small.route(self.command, path, self.headers.get("Authorization", ""), body))

    def _say(self, status: int, value: Any) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(json.dumps(value).encode())

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _reply


@contextmanager
def on_http_server() -> Iterator[str]:
    """The HTTP server of the standard library."""
    handler = type("Own", (Handler,), {"small": Small()})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        handler.small.address = f"http://127.0.0.1:{server.server_port}"
        with _served(server.serve_forever, server.shutdown):
            yield handler.small.address


Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


def asgi_app(small: Small) -> Callable[..., Awaitable[None]]:
    """On bare ASGI: no length, so that uvicorn sends chunks."""

    async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            event = await receive()
            body, more = body + event.get("body", b""), event.get("more_body", False)
        fields = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        path, method = scope["path"], scope["method"]
        if path.lower() != "/v4/token":
            status, value = small.route(method, path, fields.get("authorization", ""), body)
        elif method == "POST":
            status, value = small.token(dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)))
        else:
            status, value = 405, {"message": "POST is wanted."}
        start = [(b"content-type", b"application/json; charset=utf-8")]
        await send({"type": "http.response.start", "status": status, "headers": start})
        await send({"type": "http.response.body", "body": json.dumps(value, ensure_ascii=False).encode()})

    return app


@contextmanager
def _on_uvicorn(app: Any, small: Small) -> Iterator[str]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen()
        small.address = f"http://127.0.0.1:{bound.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
        with _served(lambda: server.run(sockets=[bound]), lambda: setattr(server, "should_exit", True)):
            yield small.address


@contextmanager
def on_asgi() -> Iterator[str]:
    """Bare ASGI on uvicorn."""
    small = Small()
    with _on_uvicorn(asgi_app(small), small) as address:
        yield address


@contextmanager
def on_flask_behind_uvicorn() -> Iterator[str]:
    """Flask through a2wsgi on uvicorn."""
    small = Small()
    app = flask_app(small)

    def ended(environ: Any, start_response: Any) -> Any:
        environ["wsgi.input_terminated"] = True  # Otherwise Werkzeug reads no body that came in chunks.
        return app(environ, start_response)

    with _on_uvicorn(WSGIMiddleware(ended), small) as address:
        yield address


@contextmanager
def _served(serve: Callable[[], None], stop: Callable[[], None]) -> Iterator[None]:
    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        stop()
        thread.join()
