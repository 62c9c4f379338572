"""What a client sends, read as requests by httptools: bytes in, a queue of `Incoming` out. Nothing is answered here."""

import logging
import re
from collections import deque
from collections.abc import Callable
from typing import Any

import httptools

from veeam_mock.door.incoming import Incoming
from veeam_mock.messages import BODY_LIMIT, HEADER_LIMIT, Headers, Request

log = logging.getLogger("veeam_mock")

BETWEEN_FIELDS = len(": ") + len("\r\n")
LONGEST_LINE_BUT_TARGET = 64
"""Bytes of a request line beside its target: a head is bounded by what it says, not by what is between that."""

ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?P<host>[^/?#]*)")


class RequestReader:
    """The requests of one connection, in `waiting`, in their order. The methods named `on_…` are the parser's to call.

    What cannot be read is a refusal in that queue, and its last entry: after it, and after a request with which a
    client ends the connection, `ended` is true and whatever comes is thrown away (RFC 9112 section 9.6). `began_at` is
    when the request that is being read began, as `clock` says in seconds; None between requests. `expects_continue`:
    its client waits for a 100 (RFC 9110 section 10.1.1).
    """

    def __init__(self, scheme: str, client: str, clock: Callable[[], float]) -> None:
        self._scheme = scheme
        self._client = client
        self._clock = clock
        self._parser: Any = httptools.HttpRequestParser(self)
        self.waiting: deque[Incoming] = deque()
        self.ended = False
        self._begin()

    def _begin(self) -> None:
        self.began_at: float | None = None
        self.expects_continue = False
        self._head_is_read = False
        self._is_cut = False
        self._beside_body = 0
        self._head_size = 0
        self._between_fields = LONGEST_LINE_BUT_TARGET

    @property
    def is_between_requests(self) -> bool:
        """Whether nothing of the next request has come."""
        return self.began_at is None and self._beside_body == 0

    def feed(self, data: bytes) -> None:
        """Read on. Never raises."""
        self._beside_body += len(data)
        rest = memoryview(data)
        try:
            while rest and not self.ended:
                rest = self._parse(rest)
        except httptools.HttpParserError as error:
            if isinstance(error, httptools.HttpParserCallbackError):
                log.error("failed to read a request", exc_info=error)
            self.refuse(400)
        if self._beside_body > HEADER_LIMIT + self._between_fields:
            self.refuse(431)  # also for what never becomes a field, and for trailers

    def _parse(self, data: memoryview) -> memoryview:
        """Read `data`, and return what is still to be read of it.

        Nothing is upgraded: who asks for that is answered as ever (RFC 9110 section 7.8). httptools stops there, and
        before a body, which is then read as that of a request that is framed alike.
        """
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._is_cut:
                framing = {"content-length", "transfer-encoding"} & self._headers.keys()
                fields = "".join(f"{name}: {self._headers[name]}\r\n" for name in framing)
                self._parser.feed_data(f"POST / HTTP/1.1\r\n{fields}\r\n".encode("latin-1"))
                self._is_cut = False
            return data[upgrade.args[0] :]
        return data[:0]

    def refuse(self, status: int) -> None:
        """Give up on the request that is being read, and on all that may follow."""
        request = self._request() if self._head_is_read else Request("", "", client=self._client)
        self._put(Incoming(request, keep_alive=False, refusal=status))

    def _put(self, incoming: Incoming) -> None:
        if not self.ended:
            self.waiting.append(incoming)
            self.ended = not incoming.keep_alive
        self._begin()

    # What the parser calls

    def on_message_begin(self) -> None:
        if not self._is_cut:
            self.began_at = self._clock()
            self._url = b""
            self._fields: list[tuple[bytes, bytes]] = []
            self._body = bytearray()

    def on_url(self, url: bytes) -> None:
        if not self._is_cut:
            self._url += url
            self._head_size += len(url)
            if self._head_size > HEADER_LIMIT:
                self.refuse(431)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._head_is_read:
            self._fields.append((name, value))
            self._between_fields += BETWEEN_FIELDS
            self._head_size += len(name) + len(value)
            if self._head_size > HEADER_LIMIT:
                self.refuse(431)
        # Trailer fields, which say nothing that is needed here, are thrown away (RFC 9110 section 6.5.1).

    def on_headers_complete(self) -> None:
        if self._is_cut:
            return
        self._head_is_read = True
        self._method = self._parser.get_method().decode("latin-1")
        self._version = self._parser.get_http_version()
        headers = self._headers = _joined(self._fields)
        announced = headers.get("content-length", "0").lstrip("0") or "0"
        if self._version not in ("1.0", "1.1"):
            self.refuse(505)
        elif re.search(r",\s*chunked$", headers.get("transfer-encoding", ""), re.IGNORECASE):
            self.refuse(501)
        elif len(announced) > 12 or int(announced) > BODY_LIMIT:
            self.refuse(413)
        else:
            self.expects_continue = headers.get("expect", "").lower() == "100-continue" and self._version == "1.1"

    def on_body(self, body: bytes) -> None:
        self._beside_body = 0
        self.expects_continue = False
        self._body += body
        if len(self._body) > BODY_LIMIT:
            self.refuse(413)

    def on_message_complete(self) -> None:
        upgrade = self._method != "CONNECT" and self._parser.should_upgrade()
        if upgrade and (self._headers.get("content-length", "0") != "0" or "transfer-encoding" in self._headers):
            self._is_cut = True
            return
        keep_alive = self._version == "1.1" and self._method != "CONNECT" and bool(self._parser.should_keep_alive())
        self._put(Incoming(self._request(), keep_alive, old=self._version == "1.0"))

    def _request(self) -> Request:
        """The request as far as it has come."""
        url = self._url.decode("latin-1")
        host = self._headers.get("host") or "localhost"
        if absolute := ABSOLUTE.match(url):  # its host takes the place of the field's (RFC 9112 section 3.2.2)
            host, url = absolute["host"], url[absolute.end() :]
            url = url if url.startswith("/") else f"/{url}"
        if self._version == "1.1" and "host" not in self._headers:
            host = ""  # which is refused (section 3.2)
        path, _, query = url.partition("?")
        origin = f"{self._scheme}://{host}"
        return Request(self._method, path, query, self._headers, bytes(self._body), origin, self._client)


def _joined(fields: list[tuple[bytes, bytes]]) -> Headers:
    """Fields by lower-case name; those of one name are joined by a comma (RFC 9110 section 5.3)."""
    values: dict[str, list[str]] = {}
    for name, value in fields:
        values.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return {name: ", ".join(several) for name, several in values.items()}
