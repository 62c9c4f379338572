"""`openapi.yaml` is a sound OpenAPI document, its examples keep to its schemas, and its questions are catalogued."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema_rs
import pytest
import yaml
from openapi_spec_validator import validate

DOCUMENT: dict[str, Any] = yaml.safe_load(Path(__file__).parents[2].joinpath("openapi.yaml").read_text("utf-8"))
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

OPERATIONS = {
    ("POST", "/v4/Organizations/{organizationId}/Applications"): "addApplications",
    ("POST", "/v4/Organizations/{organizationId}/Action"): "exploreOrganization",
    ("GET", "/v4/RestoreSessions/{restoreSessionId}"): "getRestoreSession",
    ("POST", "/v4/RestoreSessions/{restoreSessionId}/Action"): "stopRestoreSession",
    ("POST", "/v4/Token"): "getToken",
    ("GET", "/v4/Organizations"): "getOrganizations",
    ("GET", "/v4/Organizations/{organizationId}"): "getOrganization",
    ("POST", "/v4/Organizations"): "addOrganization",
    ("PUT", "/v4/Organizations/{organizationId}"): "updateOrganization",
    ("DELETE", "/v4/Organizations/{organizationId}"): "deleteOrganization",
    ("POST", "/v4/DeviceCode"): "getDeviceCode",
    ("POST", "/v4/Organizations/{organizationId}/DeviceCode"): "getOrganizationDeviceCode",
    (
        "POST",
        "/v4/RestoreSessions/{restoreSessionId}/organization/restoreDeviceCode",
    ): "getRestoreDeviceCode",
    ("GET", "/v4/ServiceInstance"): "getServiceInstance",
}

# The questions that the sources leave open. A new one belongs here, in the catalogue, and where it matters.
AMBIGUITIES = {
    "expires-unit",
    "organization-id",
    "unknown-organization",
    "region-required",
    "region-names",
    "region-case",
    "error-shape",
    "token-error-shape",
    "bad-body-status",
    "charset",
    "length",
    "code-shape",
    "verification-url",
    "path-case",
    "extra-properties",
    "path-slash",
    "json-leniency",
    "form-multipart",
    "throttling",
}


class Content(NamedTuple):
    """A parameter, or one media type of a body: whatever has a schema and examples."""

    where: str
    item: dict[str, Any]


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """Follow a `$ref` inside the document."""
    while "$ref" in node:
        target: Any = DOCUMENT
        for key in node["$ref"].removeprefix("#/").split("/"):
            target = target[key.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def operations() -> Iterator[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """Every operation as method, path, path item and operation."""
    for path, item in DOCUMENT["paths"].items():
        for method in sorted(item.keys() & set(METHODS)):
            yield method.upper(), path, item, item[method]


def contents() -> Iterator[Content]:
    """Every parameter and every media type of a request or a reply."""
    for _, _, item, operation in operations():
        name = operation["operationId"]
        for parameter in map(resolved, item.get("parameters", []) + operation.get("parameters", [])):
            yield Content(f"{name} {parameter['name']}", parameter)
        bodies = {"request": operation.get("requestBody", {})} | operation["responses"]
        for body_name, body in bodies.items():
            for media_type, content in resolved(body).get("content", {}).items():
                yield Content(f"{name} {body_name} {media_type}", content)


CONTENTS = sorted(contents(), key=lambda content: content.where)


def examples(content: Content) -> dict[str, Any]:
    return {name: resolved(example)["value"] for name, example in content.item.get("examples", {}).items()}


def json_schema(node: Any) -> Any:
    """Turn the schemas below a node of OpenAPI 3.0 into JSON Schema: `nullable` becomes the type `null`."""
    if isinstance(node, list):
        return [json_schema(child) for child in node]
    if not isinstance(node, dict):
        return node
    converted = {key: json_schema(child) for key, child in node.items() if key != "nullable"}
    if node.get("nullable") is True and "type" in node:
        converted["type"] = [node["type"], "null"]
    return converted


def mistakes(schema: dict[str, Any], value: Any) -> list[str]:
    """What is wrong with a value, one line for each mistake."""
    root = json_schema(schema) | {"components": json_schema(DOCUMENT["components"])}
    validator = jsonschema_rs.Draft202012Validator(root, validate_formats=True)
    return [error.message for error in validator.iter_errors(value)]


def questions(node: Any) -> Iterator[str]:
    """Every id that an `x-ambiguity` below a node names."""
    if isinstance(node, dict):
        yield from node.get("x-ambiguity", [])
        for child in node.values():
            yield from questions(child)
    elif isinstance(node, list):
        for child in node:
            yield from questions(child)


def test_the_document_is_valid_openapi() -> None:
    validate(copy.deepcopy(DOCUMENT))


def test_the_operations_have_their_fixed_ids() -> None:
    found = {(method, path): operation["operationId"] for method, path, _, operation in operations()}
    assert found == OPERATIONS


@pytest.mark.parametrize("content", CONTENTS, ids=lambda content: content.where)
def test_there_are_examples_and_each_keeps_to_its_schema(content: Content) -> None:
    values = examples(content)
    assert values
    found = {name: mistakes(content.item["schema"], value) for name, value in values.items()}
    assert found == {name: [] for name in values}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ("DeviceCode", {"userCode": "cwe5qhlnm", "verificationUrl": "https://microsoft.com/devicelogin"}),
        ("DeviceCodeRequest", {"targetRegion": "Atlantis"}),
        ("Organization", {"id": "not a UUID", "name": "tailspintoys.onmicrosoft.com"}),
        ("Error", {}),
    ],
)
def test_a_value_that_breaks_its_schema_is_noticed(schema: str, value: Any) -> None:
    assert mistakes({"$ref": f"#/components/schemas/{schema}"}, value)


def test_a_nullable_region_may_be_null() -> None:
    assert mistakes({"$ref": "#/components/schemas/DeviceCodeRequest"}, {"targetRegion": None}) == []


@pytest.mark.parametrize("operation", [operation for *_, operation in operations()], ids=lambda op: op["operationId"])
def test_every_status_is_listed_by_itself_and_every_failure_has_an_error_body(operation: dict[str, Any]) -> None:
    assert all(status.isdigit() and len(status) == 3 for status in operation["responses"])
    failures = {status: resolved(reply) for status, reply in operation["responses"].items() if status >= "400"}
    for status, reply in failures.items():
        reference = reply["content"]["application/json"]["schema"]["$ref"]
        expected = "TokenError" if (operation["operationId"], status) == ("getToken", "400") else "Error"
        assert reference == f"#/components/schemas/{expected}", status


def test_every_operation_but_the_login_needs_a_token_and_may_answer_401() -> None:
    open_to_all = [op["operationId"] for *_, op in operations() if op.get("security", DOCUMENT["security"]) == []]
    without_401 = [op["operationId"] for *_, op in operations() if "401" not in op["responses"]]
    assert open_to_all == without_401 == ["getToken"]


def test_the_catalogue_holds_the_known_questions() -> None:
    assert DOCUMENT["x-ambiguities"].keys() == AMBIGUITIES


def test_every_question_that_an_element_names_is_in_the_catalogue() -> None:
    assert set(questions(DOCUMENT)) <= DOCUMENT["x-ambiguities"].keys()


def test_every_question_whose_readings_change_the_document_is_named_by_an_element() -> None:
    changing = {
        name
        for name, question in DOCUMENT["x-ambiguities"].items()
        if any(reading.keys() & {"schema", "parameter"} for reading in question["readings"].values())
    }
    assert changing <= set(questions(DOCUMENT))


@pytest.mark.parametrize("name", sorted(AMBIGUITIES))
def test_a_question_has_two_readings_or_more_each_with_its_source(name: str) -> None:
    question = DOCUMENT["x-ambiguities"][name]
    assert question["question"]
    assert len(question["readings"]) >= 2
    assert all(reading["source"] for reading in question["readings"].values())
