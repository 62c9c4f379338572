"""Under which host names the pages and the control API are served: a name that somebody else points here is foreign.

The API itself is served under any: clients come by many names, and each brings a token.
"""

from collections.abc import Iterable

from veeam_mock.messages import Request
from veeam_mock.settings.addresses import EVERYWHERE, LOOPBACK_NAMES, host_of, is_address, is_loopback, machine_name
from veeam_mock.settings.settings import Settings

FOREIGN_HOST = "The Host header names another machine; come by localhost, or set allow_host to let this name in."


def is_own_host(request: Request, settings: Settings) -> bool:
    """Whether the host that `request` names, in its target or else in Host, is this machine's.

    An address always is: DNS rebinding takes a name.
    """
    host = host_of(request.origin)
    return host in LOOPBACK_NAMES or is_address(host) or host in {*own_names(settings), *_lower(settings.allow_host)}


def own_names(settings: Settings) -> set[str]:
    """The names and addresses of this server beside those of loopback, in lower case.

    These are `name` and the address it listens on, or the machine's name where it listens everywhere.
    """
    own = machine_name() if settings.host in EVERYWHERE else settings.host
    return set(_lower([own, *settings.name] if own else settings.name))


def _lower(names: Iterable[str]) -> Iterable[str]:
    return map(str.lower, names)


def is_reached_over_loopback(request: Request, settings: Settings) -> bool:
    """Whether a browser on this machine may have sent `request`."""
    return is_loopback(settings.host) or is_loopback(request.client)
