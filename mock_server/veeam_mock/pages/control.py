"""The control API, where Flask hosts it."""

import orjson
from flask import Blueprint, Response, current_app, request

from veeam_mock.control.api import Control
from veeam_mock.pages.carrying import read_request, to_response

PREFIX = "/__admin"
DOCUMENT = f"{PREFIX}/openapi.json"

control = Blueprint("control", __name__)


@control.before_app_request
def answer() -> Response | None:
    """Answer every call below the prefix, whatever its method: the control API itself decides about it.

    All but what the state page has a route for.
    """
    path = request.path.lower()
    if request.blueprint == "dashboard" or (path != PREFIX and not path.startswith(f"{PREFIX}/")):
        return None
    api: Control = current_app.extensions["veeam_control"]
    if path == DOCUMENT and request.method in ("GET", "HEAD"):
        return Response(orjson.dumps(api.spec.document), content_type="application/json")
    return to_response(api.answer(read_request()))
