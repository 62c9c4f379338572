"""The HTTPS and HTTP door: what its connections share. The API goes to the pipeline, pages to Flask in threads."""

import logging
import sys
import threading
from functools import cached_property
from io import BytesIO
from typing import TYPE_CHECKING, Any

from veeam_mock.api.pipeline import Pipeline
from veeam_mock.door.outbox import Outbox
from veeam_mock.messages import BODY_TOO_LARGE, HEADER_LIMIT, Reply, Request
from veeam_mock.spec.spec import decode_segment

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

log = logging.getLogger("veeam_mock")

REFUSALS = {
    400: "This cannot be understood as HTTP, or its method is unknown.",
    408: "The request was not complete after {:g} s.",
    413: BODY_TOO_LARGE,
    431: f"The request line and the header fields are larger than {HEADER_LIMIT} bytes.",
    501: "The only transfer coding that is read here is chunked.",
    505: "The versions of HTTP that are spoken here are 1.0 and 1.1.",
}


class Door:
    """Answers for connections. `request_timeout` is the seconds that a client may take to send a request."""

    def __init__(self, pipeline: Pipeline, request_timeout: float) -> None:
        self.pipeline = pipeline
        self.request_timeout = request_timeout
        self.outbox = Outbox()
        self._loading = threading.Lock()

    def refuse(self, request: Request, status: int) -> Reply:
        """The reply to what cannot be read as a request."""
        return self.pipeline.refuse(request, status, REFUSALS[status].format(self.request_timeout))

    @cached_property
    def _pages(self) -> "WSGIApplication":
        from veeam_mock.pages.app import create_app

        return create_app(pipeline=self.pipeline)

    def page(self, request: Request) -> Reply:
        """The reply of the Flask application; called in a thread, as Flask is loaded on first use. Never raises."""
        with self._loading:
            pages = self._pages
        try:
            return call_wsgi(pages, request)
        except Exception:
            log.exception("failed to serve %s %s", request.method, request.path)
            return self.pipeline.refuse(request, 500, "The mock failed to answer. Its log says why.")


def call_wsgi(application: "WSGIApplication", request: Request) -> Reply:
    """The reply of a WSGI application (PEP 3333) to `request`."""
    reply = Reply(500)

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        reply.status = int(status[:3])
        reply.cookies = [value for name, value in headers if name.lower() == "set-cookie"]
        reply.headers = {name: value for name, value in headers if name.lower() != "set-cookie"}

    chunks = application(_environ(request), start_response)
    try:
        reply.body = b"".join(chunks)
    finally:
        if hasattr(chunks, "close"):
            chunks.close()
    return reply


def _environ(request: Request) -> dict[str, Any]:
    scheme, _, host = request.origin.partition("://")
    name, _, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
    return {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": decode_segment(request.path).encode("utf-8").decode("latin-1"),
        "RAW_URI": f"{request.path}?{request.query}" if request.query else request.path,
        "QUERY_STRING": request.query,
        "CONTENT_TYPE": request.headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(request.body)),
        "SERVER_NAME": name or host,
        "SERVER_PORT": port if port.isdecimal() else {"https": "443"}.get(scheme, "80"),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": request.client,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scheme,
        "wsgi.input": BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        # With underscores, names would get mixed up with those that have dashes (RFC 3875 section 4.1.18).
        **{f"HTTP_{key.upper().replace('-', '_')}": text for key, text in request.headers.items() if "_" not in key},
    }
