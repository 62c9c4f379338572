"""What the wheel holds beside the modules."""

from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]


def test_the_wheel_holds_the_templates_and_the_static_files_of_the_pages() -> None:
    builders = pytest.importorskip("hatchling.builders.wheel", reason="hatchling is not installed")
    builder = builders.WheelBuilder(str(TOP))
    held = {file.distribution_path for file in builder.recurse_included_files()}
    wanted = {
        str(path.relative_to(TOP))
        for folder in ("templates", "static")
        for path in (TOP / "mock_server" / folder).rglob("*.*")
    }
    assert len(wanted) > 10
    assert wanted <= held
