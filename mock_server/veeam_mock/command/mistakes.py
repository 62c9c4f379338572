"""How a mistake of the user is told: one clear text on standard error, exit status 2."""

import os
from collections.abc import Mapping
from typing import Any

import click

from veeam_mock.secrecy.showing import printable
from veeam_mock.settings.settings import Settings, SettingsError
from veeam_mock.settings.sources import gather


class Mistake(click.ClickException):
    """A mistake of the user, whose own words are shown so that no terminal or CI system obeys them."""

    exit_code = 2

    def __init__(self, message: str) -> None:
        super().__init__("\n".join(map(printable, message.split("\n"))))


def settings_from(options: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings from options, environment and config file; `Mistake` with all mistakes at once."""
    given = {key: value for key, value in options.items() if key != "config" and value not in (None, ())}
    try:
        return gather(given, config_path(options, environ), environ)
    except SettingsError as error:
        raise Mistake(told(error)) from None


def config_path(options: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> str | None:
    """The config file that options or environment name."""
    return options.get("config") or environ.get("VEEAM_MOCK_CONFIG")


def told(error: SettingsError) -> str:
    """Mistakes in settings, one a line."""
    return "\n".join(["these settings do not fit:", *(f"  {printable(str(problem))}" for problem in error.problems)])
