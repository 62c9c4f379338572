"""'Try it out' in Swagger UI: what is filled in works, for every operation of every version."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from openapi_spec_validator import validate

from support.api_client import ORGANIZATION
from veeam_mock import MockServer
from veeam_mock.spec.document import VERSIONS

OPERATIONS = ("get", "post", "put", "delete")


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    """Each version."""
    name: str = request.param
    return name


def served(server: MockServer, version: str) -> dict[str, Any]:
    """The document as Swagger UI loads it."""
    url = f"{server.url}/swagger/docs/{version}?try-it-out"
    document: dict[str, Any] = requests.get(url, verify=server.ca_cert, timeout=5).json()
    return document


def resolved(document: dict[str, Any], node: Any) -> Any:
    while "$ref" in node:
        found: Any = document
        for step in node["$ref"].split("/")[1:]:
            found = found[step]
        node = found
    return node


def filled_in(document: dict[str, Any], described: dict[str, Any]) -> Any:
    """What Swagger UI fills in: the first example."""
    examples = described.get("examples", {"none": {"value": None}})
    return resolved(document, next(iter(examples.values())))["value"]


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        shared = item.get("parameters", [])
        for method in OPERATIONS:
            if method in item:
                yield method, path, {**item[method], "parameters": [*shared, *item[method].get("parameters", [])]}


def try_out(session: requests.Session, server: MockServer, document: dict[str, Any], call: Any) -> requests.Response:
    method, path, operation = call
    query = {}
    for parameter in (resolved(document, each) for each in operation["parameters"]):
        value = filled_in(document, parameter)
        assert value is not None or not parameter.get("required"), parameter
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", str(value))
        elif value is not None:
            query[parameter["name"]] = str(value).lower() if isinstance(value, bool) else value
    options: dict[str, Any] = {"params": query, "timeout": 5}
    if "requestBody" in operation:
        media_type, content = next(iter(resolved(document, operation["requestBody"])["content"].items()))
        options["json" if "json" in media_type else "data"] = filled_in(document, content)
    return session.request(method, server.url + path, **options)


def test_every_operation_works_as_filled_in(server: MockServer, version: str) -> None:
    refused = {}
    for call in operations(served(server, version)):
        server.reset()
        session = server.session()
        for path in ("DeviceCode", f"Organizations/{ORGANIZATION}/DeviceCode"):
            code = session.post(f"{server.url}/{version}/{path}", json={}, timeout=5).json()["userCode"]
            server.device_codes.approve(code)
        document = served(server, version)
        [fresh] = [each for each in operations(document) if each[:2] == call[:2]]
        reply = try_out(session, server, document, fresh)
        if not reply.ok:
            refused[fresh[2]["operationId"]] = reply.text
    assert refused == {}


def test_it_is_a_valid_document_that_takes_a_login_by_password(server: MockServer, version: str) -> None:
    document = served(server, version)
    validate(document)
    flow = document["components"]["securitySchemes"]["login"]["flows"]["password"]
    assert flow["tokenUrl"] == f"/{version}/Token"
    demanded = {operation["operationId"]: operation["security"] for _, _, operation in operations(document)}
    assert demanded["getOrganizations"] == [{"login": []}, {"bearer": []}]
    assert demanded["getToken"] == []


def test_a_world_has_its_own_codes_filled_in(server: MockServer) -> None:
    mine = MockServer.attach(server.url, ca_cert=server.ca_cert, world="mine")
    mine.session().post(f"{mine.url}/v8/DeviceCode", json={}, timeout=5)
    code = mine.device_codes.newest.user_code
    texts = [
        requests.get(f"{url}/swagger/docs/v8?try-it-out", verify=server.ca_cert, timeout=5).text
        for url in (mine.url, server.url)
    ]
    assert [code in text for text in texts] == [True, False]
    assert '"tokenUrl":"/~mine/v8/Token"' in texts[0]


def test_the_plain_document_is_left_as_it_is(server: MockServer) -> None:
    before = requests.get(f"{server.url}/swagger/docs/v8", verify=server.ca_cert, timeout=5).json()
    served(server, "v8")
    after = requests.get(f"{server.url}/swagger/docs/v8", verify=server.ca_cert, timeout=5).json()
    assert after == before
    assert "login" not in after["components"]["securitySchemes"]
