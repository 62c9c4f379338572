"""The control API, where Flask hosts it."""

import orjson
from flask import Blueprint, Response, current_app

from mock_server.pages.carrying import read_request, to_response

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]

control = Blueprint("control", __name__, url_prefix="/__admin")


@control.get("/openapi.json")
def document() -> Response:
    """The control API's own OpenAPI document."""
    return Response(
        orjson.dumps(current_app.extensions["veeam_control"].spec.document), content_type="application/json"
    )


@control.route("/<path:rest>", methods=METHODS)
def answer(rest: str) -> Response:
    """Everything else is decided by the control API itself."""
    return to_response(current_app.extensions["veeam_control"].answer(read_request()))
