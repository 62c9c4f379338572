"""TLS handshakes that fail: no request tells of them, and neither asyncio nor uvloop does.

A client that breaks off without an alert, as Node does, gives no reason, and nothing is told.
"""

import ssl
from collections.abc import Callable
from pathlib import Path

UNTRUSTED = "the client does not trust the CA"
UNTAKEN = (
    "the client does not take the certificate: it trusts another CA, or calls the server by a name that is not in it"
)
REASONS = {
    "ALERT_UNKNOWN_CA": UNTRUSTED,
    "ALERT_BAD_CERTIFICATE": UNTAKEN,
    "ALERT_CERTIFICATE_UNKNOWN": UNTAKEN,
    "HTTP_REQUEST": "plain HTTP came to HTTPS: call this server by https://",
    "HTTPS_PROXY_REQUEST": "the client took this server for a proxy: call it by https://, or see to NO_PROXY",
}
"""What is meant by the end of a reason as OpenSSL names it. Alerts come from the client (RFC 8446 section 6.2)."""


class Handshakes:
    """Tells `listeners` why a client came by TLS and asked nothing. `authority` is the CA file that it should trust."""

    def __init__(self, authority: Path | None = None) -> None:
        self._advice = "" if authority is None else f"; the file to trust is {authority}"
        self.listeners: list[Callable[[str], None]] = []

    def watch(self, context: ssl.SSLContext) -> None:
        """Hear of the handshakes that fail under `context`."""
        fail = self._fail

        class Watched(ssl.SSLObject):
            def do_handshake(self) -> None:
                try:
                    super().do_handshake()
                except ssl.SSLError as error:
                    fail(error)
                    raise

        context.sslobject_class = Watched

    def _fail(self, error: ssl.SSLError) -> None:
        """Tell why a handshake failed; one that goes on, or whose client is gone, has not."""
        if isinstance(error, ssl.SSLWantReadError | ssl.SSLWantWriteError | ssl.SSLEOFError):
            return
        reason = error.reason or "for no reason that OpenSSL names"
        meant = [words for end, words in REASONS.items() if reason.endswith(end)]
        words = meant[0] if meant else f"the TLS handshake failed: {reason.replace('_', ' ').lower()}"
        advice = self._advice if words in (UNTRUSTED, UNTAKEN) else ""
        for listener in self.listeners:
            listener(words + advice)
