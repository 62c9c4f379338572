"""The pytest plugin: the options `--veeam-…`, the fixtures of the rules, and the run that becomes a verdict.

Importing it costs a pytest run that has nothing to do with it next to nothing.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from veeam_contracts.option_table import OPTIONS, TARGET, Kind

if TYPE_CHECKING:
    from veeam_contracts.running.run import Run


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the contracts."""
    group = parser.getgroup("veeam", "contracts of the Veeam device code API")
    for option in (TARGET, *OPTIONS):
        if option.command_only:
            continue
        if option.kind is Kind.SWITCH:
            group.addoption(f"--veeam-{option.name}", action="store_true", default=None, help=option.help)
        else:
            action = "append" if option.kind is Kind.LIST else "store"
            name = f"--veeam-{option.name}"
            group.addoption(name, metavar=option.metavar, action=action, default=None, help=option.help)


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker; the run itself begins when the first rule is collected."""
    config.addinivalue_line("markers", "rule(id): the contract rule that this test tries")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bring the rules into their order, one version after the other."""
    if not any(item.get_closest_marker("rule") for item in items):
        return
    from veeam_contracts.judging.catalogue import ORDER
    from veeam_contracts.running.items import label_of, rule_of, version_of

    def place(item: pytest.Item) -> tuple[int, int, int]:
        version = version_of(item)
        # Lists come before what is read by an id of theirs.
        return (version.number, ORDER[rule_of(item)], label_of(item).count("{")) if version else (-1, -1, 0)

    items.sort(key=place)


def run_of(config: pytest.Config) -> Run:
    """The run of this pytest session; made from the options, unless the command made it."""
    from veeam_contracts.running.run import RUN_KEY, Run, options_of, refuse_parallel

    if RUN_KEY not in config.stash:
        options = options_of(config, os.environ)
        refuse_parallel(config, options)
        config.pluginmanager.register(Run(options), "veeam-contracts-run")
    return config.stash[RUN_KEY]
