"""What the contracts make of the document: surely valid, surely invalid, and the rules that stand on it."""

import ast
from pathlib import Path

import jsonschema_rs
import pytest

import veeam_contracts
from veeam_contracts.document import describe, questions
from veeam_contracts.judging.catalogue import BY_ID, RULES
from veeam_contracts.paths import VERSIONS
from veeam_contracts.rules.probes import PROBES

PACKAGE = Path(veeam_contracts.__file__).parent
V4 = describe(VERSIONS[0])


def test_the_regions_that_every_version_knows() -> None:
    assert V4.sure_regions == ["Worldwide", "worldwide", "Germany", "China"]


@pytest.mark.parametrize("region", ["worldwide", "WORLDWIDE", "USgovDefence", "usdefence", None])
def test_a_region_that_one_reading_takes_is_never_sent_as_a_bad_one(region: str | None) -> None:
    schema = V4.resolve(V4.loose["components"]["schemas"]["TargetRegion"])
    assert jsonschema_rs.Draft202012Validator(schema).is_valid(region)


@pytest.mark.parametrize("region", ["Atlantis", "", "worldwide ", 5])
def test_a_region_that_no_reading_takes_is_a_bad_one(region: object) -> None:
    schema = V4.resolve(V4.loose["components"]["schemas"]["TargetRegion"])
    assert not jsonschema_rs.Draft202012Validator(schema).is_valid(region)


def test_a_good_request_names_region_and_organization() -> None:
    document = V4.strict
    assert document["components"]["schemas"]["DeviceCodeRequest"]["required"] == ["targetRegion"]
    assert document["paths"]["/v4/DeviceCode"]["post"]["parameters"][0]["required"] is True
    assert "nullable" not in document["components"]["schemas"]["TargetRegion"]


def test_a_malformed_organization_is_not_surely_bad() -> None:
    parameter = V4.loose["paths"]["/v4/DeviceCode"]["post"]["parameters"][0]
    assert parameter["schema"] == {"type": "string"}
    assert parameter["required"] is False


@pytest.mark.parametrize("error", [{"message": "no"}, {"Message": "no"}])
def test_both_shapes_of_an_error_are_lawful(error: dict[str, str]) -> None:
    assert V4.violations("getDeviceCode", 400, error) == []
    assert V4.violations("getDeviceCode", 400, {}) != []


def test_every_question_of_the_document_is_put_to_the_server() -> None:
    assert set(PROBES) == set(questions())


def marked_rules() -> set[str]:
    """The ids in `@pytest.mark.rule(...)` over all test modules of the contracts."""
    found = set()
    for module in PACKAGE.rglob("test_*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.rule":
                found.add(ast.literal_eval(node.args[0]))
    return found


def test_every_rule_has_a_test_and_every_test_a_rule() -> None:
    assert marked_rules() == set(BY_ID)
    assert len(BY_ID) == len(RULES)


KNOWN = {
    "veeam_mock": {"MockServer"},
    "veeam_mock.spec.document": {"VERSIONS", "document_of"},
    "veeam_mock.also.schemas": {"Plain", "Schemas"},
    "veeam_mock.also.sources": {"AlsoError", "Source", "follow", "read_source"},
    "veeam_mock.profiles.cases": {"ALWAYS_REFUSED", "FIRST", "INSTEAD", "REFRESH", "TAKEN", "WITNESS"},
    "veeam_mock.profiles.compression": {"COMPRESSORS"},
    "veeam_mock.profiles.schema": {"problems_of"},
    "veeam_mock.settings.yaml_text": {"read_text", "read_yaml"},
    "veeam_mock.files": {"is_of_the_system", "write_file"},
    "veeam_mock.secrecy.secret_forms": {"form_of"},
    "veeam_mock.secrecy.showing": {"CI_COMMAND", "printable"},
    "veeam_mock.streams": {"lenient_streams"},
    "veeam_mock.secrecy.spellings": {"Span", "Spellings", "replaced", "united"},
}
"""What the contracts use of the mock: the server, its documents and those of others, what a profile may hold, what a
code or a token looks like, how foreign text is shown, and how files are read and written."""


def test_the_contracts_know_only_so_much_of_the_mock() -> None:
    for module in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("veeam_mock"):
                assert {alias.name for alias in node.names} <= KNOWN[node.module]
