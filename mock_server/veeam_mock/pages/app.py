"""The Flask application of the pages, and how a plain request passes through it."""

from typing import cast

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException
from werkzeug.test import EnvironBuilder, run_wsgi_app

from veeam_mock.api.pipeline import Pipeline
from veeam_mock.api.worlds import PATH_PREFIX, split_world
from veeam_mock.control.api import Control
from veeam_mock.messages import Reply, Request
from veeam_mock.pages import form_tokens
from veeam_mock.pages.carrying import REQUEST, sent_request, to_response
from veeam_mock.pages.dashboard import dashboard
from veeam_mock.pages.documentation import documentation, swagger_ui
from veeam_mock.pages.paths import as_routed
from veeam_mock.pages.sign_in import sign_in


class Pages:
    """Answers requests for pages."""

    def __init__(self, pipeline: Pipeline, control: Control) -> None:
        self._app = Flask(__name__, static_folder=None)
        self._app.extensions.update(veeam=pipeline, veeam_control=control, veeam_forms=form_tokens.make_signer())
        self._app.url_map.strict_slashes = False
        self._app.register_error_handler(HTTPException, _refuse)
        for blueprint in (dashboard, documentation, sign_in, swagger_ui):
            self._app.register_blueprint(blueprint)

    def answer(self, plain: Request) -> Reply:
        """The page that `plain` asks for."""
        body, status, headers = run_wsgi_app(self._app, _environ(plain), buffered=True)
        fields = {name: value for name, value in headers if name.lower() != "set-cookie"}
        return Reply(int(status[:3]), None, fields, b"".join(body), cookies=headers.getlist("Set-Cookie"))


def _environ(plain: Request) -> dict[str, object]:
    """`plain` for Flask, mounted below its world, so that the pages of a world link to one another.

    The name of a page is found in any case, as the real server finds it.
    """
    world, path = split_world(plain.path)
    # With underscores, names would get mixed up with those that have dashes (RFC 3875 section 4.1.18).
    fields = [(name, text) for name, text in plain.headers.items() if "_" not in name]
    builder = EnvironBuilder(
        as_routed(path),
        base_url=plain.address + (f"{PATH_PREFIX}{world}" if world else ""),
        query_string=plain.query,
        method=plain.method,
        headers=fields,
        data=plain.body,
        environ_base={"REMOTE_ADDR": plain.client},
    )
    return {**builder.get_environ(), "HTTP_HOST": plain.origin.partition("://")[2], REQUEST: plain}


def _refuse(error: HTTPException) -> Response:
    """What Flask refuses, in the vendor's shape."""
    pipeline = cast(Pipeline, current_app.extensions["veeam"])
    response = to_response(pipeline.refuse(sent_request(), error.code or 500, error.description or error.name))
    del response.headers["Connection"]
    allowed = error.get_response(request.environ).headers.get("Allow")
    if allowed:
        response.headers["Allow"] = allowed
    return response
