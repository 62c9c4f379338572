"""The description of the API, where the real server has it."""

import json
import re
from pathlib import Path

import pytest
import yaml
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from support.api_client import ApiClient
from veeam_mock import create_app

DOCUMENT = yaml.safe_load(Path(__file__).parents[2].joinpath("openapi.yaml").read_text("utf-8"))


def test_the_document_is_served_as_json_to_all(client: ApiClient) -> None:
    reply = client.send("GET", "/swagger/docs/v4")
    assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
    own = {"url": "/", "description": "This mock."}
    assert reply.json() == {**DOCUMENT, "servers": [own, *DOCUMENT["servers"]]}
    below = client.send("GET", "/~world/swagger/docs/v4").json()
    assert below["servers"][0]["url"] == "/~world"


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/Swagger/docs/V4", "application/json"),
        ("/SWAGGER", "text/html"),
        ("/DeviceLogin", "text/html"),
        ("/__Admin/", "text/html"),
        ("/~World/Swagger/docs/v4", "application/json"),
    ],
)
def test_a_page_is_found_in_any_case(client: ApiClient, path: str, media_type: str) -> None:
    reply = client.send("GET", path)
    assert (reply.status_code, reply.headers["Content-Type"].partition(";")[0]) == (200, media_type)


@pytest.mark.parametrize(
    "path", ["/swagger", "/swagger/", "/swagger/index.html", "/~world/swagger", "/~world/Swagger/"]
)
def test_swagger_ui_shows_it_without_a_redirect_and_without_the_network(client: ApiClient, path: str) -> None:
    page = client.send("GET", path)
    assert page.status_code == 200
    assert (page.headers["X-Frame-Options"], page.headers["X-Content-Type-Options"]) == ("DENY", "nosniff")
    base = "/~world/swagger" if path.startswith("/~world") else "/swagger"
    parts = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert {f"{base}/swagger-ui-bundle.js", f"{base}/swagger-ui.css"} <= set(parts)
    assert {client.send("GET", part).status_code for part in parts} == {200}
    documents = json.loads(re.search(r"const config = (.*);", page.text)[1])["urls"]  # type: ignore[index]
    assert [document["url"] for document in documents] == [
        f"{base}/docs/{version}?try-it-out" for version in ("v8", "v7", "v6", "v5", "v4")
    ]


def test_swagger_ui_below_a_mount_point_asks_for_nothing_above_it() -> None:
    served = Client(DispatcherMiddleware(NotFound(), {"/veeam": create_app()}))
    page = served.get("/veeam/~world/swagger/")
    parts = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert parts
    assert all(part.startswith("/veeam/~world/swagger/") for part in parts)
    assert {served.get(part).status_code for part in parts} == {200}
    document = served.get("/veeam/~world/swagger/docs/v8?try-it-out").get_json()
    assert document["servers"][0]["url"] == "/veeam/~world"


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/swagger/docs/v9", 404), ("POST", "/swagger/docs/v4", 405)]
)
def test_what_the_pages_refuse_has_the_vendors_shape(client: ApiClient, method: str, path: str, status: int) -> None:
    reply = client.send(method, path)
    assert (reply.status_code, list(reply.json())) == (status, ["message"])
    assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
    assert ("Allow" in reply.headers) == (status == 405)


def test_head_of_a_page_has_no_body(client: ApiClient) -> None:
    reply = client.send("HEAD", "/swagger/docs/v4")
    assert (reply.status_code, reply.content) == (200, b"")


@pytest.mark.parametrize("path", ["/swagger/../../LICENSE", "/swagger/%2e%2e/%2e%2e/LICENSE", "/swagger/%ff%00"])
def test_nothing_beside_the_pages_is_served(client: ApiClient, path: str) -> None:
    assert client.send("GET", path).status_code == 404
