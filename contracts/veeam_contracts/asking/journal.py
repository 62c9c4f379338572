"""Every exchange of a run, in order. What is secret in one is known before anybody can print it."""

import threading
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import requests

from veeam_contracts.asking.admission import body_of
from veeam_contracts.asking.exchange import Exchange
from veeam_contracts.asking.secrets import Secrets
from veeam_contracts.asking.sightings import sightings
from veeam_contracts.asking.wire import Silence

MOST_BYTES = 64 * 1024 * 1024
"""Bytes of bodies that a run keeps: each is kept once, however often it came. After that nothing more is asked."""

HTTP = 11
"""The version of an answer that names none, as within a process."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a request ended: with a whole answer, or without. `elapsed` and `began` are in seconds."""

    response: requests.Response | None
    error: Silence | None
    elapsed: float
    began: float = 0.0


class Journal:
    """Writes exchanges down. Safe to use from several threads. `generating` marks what is written from now on."""

    def __init__(self, secrets: Secrets) -> None:
        self.exchanges: list[Exchange] = []
        self.generating = False
        self.secrets = secrets
        self._lock = threading.Lock()
        self._bodies: dict[bytes, bytes] = {}
        self._kept = 0

    @property
    def is_full(self) -> bool:
        """Whether the bodies of the answers are more than a run keeps."""
        return self._kept > MOST_BYTES

    def record(self, request: requests.PreparedRequest, path: str, ending: Ending) -> Exchange:
        """Write down a request to a path of the API and its ending."""
        url, response = request.url or "", ending.response
        query = urlsplit(url).query
        answer: dict[str, Any] = {}
        if response is not None:
            headers = {name.lower(): value for name, value in response.headers.items()}
            answer = {"status": response.status_code, "headers": headers, "body": self._once(response.content)}
            answer["http"] = response.raw.version or HTTP
        exchange = Exchange(
            method=request.method or "",
            url=url,
            path=f"{path}?{query}" if query else path,
            request_headers=dict(request.headers),
            request_body=body_of(request),
            elapsed=ending.elapsed,
            began=ending.began,
            error=self._shown(ending.error),
            generated=self.generating,
            **answer,
        )
        for kind, value in sightings(exchange):
            self.secrets.hide_numbered(value, kind)
        with self._lock:
            self.exchanges.append(exchange)
        return exchange

    def _once(self, body: bytes) -> bytes:
        """The body, as it is kept where the same came before."""
        with self._lock:
            if body not in self._bodies:
                self._bodies[body] = body
                self._kept += len(body)
            return self._bodies[body]

    def _shown(self, error: Silence | None) -> Silence | None:
        """What a library says may repeat what the server or a proxy said."""
        return None if error is None else replace(error, detail=self.secrets.mask(error.detail))

    def forgive(self, exchange: Exchange) -> None:
        """Note that an exchange failed because a kept connection was closed while idle."""
        with self._lock:
            index = next(i for i, kept in enumerate(self.exchanges) if kept is exchange)
            self.exchanges[index] = replace(exchange, kept_idle=True)
