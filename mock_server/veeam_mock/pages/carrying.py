"""Between Flask's requests and responses and the plain ones of this package."""

import time
from typing import cast

from flask import Response, request

from veeam_mock.messages import Reply, Request

REQUEST = "veeam_mock.request"
"""The key of the plain request in the environment of WSGI."""


def sent_request() -> Request:
    """The plain request behind the current one of the pages."""
    return cast(Request, request.environ[REQUEST])


def to_response(reply: Reply) -> Response:
    """A plain reply as Flask's response, with the reply's own header fields only; delays hold the calling thread."""
    time.sleep(reply.delivery.delay + reply.delivery.dribble)
    body = [reply.body] if "Content-Length" in reply.headers else iter([reply.body])
    response = Response(body, reply.status)
    response.headers.clear()
    for name, value in reply.headers.pairs():
        response.headers.add(name, value)
    return response
