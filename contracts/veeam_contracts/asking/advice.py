"""What a person can do about a login that did not work."""

from veeam_contracts.asking.exchange import Exchange
from veeam_contracts.asking.secrets import Secrets
from veeam_contracts.asking.wire import Cause, Silence
from veeam_contracts.paths import Version


def advise(exchange: Exchange, secrets: Secrets, version: Version) -> str:
    """Why the login did not work, and what to do about it."""
    address = exchange.url.removesuffix(exchange.path)
    if exchange.error is not None:
        return f"{address} {_of_silence(exchange.error)}"
    if exchange.status == 404:
        path = version.path_of("getToken")
        return (
            f"{address} does not serve {path}: is it the REST API (usually port 4443), and version {version}? See --api"
        )
    if exchange.refused:
        return f"the login is refused: {exchange.seen(secrets)}; check user name and password (it is not tried again)"
    return f"the login fails: {exchange.seen(secrets)}; the server, or a proxy before it, is not ready"


def _of_silence(why: Silence) -> str:
    match why.cause:
        case Cause.NO_TLS:
            return f"does not speak TLS as we do ({why}): is it http instead of https, or another port?"
        case Cause.UNKNOWN_NAME:
            return f"is not reached ({why}): is the host spelled right, and known to the name service here?"
        case Cause.WANTS_CERTIFICATE:
            return f"lets nobody in without a certificate ({why}): give yours with --client-cert and --client-key"
        case Cause.ANOTHER_NAME:
            return f"is not the host of its certificate ({why}): use the name in the certificate, not another or the IP"
        case Cause.UNTRUSTED:
            return f"is not trusted ({why}): give its CA with --ca-cert FILE, or --insecure to go without"
        case Cause.PROXY:
            return f"is not reached: {why}; look at --proxy"
        case Cause.NO_CONNECTION | Cause.NO_CONNECTION_IN_TIME:
            return f"is not reached ({why}): is the server running, are host and port right?"
        case Cause.TIMED_OUT:
            return f"accepts the connection, but there is {why}: overloaded, or not a Veeam server? See --timeout"
        case Cause.UNREADABLE:
            return f"gives {why}: its lengths or codings contradict each other; is there a proxy in between?"
        case Cause.DROPPED:
            return (
                "closes the connection without an answer to the login: "
                "is it http instead of https, or a proxy in between? Does it want a certificate (--client-cert)?"
            )
