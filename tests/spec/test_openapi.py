"""The document of every version is sound OpenAPI, its examples keep to its schemas, its questions are catalogued."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import validate

from support.openapi import Content, Json, Operation, contents, mistakes, operations, resolved
from veeam_mock.spec.document import FIRST, VERSIONS, document_of

FIRST_OPERATIONS = {
    ("POST", "Organizations/{organizationId}/Applications"): "addApplications",
    ("POST", "Organizations/{organizationId}/Action"): "exploreOrganization",
    ("GET", "RestoreSessions/{restoreSessionId}"): "getRestoreSession",
    ("POST", "RestoreSessions/{restoreSessionId}/Action"): "stopRestoreSession",
    ("POST", "Token"): "getToken",
    ("GET", "Organizations"): "getOrganizations",
    ("GET", "Organizations/{organizationId}"): "getOrganization",
    ("POST", "Organizations"): "addOrganization",
    ("PUT", "Organizations/{organizationId}"): "updateOrganization",
    ("DELETE", "Organizations/{organizationId}"): "deleteOrganization",
    ("POST", "DeviceCode"): "getDeviceCode",
    ("POST", "Organizations/{organizationId}/DeviceCode"): "getOrganizationDeviceCode",
    (
        "POST",
        "RestoreSessions/{restoreSessionId}/organization/restoreDeviceCode",
    ): "getRestoreDeviceCode",
    ("GET", "ServiceInstance"): "getServiceInstance",
}

EXPLORE, STOP = "Organizations/{organizationId}", "RestoreSessions/{restoreSessionId}"
# Version -> the operations that come with it, and the paths that go.
ADDED = {
    "v6": {
        ("POST", "DeviceCode/check"): "checkDeviceCode",
        ("POST", "AzureServiceAccounts/DeviceCode"): "getAzureDeviceCode",
        ("POST", f"{EXPLORE}/explore"): "exploreOrganization",
        ("POST", f"{STOP}/Stop"): "stopRestoreSession",
    },
    "v7": {("POST", "Token/logout"): "logOut", ("POST", "Token/AuthCode"): "getAuthCode"},
}
REMOVED = {"v6": {("POST", f"{EXPLORE}/Action"), ("POST", f"{STOP}/Action")}}

# The questions that the sources leave open. A new one belongs here, in the catalogue, and where it matters.
FIRST_QUESTIONS = {
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
    "refresh-rotation",
    "refresh-access",
    "logins-per-user",
}
# Version -> the questions that it opens, and those that it settles.
OPENED = {"v6": {"extended-view"}, "v7": {"antiforgery"}}
SETTLED = {
    "v5": {"organization-id", "unknown-organization"},
    "v6": {"region-names"},
    "v7": {"expires-unit", "extended-view"},
}


def up_to(version: str) -> tuple[str, ...]:
    """The versions from the first to this one."""
    return VERSIONS[: VERSIONS.index(version) + 1]


def questions(node: Any) -> Iterator[str]:
    """Every id that an `x-ambiguity` below a node names."""
    if isinstance(node, dict):
        yield from node.get("x-ambiguity", [])
        for child in node.values():
            yield from questions(child)
    elif isinstance(node, list):
        for child in node:
            yield from questions(child)


def references(node: Any) -> Iterator[str]:
    """Every `$ref` below a node."""
    if isinstance(node, dict):
        yield from [node["$ref"]] if "$ref" in node else []
        for child in node.values():
            yield from references(child)
    elif isinstance(node, list):
        for child in node:
            yield from references(child)


ALL_CONTENTS = [
    pytest.param(document_of(version), content, id=f"{version} {content.where}")
    for version in VERSIONS
    for content in sorted(contents(document_of(version)), key=lambda content: content.where)
]
ALL_OPERATIONS = [
    pytest.param(document_of(version), operation, id=f"{version} {operation.id}")
    for version in VERSIONS
    for operation in operations(document_of(version))
]
EVERY_VERSION = pytest.mark.parametrize("version", VERSIONS)


@EVERY_VERSION
def test_the_document_is_valid_openapi_of_the_same_version(version: str) -> None:
    validate(copy.deepcopy(document_of(version)))
    assert document_of(version)["openapi"] == document_of(FIRST)["openapi"]


@EVERY_VERSION
def test_the_document_says_which_version_it_describes(version: str) -> None:
    document = document_of(version)
    assert document["info"]["version"] == version[1:]
    assert f" API {version}," in document["info"]["title"]
    assert {path.split("/")[1] for path in document["paths"]} == {version}


@EVERY_VERSION
def test_the_operations_have_their_fixed_ids(version: str) -> None:
    wanted = dict(FIRST_OPERATIONS)
    for each in up_to(version):
        wanted = {key: name for key, name in wanted.items() if key not in REMOVED.get(each, ())} | ADDED.get(each, {})
    found = {(op.method, op.path.removeprefix(f"/{version}/")): op.id for op in operations(document_of(version))}
    assert found == wanted


@EVERY_VERSION
def test_every_component_is_used_and_every_reference_leads_somewhere(version: str) -> None:
    document = document_of(version)
    used = set(references(document))
    assert all(resolved(document, {"$ref": reference}) for reference in used)
    parts = {
        f"#/components/{kind}/{name}"
        for kind, named in document["components"].items()
        if kind != "securitySchemes"
        for name in named
    }
    assert parts == used


@pytest.mark.parametrize(("document", "content"), ALL_CONTENTS)
def test_there_are_examples_and_each_keeps_to_its_schema(document: Json, content: Content) -> None:
    values = {name: resolved(document, each)["value"] for name, each in content.item.get("examples", {}).items()}
    assert values
    found = {name: mistakes(document, content.item["schema"], value) for name, value in values.items()}
    assert found == {name: [] for name in values}


@pytest.mark.parametrize(
    ("version", "schema", "value"),
    [
        ("v4", "DeviceCode", {"userCode": "cwe5qhlnm", "verificationUrl": "https://microsoft.com/devicelogin"}),
        ("v4", "DeviceCodeRequest", {"targetRegion": "Atlantis"}),
        ("v4", "Organization", {"id": "not a UUID", "name": "tailspintoys.onmicrosoft.com"}),
        ("v4", "Error", {}),
        ("v6", "DeviceCodeRequest", {"targetRegion": "USgovDefence"}),
        ("v6", "Links", {"self": {"href": "https://localhost:4443/v6/Organizations"}}),
        ("v7", "Error", {"message": "No", "errorCode": "HttpError"}),
        ("v8", "Error", {"message": "No", "errorCode": "Nonsense"}),
        ("v8", "OrganizationPage", []),
    ],
)
def test_a_value_that_breaks_its_schema_is_noticed(version: str, schema: str, value: Any) -> None:
    assert mistakes(document_of(version), {"$ref": f"#/components/schemas/{schema}"}, value)


def test_a_nullable_region_may_be_null() -> None:
    assert (
        mistakes(document_of(FIRST), {"$ref": "#/components/schemas/DeviceCodeRequest"}, {"targetRegion": None}) == []
    )


@pytest.mark.parametrize(("document", "operation"), ALL_OPERATIONS)
def test_every_status_is_listed_by_itself_and_one_means_success(document: Json, operation: Operation) -> None:
    statuses = list(operation.item["responses"])
    assert all(status.isdigit() and len(status) == 3 for status in statuses)
    assert len([status for status in statuses if status.startswith("2")]) == 1


@pytest.mark.parametrize(("document", "operation"), ALL_OPERATIONS)
def test_every_failure_has_an_error_body(document: Json, operation: Operation) -> None:
    for status, reply in operation.item["responses"].items():
        if status < "400" or (status, document["info"]["version"]) == ("401", "8"):
            continue
        reference = resolved(document, reply)["content"]["application/json"]["schema"]["$ref"]
        expected = "TokenError" if (operation.id, status) == ("getToken", "400") else "Error"
        assert reference == f"#/components/schemas/{expected}", status


def test_a_refused_token_has_no_body_in_v8() -> None:
    assert "content" not in document_of("v8")["components"]["responses"]["Unauthorized"]


@EVERY_VERSION
def test_every_operation_but_the_login_needs_a_token_and_may_answer_401(version: str) -> None:
    document = document_of(version)
    listed = [(op.id, op.item) for op in operations(document)]
    open_to_all = [name for name, item in listed if item.get("security", document["security"]) == []]
    without_401 = [name for name, item in listed if "401" not in item["responses"]]
    assert open_to_all == without_401 == ["getToken"]


@EVERY_VERSION
def test_the_catalogue_holds_the_known_questions(version: str) -> None:
    known = set(FIRST_QUESTIONS)
    for each in up_to(version):
        known = (known | OPENED.get(each, set())) - SETTLED.get(each, set())
    assert document_of(version)["x-ambiguities"].keys() == known


@EVERY_VERSION
def test_every_question_that_an_element_names_is_in_the_catalogue(version: str) -> None:
    document = document_of(version)
    assert set(questions(document)) <= document["x-ambiguities"].keys()


@EVERY_VERSION
def test_every_question_whose_readings_change_the_document_is_named_by_an_element(version: str) -> None:
    document = document_of(version)
    changing = {
        name
        for name, question in document["x-ambiguities"].items()
        if any(reading.keys() & {"schema", "parameter"} for reading in question["readings"].values())
    }
    assert changing <= set(questions(document))


@EVERY_VERSION
def test_a_question_has_two_readings_or_more_each_with_its_source(version: str) -> None:
    for question in document_of(version)["x-ambiguities"].values():
        assert question["question"]
        assert len(question["readings"]) >= 2
        assert all(reading["source"] for reading in question["readings"].values())
