"""The WSGI door: the mock as a Flask application, for any WSGI server and for test clients."""

import re
from urllib.parse import quote
from wsgiref.util import is_hop_by_hop

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

from veeam_mock.messages import BODY_LIMIT, BODY_TOO_LARGE, Reply, Request
from veeam_mock.mock import Mock
from veeam_mock.pages.carrying import to_response
from veeam_mock.settings.options import MEMORY
from veeam_mock.settings.settings import Settings

NO_SOCKET = "A WSGI application cannot break a connection; start the server by veeam-mock for this fault."
NO_CHUNKS = "The WSGI server hands on no body that comes in chunks; send it with a Content-Length."
ALONE = (
    "Each process of this WSGI server would know other logins and codes: run it with one worker, or let them share a "
    'store, create_app(Settings(store="redis://...")).'
)
FOLD = re.compile(r"\s*[\r\n]\s*")
"""Where a value goes on in the next line, which some servers hand on; it means a blank (RFC 9112 section 5.2)."""

PATH_CHARACTERS = "/~!$&'()*+,;=:@-._%"


def create_app(settings: Settings | None = None) -> Flask:
    """A complete WSGI application with a mock of its own, made from `settings`; it is `app.extensions["veeam"]`."""
    app = Flask(__name__, static_folder=None)
    app.extensions["veeam"] = Mock(settings)
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT
    app.before_request(_answer)
    return app


def _answer() -> Response:
    """Answer before Flask looks for a route: the mock decides about methods and paths."""
    mock: Mock = current_app.extensions["veeam"]
    if _is_one_of_several() and mock.settings.store == MEMORY:
        return _refuse(mock, 503, ALONE)
    if "Transfer-Encoding" in request.headers and not request.environ.get("wsgi.input_terminated"):
        return _refuse(mock, 411, NO_CHUNKS)
    try:
        plain = _read_request()
    except RequestEntityTooLarge:
        return _refuse(mock, 413, BODY_TOO_LARGE)
    return _response(mock.answer(plain, no_socket=NO_SOCKET))


def _is_one_of_several() -> bool:
    """Whether other processes answer requests as well (PEP 3333); what adapts ASGI does not know, and says yes."""
    return bool(request.environ.get("wsgi.multiprocess")) and "asgi.scope" not in request.environ


def _refuse(mock: Mock, status: int, message: str) -> Response:
    return _response(mock.refuse(_read_head(), status, message))


def _response(reply: Reply) -> Response:
    """A reply without what is said of the connection, which belongs to the server that hosts this application."""
    response = to_response(reply)
    for name, _ in [*response.headers]:
        if is_hop_by_hop(name):
            del response.headers[name]
    return response


def _read_request() -> Request:
    """The current request of Flask as a plain one; may raise Flask's 413."""
    return _read_head().with_body(request.get_data())


def _read_head() -> Request:
    return Request(
        request.method,
        _path_as_sent(),
        request.query_string.decode("latin-1"),
        {name.lower(): FOLD.sub(" ", value) for name, value in request.headers.items()},
        origin=f"{request.scheme}://{request.host}",
        client=request.remote_addr or "",
        mount=quote(request.root_path, safe=PATH_CHARACTERS),
    )


def _path_as_sent() -> str:
    """The path below the mount point, percent-encoded as it came where the server tells."""
    raw = str(request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or "")
    path = raw.partition("?")[0]
    mount = request.environ.get("SCRIPT_NAME", "").rstrip("/")
    if path.startswith(f"{mount}/"):
        return path.removeprefix(mount)
    return quote(request.path, safe=PATH_CHARACTERS)
