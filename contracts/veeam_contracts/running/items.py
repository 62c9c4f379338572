"""What a test that pytest collected is about: its rule, its version, its operation or question."""

import pytest
from schemathesis.pytest.plugin import SchemathesisFunction

from veeam_contracts.document import describe
from veeam_contracts.judging.catalogue import BY_ID
from veeam_contracts.paths import Version


def rule_of(item: pytest.Item) -> str:
    """The id of the rule that a test tries."""
    marker = item.get_closest_marker("rule")
    assert marker is not None
    return str(marker.args[0])


def version_of(item: pytest.Item) -> Version | None:
    """The version that a test of a rule is for."""
    found = item.callspec.params.get("api") if hasattr(item, "callspec") else None
    return found if isinstance(found, Version) else None


def label_of(item: pytest.Item) -> str:
    """What a test is about, where a rule has several: an operation, or a parameter; empty where it has one."""
    if isinstance(item, SchemathesisFunction):
        return item.operation_label or ""
    named: str = item.callspec.id if hasattr(item, "callspec") else ""
    return named.removeprefix(str(version_of(item))).removeprefix("-")


def fits_its_version(item: pytest.Item) -> bool:
    """Whether a test says something about the version that it is for."""
    version = version_of(item)
    if version is None or not BY_ID[rule_of(item)].holds_for(version):
        return False
    if isinstance(item, SchemathesisFunction):
        return version.serves(label_of(item).partition(" ")[2])
    question = item.callspec.params.get("question") if hasattr(item, "callspec") else None
    return question is None or question in describe(version).questions
