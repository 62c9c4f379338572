"""The HTTPS and HTTP door: ASGI under uvicorn. It alone holds the connection, so it alone can break it."""

import asyncio
import logging
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mock_server.exchange import Headers, Reply, Request
from mock_server.pages.paths import is_page
from mock_server.pipeline import Pipeline

log = logging.getLogger("veeam_mock")

HEADER_LIMIT = 64 * 1024
BODY_LIMIT = 1024 * 1024
DRIBBLE_STEPS = 20

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]


class Door:
    """An ASGI application: the API by the pipeline, at once; the pages by the WSGI application, in threads."""

    def __init__(self, pipeline: Pipeline, request_timeout: float) -> None:
        self.pipeline = pipeline
        self.request_timeout = request_timeout
        self._pages: AsgiApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = read_head(scope)
        connection: Connection = scope["extensions"]["connection"]
        if connection.head_too_large:
            await self._deliver(self.refuse(request, 431), connection, send)
            return
        body = await read_body(request.headers, receive)
        if body is None:
            return
        if len(body) > BODY_LIMIT:
            await self._deliver(self.refuse(request, 413), connection, send)
        elif is_page(request.path):
            if self._pages is None:
                self._pages = await asyncio.to_thread(self._load_pages)
            await self._pages(scope, _replay(body), send)
        else:
            request.body = body
            await self._deliver(self.pipeline.answer(request), connection, send)

    def refuse(self, request: Request, status: int) -> Reply:
        """The reply to what cannot be read as a request."""
        return self.pipeline.refuse(request, status, REFUSALS[status].format(self.request_timeout))

    def _load_pages(self) -> AsgiApp:
        from a2wsgi import WSGIMiddleware

        from mock_server.app import create_app

        pages: Any = WSGIMiddleware(create_app(pipeline=self.pipeline))  # type: ignore[arg-type]
        return cast(AsgiApp, pages)

    async def _deliver(self, reply: Reply, connection: "Connection", send: Send) -> None:
        delivery = reply.delivery
        if delivery.delay:
            await asyncio.sleep(delivery.delay)
        if delivery.ending == "never":
            await connection.lost.wait()
        elif delivery.needs_socket:
            await _break(reply, connection)
        else:
            await send({"type": "http.response.start", "status": reply.status, "headers": _raw(reply.headers)})
            if delivery.dribble:
                await _dribble(reply.body, delivery.dribble, send)
            else:
                await send({"type": "http.response.body", "body": reply.body})


REFUSALS = {
    400: "This is not HTTP that can be understood.",
    408: "The request was not complete after {:g} s.",
    413: f"The body is larger than {BODY_LIMIT} bytes.",
    431: f"The request line and the header fields are larger than {HEADER_LIMIT} bytes.",
}


def read_head(scope: Scope) -> Request:
    """The request in an ASGI scope, without its body."""
    headers: Headers = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    origin = f"{scope['scheme']}://{headers.get('host') or 'localhost'}"
    return Request(
        scope["method"],
        scope["raw_path"].decode("latin-1"),
        scope["query_string"].decode("latin-1"),
        headers,
        origin=origin,
        client=scope["client"][0] if scope["client"] else "",
    )


async def read_body(headers: Headers, receive: Receive) -> bytes | None:
    """The body, cut soon after it grew over the limit; None when the client went away."""
    if int(headers.get("content-length", 0)) > BODY_LIMIT:
        return b"\0" * (BODY_LIMIT + 1)
    body: bytes = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body = body + message["body"] if body else message["body"]
        if not message["more_body"] or len(body) > BODY_LIMIT:
            return body


def _replay(body: bytes) -> Receive:
    sent = False

    async def receive() -> Message:
        nonlocal sent
        if sent:
            await asyncio.Event().wait()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _raw(headers: Headers) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


async def _dribble(body: bytes, seconds: float, send: Send) -> None:
    steps = max(1, min(DRIBBLE_STEPS, len(body)))
    for index in range(steps):
        await asyncio.sleep(seconds / steps)
        part = body[len(body) * index // steps : len(body) * (index + 1) // steps]
        await send({"type": "http.response.body", "body": part, "more_body": index + 1 < steps})


async def _break(reply: Reply, connection: "Connection") -> None:
    """Leave the client with less than an answer, as the delivery says."""
    if reply.delivery.ending == "reset":
        connection.reset()
        return
    if reply.delivery.raw is not None:
        connection.transport.write(reply.delivery.raw)
    elif reply.delivery.ending == "truncated":
        connection.transport.write(render(reply)[: -max(1, len(reply.body) // 2)])
    connection.transport.close()


def render(reply: Reply) -> bytes:
    """A reply as the bytes of HTTP/1.1."""
    phrase = HTTPStatus(reply.status).phrase if reply.status in HTTPStatus.__members__.values() else ""
    lines = [f"HTTP/1.1 {reply.status} {phrase}", *(f"{name}: {value}" for name, value in reply.headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + reply.body


class Connection(HttpToolsProtocol):
    """One connection. Bounds the head of a request, and the time that a client may take to send one."""

    app: Door

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.lost = asyncio.Event()
        self.head_too_large = False
        self._in_head = True
        self._head_size = 0
        self._receiving = False
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._deadline = self.loop.call_later(self.app.request_timeout, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        self._clear_deadline()
        self.lost.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head_size += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._in_head and self._head_size > HEADER_LIMIT:
            self._refuse(431)
        elif not self._receiving:
            self._clear_deadline()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self.app.request_timeout, self._too_slow)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._receiving = True
        self.scope["extensions"] = {"connection": self}  # type: ignore[dict-item]

    def on_headers_complete(self) -> None:
        self._in_head = False
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        self.head_too_large = size > HEADER_LIMIT
        super().on_headers_complete()
        if self.parser.should_upgrade():
            # Nothing is upgraded here, and the parser does not go on after the request that asked for it.
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._receiving = False
        self._in_head = True
        self._head_size = 0

    def send_400_response(self, msg: str) -> None:
        """What uvicorn calls for bytes that are no HTTP."""
        self._refuse(400)

    def shutdown(self) -> None:
        """What uvicorn calls when the server stops: a request that is not complete is not waited for."""
        if self._receiving:
            self.transport.abort()
        else:
            super().shutdown()

    def reset(self) -> None:
        """Break the connection by a TCP RST, over TLS too: close the socket with nothing left to linger for."""
        linger = struct.pack("ii", 1, 0) if os.name != "nt" else struct.pack("hh", 1, 0)
        with socket.socket(fileno=os.dup(self.transport.get_extra_info("socket").fileno())) as duplicate:
            duplicate.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.transport.abort()

    def _too_slow(self) -> None:
        self._deadline = None
        answered = self.cycle is not None and self.cycle.response_complete and not self._in_head
        if self._receiving and not answered:
            self._refuse(408)
        elif not self.transport.is_closing():
            self.transport.close()

    def _refuse(self, status: int) -> None:
        method, path, headers = "", "", {}
        if self._receiving:
            method = self.parser.get_method().decode("latin-1") if not self._in_head else ""
            path = self.url.decode("latin-1")
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in self.headers}
        self.transport.write(render(self.app.refuse(Request(method, path, "", headers), status)))
        self.transport.close()

    def _clear_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def quiet_loggers(names: Iterable[str] = ("uvicorn.error", "uvicorn.access", "uvicorn.asgi")) -> None:
    """uvicorn's own log lines say nothing that this package does not say better."""
    for name in names:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
