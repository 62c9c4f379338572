"""Which versions of the API a run checks: those that were asked for, or what the server says that it serves."""

from contextlib import suppress

from veeam_contracts.asking.admission import Refused
from veeam_contracts.asking.client import JSON
from veeam_contracts.asking.gate import Line, NoAnswer
from veeam_contracts.asking.survey import is_served
from veeam_contracts.options import ALL, AUTO, Options
from veeam_contracts.paths import NEWEST, VERSIONS, Version, service_of


def served_versions(line: Line) -> tuple[Version, ...]:
    """The versions that a server serves, the oldest first; none where it does not answer."""
    with suppress(NoAnswer, Refused):
        return tuple(version for version in VERSIONS if _is_served(line, version))
    return ()


def _is_served(line: Line, version: Version) -> bool:
    return is_served(line.send("GET", service_of(version.name), {"Accept": JSON}, None, {}))


def choose(options: Options, served: tuple[Version, ...]) -> tuple[Version, ...]:
    """The versions to check. Of a server that serves none it is the newest, so that the login says what is wrong."""
    named = tuple(version for version in VERSIONS if version.name == options.api)
    if named:
        return named
    if options.target is None:
        return VERSIONS
    found = served or (NEWEST,)
    return found if options.api == ALL else found[-1:]


def tell(options: Options, served: tuple[Version, ...]) -> str:
    """How the versions were chosen, where the server was asked for it."""
    if not served:
        return ""
    return f"served: {', '.join(map(str, served))}" + ("; the newest was checked" if options.api == AUTO else "")
