"""The API's own descriptions, where the real server has them: at `/swagger/docs/v8` and so on, Swagger UI above."""

from typing import cast

import orjson
from flask import Blueprint, Response, current_app, make_response, render_template, request
from flask_swagger_ui import get_swaggerui_blueprint
from werkzeug.exceptions import NotFound

from veeam_mock.api.installation import Installation
from veeam_mock.pages.carrying import sent_request
from veeam_mock.pages.shielding import HEADERS
from veeam_mock.pages.trying_out import for_trying_out
from veeam_mock.spec.document import document_of
from veeam_mock.world_names import enter_world

PAGE = "/swagger"
DOCUMENTS = f"{PAGE}/docs"
TRYING_OUT = "try-it-out"
TITLE = "Veeam Backup for Microsoft 365 (mock)"
SWAGGER_UI = {
    "dom_id": "#swagger-ui",
    "layout": "StandaloneLayout",
    "deepLinking": True,
    "validatorUrl": None,
    "persistAuthorization": True,
}

documentation = Blueprint("documentation", __name__)


@documentation.get(f"{DOCUMENTS}/<version>")
def document(version: str) -> Response:
    """The OpenAPI document of a version as JSON; the first of its servers is this one.

    With the query `try-it-out`, which Swagger UI sends, it is filled in for 'Try it out'.
    """
    installation = cast(Installation, current_app.extensions["veeam"])
    served, name = installation.versions.names, version.lower()
    if name not in served:
        raise NotFound(f"{version[:20]} is not a version that is served here, which are {', '.join(served)}.")
    described = document_of(name)
    if TRYING_OUT in request.args:
        with installation.lock:
            world = installation.worlds.find(enter_world(sent_request())[0])
            described = for_trying_out(described, world, name, request.root_path)
    servers = [{"url": request.root_path or "/", "description": "This mock."}, *described["servers"]]
    return Response(orjson.dumps({**described, "servers": servers}), content_type="application/json; charset=utf-8")


@documentation.get(f"{PAGE}/")
@documentation.get(f"{PAGE}/index.html", endpoint="index")
def page() -> Response:
    """Swagger UI with a chooser of the versions, the newest chosen. All that it asks for lies below its own world."""
    installation = cast(Installation, current_app.extensions["veeam"])
    root = request.root_path
    documents = [
        {"url": f"{root}{DOCUMENTS}/{version}?{TRYING_OUT}", "name": version}
        for version in reversed(installation.versions.names)
    ]
    config = {**SWAGGER_UI, "urls": documents}
    return _shield(make_response(render_template("swagger.html", title=TITLE, base=root + PAGE, config=config)))


def make_assets() -> Blueprint:
    """The scripts and styles of Swagger UI, which a package brings. Its page knows no path above its own."""
    blueprint: Blueprint = get_swaggerui_blueprint(PAGE, DOCUMENTS)
    blueprint.after_request(_shield)
    return blueprint


def _shield(response: Response) -> Response:
    """As the other pages are shielded, but for the policy: Swagger UI starts by a script in its page."""
    response.headers.update({name: value for name, value in HEADERS.items() if name != "Content-Security-Policy"})
    return response
