"""Wait until a server answers, for scripts that start one: a pipeline, a container's health check."""

import json
import ssl
import time
from http.client import HTTPException
from urllib.error import URLError
from urllib.request import HTTPSHandler, ProxyHandler, build_opener

PAUSE = 0.1
"""Seconds between two tries."""


class NotReady(Exception):
    """No healthy answer came in time; the message says from where, and what came instead."""


def wait_until_ready(url: str, seconds: float) -> None:
    """Return as soon as the mock at `url` says that it is well; `NotReady` after `seconds`.

    Certificates are not checked: the answer is one word, and a script that starts the server need not know its CA yet.
    """
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    opener = build_opener(HTTPSHandler(context=trust), ProxyHandler({}))
    health = f"{url.rstrip('/')}/__admin/health"
    end = time.monotonic() + seconds
    while True:
        try:
            with opener.open(health, timeout=max(PAUSE, end - time.monotonic())) as answer:
                if json.load(answer)["status"] == "ok":
                    return
            reason = "it is not well"
        except (OSError, HTTPException, ValueError, LookupError, TypeError) as error:
            reason = str(error.reason if type(error) is URLError else error)
        if time.monotonic() >= end:
            raise NotReady(f"no mock answered at {url} within {seconds:g} s: {reason}")
        time.sleep(PAUSE)
