"""Wait until a server answers, for scripts that start one: a pipeline, a container's health check."""

import json
import os
import ssl
import threading
import time
from collections.abc import Mapping
from http.client import HTTPException
from urllib.error import URLError
from urllib.request import HTTPSHandler, ProxyHandler, build_opener

from veeam_mock.journal.masking import Masker
from veeam_mock.secrecy.showing import printable

PAUSE = 0.1
"""Seconds between two tries."""

LONGEST_ANSWER = 64 * 1024
"""Bytes of an answer that are looked at."""

LONGEST_REASON = 200
"""Characters of what a server says that are shown."""

SECRETS = ("PASSWORD", "KEY", "TOKEN")
"""How the names of variables end that hold a secret of the mock, or of a client."""


class NotReady(Exception):
    """No healthy answer came in time; the message says from where, and what came instead."""


def wait_until_ready(url: str, seconds: float) -> None:
    """Return as soon as the mock at `url` says that it is well; `NotReady` after `seconds`.

    At once where it answers by the other of HTTP and HTTPS. Certificates are not checked: the answer is one word, and a
    script that starts the server need not know its CA yet.
    """
    end = time.monotonic() + seconds
    while True:
        reason = _trouble(url, max(PAUSE, end - time.monotonic()))
        if reason is None:
            return
        if not _trouble(_other(url), max(PAUSE, min(PAUSE * 20, end - time.monotonic()))):
            raise NotReady(f"no mock answered at {url}; it answers at {_other(url)}, so wait for that")
        if time.monotonic() >= end:
            said = printable(Masker(_secrets_in(os.environ)).text(" ".join(reason.split())))[:LONGEST_REASON]
            raise NotReady(f"no mock answered at {url} within {seconds:g} s: {said}")
        time.sleep(PAUSE)


def _secrets_in(environ: Mapping[str, str]) -> list[str]:
    return [value for name, value in environ.items() if name.startswith("VEEAM_") and name.endswith(SECRETS)]


def _other(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{'http' if scheme == 'https' else 'https'}://{rest}"


def _trouble(url: str, patience: float) -> str | None:
    """Why the mock at `url` does not say within `patience` seconds that it is well; None when it does.

    What answers there may be anything, and slow in any way: it is asked in a thread that is not waited for.
    """
    said: list[str | None] = []
    thread = threading.Thread(target=lambda: said.append(_ask(url, patience)), daemon=True)
    thread.start()
    thread.join(patience)
    return said[0] if said else "it began to answer, and did not end"


def _ask(url: str, patience: float) -> str | None:
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    opener = build_opener(HTTPSHandler(context=trust), ProxyHandler({}))
    try:
        with opener.open(f"{url.rstrip('/')}/__admin/health", timeout=patience) as answer:
            return None if json.loads(answer.read(LONGEST_ANSWER))["status"] == "ok" else "it is not well"
    except (OSError, HTTPException, ValueError, LookupError, TypeError, RecursionError) as error:
        return str(error.reason if type(error) is URLError else error) or type(error).__name__
