"""The page at `/`, for people who open the server's address in a browser: what this is, and where to go on."""

from typing import cast

from flask import Blueprint, Response, current_app, make_response, render_template

from veeam_mock.api.installation import Installation
from veeam_mock.pages.carrying import sent_request
from veeam_mock.pages.shielding import shield
from veeam_mock.version import package_version
from veeam_mock.world_names import enter_world

front = Blueprint("front", __name__)
front.after_request(shield)


@front.get("/")
def show_front() -> Response:
    """The page."""
    installation = cast(Installation, current_app.extensions["veeam"])
    return make_response(
        render_template(
            "dashboard/front.html",
            world=enter_world(sent_request())[0],
            version=package_version(),
            apis=installation.versions.names,
        )
    )
