"""What the wheel holds."""

from pathlib import Path

import pytest

from veeam_mock.spec.document import VERSIONS

TOP = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def held() -> set[str]:
    """The paths in the wheel."""
    builders = pytest.importorskip("hatchling.builders.wheel", reason="hatchling is not installed")
    return {file.distribution_path for file in builders.WheelBuilder(str(TOP)).recurse_included_files()}


def test_it_holds_the_two_packages_and_nothing_else_at_its_top(held: set[str]) -> None:
    assert {path.split("/")[0] for path in held} == {"veeam_mock", "veeam_contracts"}


def test_it_holds_the_description_of_the_api(held: set[str]) -> None:
    assert "veeam_mock/openapi.yaml" in held
    overlays = {path for path in held if path.startswith("veeam_mock/spec/overlays/")}
    assert overlays == {f"veeam_mock/spec/overlays/{version}.yaml" for version in VERSIONS[1:]}


def test_it_holds_the_templates_and_the_static_files_of_the_pages(held: set[str]) -> None:
    wanted = {
        str(path.relative_to(TOP / "mock_server"))
        for path in (TOP / "mock_server" / "veeam_mock").rglob("*.*")
        if {"templates", "static"} & set(path.parts)
    }
    assert len(wanted) > 10
    assert wanted <= held
