"""The Flask application of the pages, and how a plain request passes through it."""

from collections.abc import Callable

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, ServiceUnavailable
from werkzeug.test import EnvironBuilder, run_wsgi_app

from veeam_mock.api.installation import Installation
from veeam_mock.control.transports import Admitting
from veeam_mock.messages import Fields, Reply, Request
from veeam_mock.model.errors import StoreAway
from veeam_mock.pages import form_tokens
from veeam_mock.pages.carrying import REQUEST, sent_request, to_response
from veeam_mock.pages.dashboard import dashboard
from veeam_mock.pages.documentation import documentation, make_assets
from veeam_mock.pages.front import front
from veeam_mock.pages.paths import as_routed
from veeam_mock.pages.sign_in import sign_in
from veeam_mock.settings.hosts import FOREIGN_HOST, is_own_host, is_reached_over_loopback
from veeam_mock.world_names import (
    BAD_NAME,
    NOT_MADE,
    PATH_PREFIX,
    comes_from_another_site,
    enter_world,
    is_world_name,
    split_world,
)

FRAMING = frozenset({"content-length", "transfer-encoding"})
"""Fields that say how a body came; it is here, and whole."""


class Pages:
    """Answers requests for pages. `refuse` gives the reply to what Flask refuses, in the vendor's shape."""

    def __init__(
        self, installation: Installation, control: Admitting, refuse: Callable[[Request, int, str], Reply]
    ) -> None:
        self._app = Flask(__name__, static_folder=None)
        key = None if installation.link is None else installation.link.shared_key()
        self._app.extensions.update(veeam=installation, veeam_control=control, veeam_forms=form_tokens.make_signer(key))
        self._installation = installation
        self._refuse = refuse
        self._app.url_map.strict_slashes = False
        self._app.register_error_handler(HTTPException, self._answer_error)
        self._app.register_error_handler(StoreAway, self._answer_without_store)
        for blueprint in (front, dashboard, documentation, sign_in, make_assets()):
            self._app.register_blueprint(blueprint)

    def answer(self, plain: Request) -> Reply:
        """The page that `plain` asks for."""
        settings = self._installation.settings
        if is_reached_over_loopback(plain, settings) and not is_own_host(plain, settings):
            return self._refuse(plain, 403, FOREIGN_HOST)
        world = enter_world(plain)[0]
        if not is_world_name(world):
            return self._refuse(plain, 400, BAD_NAME)
        if comes_from_another_site(plain, settings.cors) and not self._installation.worlds.has(world):
            return self._refuse(plain, 403, NOT_MADE)
        body, status, headers = run_wsgi_app(self._app, _environ(plain), buffered=True)
        return Reply(int(status[:3]), None, Fields.of_pairs(headers), b"".join(body))

    def _answer_without_store(self, error: StoreAway) -> Response:
        response = self._answer_error(ServiceUnavailable(error.message))
        response.headers["Retry-After"] = str(error.retry_after)
        return response

    def _answer_error(self, error: HTTPException) -> Response:
        response = to_response(self._refuse(sent_request(), error.code or 500, error.description or error.name))
        del response.headers["Connection"]
        allowed = error.get_response(request.environ).headers.get("Allow")
        if allowed:
            response.headers["Allow"] = allowed
        return response


def _environ(plain: Request) -> dict[str, object]:
    """`plain` for Flask, mounted below its world, so that the pages of a world link to one another.

    The name of a page is found in any case, as the real server finds it.
    """
    world, path = split_world(plain.path)
    # With underscores, names would get mixed up with those that have dashes (RFC 3875 section 4.1.18).
    fields = [(name, text) for name, text in plain.headers.items() if "_" not in name and name not in FRAMING]
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
