"""The Flask application: a complete WSGI application of the API and the pages, for any WSGI server."""

from urllib.parse import quote

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from mock_server.exchange import Reply, Request
from mock_server.pages.documentation import documentation, swagger_ui
from mock_server.pages.paths import is_page
from mock_server.pipeline import Pipeline
from mock_server.settings import Settings

BODY_LIMIT = 1024 * 1024
PATH_CHARACTERS = "/~!$&'()*+,;=:@-._%"


def create_app(settings: Settings | None = None, *, pipeline: Pipeline | None = None) -> Flask:
    """A WSGI application with a pipeline of its own, made from `settings`, or with the one that is handed in."""
    app = Flask(__name__, static_folder=None)
    app.extensions["veeam"] = pipeline or Pipeline(settings)
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT
    app.before_request(_serve_api)
    app.register_error_handler(HTTPException, _refuse)
    app.register_blueprint(documentation)
    app.register_blueprint(swagger_ui)
    app.url_map.strict_slashes = False
    return app


def _pipeline() -> Pipeline:
    from flask import current_app

    pipeline = current_app.extensions["veeam"]
    assert isinstance(pipeline, Pipeline)
    return pipeline


def _serve_api() -> Response | None:
    """Answer what is not a page; before Flask looks for a route, so that the spec decides about methods and paths."""
    if is_page(request.path):
        return None
    return _deliver(_pipeline().answer(_read()))


def _read() -> Request:
    raw = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or ""
    path = raw.partition("?")[0] or quote(request.path, safe=PATH_CHARACTERS)
    headers = {name.lower(): value for name, value in request.headers.items()}
    query = request.query_string.decode("latin-1")
    return Request(request.method, path, query, headers, request.get_data(), request.host_url.rstrip("/"))


def _deliver(reply: Reply) -> Response:
    if reply.delivery.needs_socket:
        reply = _pipeline().refuse(_read(), 501, "A WSGI application cannot break a connection; use veeam-mock for it.")
    chunks = [reply.body] if "Content-Length" in reply.headers else iter([reply.body])
    response = Response(chunks, reply.status)
    response.headers.clear()
    for name, value in reply.headers.items():
        response.headers[name] = value
    return response


def _refuse(error: HTTPException) -> Response:
    """What Flask refuses, in the vendor's shape."""
    reply = _pipeline().refuse(
        Request(request.method, request.path), error.code or 500, error.description or error.name
    )
    response = _deliver(reply)
    del response.headers["Connection"]
    allowed = error.get_response().headers.get("Allow")
    if allowed:
        response.headers["Allow"] = allowed
    return response
