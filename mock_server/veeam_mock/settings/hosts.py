"""Under which host names the pages and the control API are served: a name that somebody else points here is foreign.

The API itself is served under any: clients come by many names, and each brings a token.
"""

from veeam_mock.messages import Request
from veeam_mock.settings.addresses import LOOPBACK_NAMES, host_of, is_address, is_loopback
from veeam_mock.settings.settings import Settings

FOREIGN_HOST = "The Host header names another machine; come by localhost, or set allow_host to let this name in."


def is_own_host(request: Request, settings: Settings) -> bool:
    """Whether the host that `request` names, in its target or else in Host, is this machine's.

    An address always is: DNS rebinding takes a name.
    """
    host = host_of(request.origin)
    return (
        host in LOOPBACK_NAMES
        or is_address(host)
        or host in {settings.host.lower(), *map(str.lower, settings.allow_host)}
    )


def is_reached_over_loopback(request: Request, settings: Settings) -> bool:
    """Whether a browser on this machine may have sent `request`."""
    return is_loopback(settings.host) or is_loopback(request.client)
