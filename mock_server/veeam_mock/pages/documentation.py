"""The API's own description, where the real server has it: the document at `/swagger/docs/v4`, Swagger UI below."""

import orjson
from flask import Blueprint, Response, current_app, request
from flask_swagger_ui import get_swaggerui_blueprint

from veeam_mock.pages.shielding import HEADERS

DOCUMENT = "/swagger/docs/v4"
PAGE = "/swagger"

documentation = Blueprint("documentation", __name__)


@documentation.get(DOCUMENT)
@documentation.get("/swagger/docs/V4")
def document() -> Response:
    """The OpenAPI document as JSON; the first of its servers is this one, wherever it listens, for 'Try it out'."""
    described = current_app.extensions["veeam"].spec.document
    servers = [{"url": request.root_path or "/", "description": "This mock."}, *described["servers"]]
    return Response(orjson.dumps({**described, "servers": servers}), content_type="application/json; charset=utf-8")


swagger_ui: Blueprint = get_swaggerui_blueprint(
    PAGE, DOCUMENT, config={"app_name": "Veeam Backup for Microsoft Office 365 (mock)", "validatorUrl": None}
)


@swagger_ui.after_request
def shield(response: Response) -> Response:
    """As the other pages are shielded, but for the policy: Swagger UI starts by a script in its page."""
    response.headers.update({name: value for name, value in HEADERS.items() if name != "Content-Security-Policy"})
    return response
