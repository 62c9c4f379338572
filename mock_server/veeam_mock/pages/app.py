"""The Flask application: a complete WSGI application of the API and the pages, for any WSGI server."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException

from veeam_mock.api.pipeline import Pipeline
from veeam_mock.api.worlds import split_world
from veeam_mock.control.api import Control
from veeam_mock.messages import BODY_LIMIT, BODY_TOO_LARGE, Request
from veeam_mock.model.dates import http_date
from veeam_mock.pages.carrying import read_request, to_response
from veeam_mock.pages.control import control
from veeam_mock.pages.dashboard import dashboard
from veeam_mock.pages.documentation import documentation, swagger_ui
from veeam_mock.pages.form_tokens import make_key
from veeam_mock.pages.paths import as_routed, is_page
from veeam_mock.pages.sign_in import sign_in
from veeam_mock.settings.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

NO_SOCKET = "A WSGI application cannot break a connection; start the server by veeam-mock for this fault."


def create_app(settings: Settings | None = None, *, pipeline: Pipeline | None = None) -> Flask:
    """A WSGI application with a pipeline of its own, made from `settings`, or with the one that is handed in."""
    app = Flask(__name__, static_folder=None)
    app.extensions["veeam"] = pipeline or Pipeline(settings)
    app.extensions["veeam_control"] = Control(app.extensions["veeam"])
    app.extensions["veeam_form_key"] = make_key()
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT
    app.url_map.strict_slashes = False
    app.before_request(_serve_api)
    app.after_request(_date)
    app.register_error_handler(HTTPException, _refuse)
    for blueprint in (control, dashboard, documentation, sign_in, swagger_ui):
        app.register_blueprint(blueprint)
    app.wsgi_app = _below_world(app.wsgi_app)  # type: ignore[method-assign,assignment]
    return app


def _below_world(wsgi_app: "WSGIApplication") -> "WSGIApplication":
    """Mount the application below each `/~NAME` too, so that the pages of a world link to one another.

    The name of a page is found in any case, as the real server finds it.
    """

    def mounted(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        name, rest = split_world(environ.get("PATH_INFO", ""))
        if is_page(rest):
            environ["PATH_INFO"] = as_routed(rest)
            if name:
                environ["SCRIPT_NAME"] = f"{environ.get('SCRIPT_NAME', '')}/~{name}"
        return wsgi_app(environ, start_response)

    return mounted


def _pipeline() -> Pipeline:
    return cast(Pipeline, current_app.extensions["veeam"])


def _serve_api() -> Response | None:
    """Answer what is not a page; before Flask looks for a route, so that the spec decides about methods and paths."""
    return None if is_page(request.path) else to_response(_pipeline().answer(read_request(), no_socket=NO_SOCKET))


def _date(response: Response) -> Response:
    """A date for the pages too (RFC 9110 section 6.6.1)."""
    response.headers.setdefault("Date", http_date(int(_pipeline().worlds.default.clock.now())))
    return response


def _refuse(error: HTTPException) -> Response:
    """What Flask refuses, in the vendor's shape."""
    plain = Request(request.method, request.path)
    message = BODY_TOO_LARGE if error.code == 413 else error.description or error.name
    response = to_response(_pipeline().refuse(plain, error.code or 500, message))
    del response.headers["Connection"]
    allowed = error.get_response().headers.get("Allow")
    if allowed:
        response.headers["Allow"] = allowed
    return response
