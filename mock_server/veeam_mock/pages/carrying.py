"""Between Flask's requests and responses and the plain ones of this package."""

import time
from urllib.parse import quote

from flask import Response, request

from veeam_mock.messages import Reply, Request

PATH_CHARACTERS = "/~!$&'()*+,;=:@-._%"


def read_request() -> Request:
    """The current request of Flask as a plain one; may raise Flask's 413."""
    raw = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or ""
    path = raw.partition("?")[0] or quote(request.root_path + request.path, safe=PATH_CHARACTERS)
    return Request(
        request.method,
        path,
        request.query_string.decode("latin-1"),
        {name.lower(): value for name, value in request.headers.items()},
        request.get_data(),
        origin=f"{request.scheme}://{request.host}",
        client=request.remote_addr or "",
    )


def to_response(reply: Reply) -> Response:
    """A plain reply as Flask's response, with the reply's own header fields only; delays hold the calling thread."""
    time.sleep(reply.delivery.delay + reply.delivery.dribble)
    body = [reply.body] if "Content-Length" in reply.headers else iter([reply.body])
    response = Response(body, reply.status)
    response.headers.clear()
    for name, value in reply.headers.items():
        response.headers[name] = value
    return response
