"""Clients of a server of several workers: each does what one client does, and says what was wrong."""

import http.client
import json
import threading
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
LOGIN = {"grant_type": "password", "username": "administrator", "password": "veeam"}
ADDED = {"type": "Office365", "region": "Worldwide", "newApplicationName": "Backup"}
KEPT = 5
"""Requests on one connection; the next one may come to another worker."""

BROKEN = (OSError, http.client.HTTPException)


class StoreRefused(Exception):
    """503: the store was away."""


@dataclass
class Client:
    """One client after another, on connections that come to any worker.

    `codes` and `tokens` are what was acknowledged; `wrong` says what an answer was that should have been another.
    """

    port: int
    name: str
    requests: int = 0
    failures: int = 0
    codes: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    _connection: http.client.HTTPConnection | None = None
    _asked: int = 0

    def ask(self, method: str, path: str, body: Any = None, token: str = "", *, form: bool = False) -> tuple[int, Any]:
        """Status and content. Raises one of `BROKEN`, or `StoreRefused`."""
        if self._connection is None or self._asked >= KEPT:
            self.close()
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        self._asked += 1
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= FORM if form else {"Content-Type": "application/json"}
        text = None if body is None else urlencode(body) if form else json.dumps(body)
        try:
            self._connection.request(method, path, text, headers)
            answer = self._connection.getresponse()
            content = answer.read()
        except BROKEN:
            self.close()
            raise
        self.requests += 1
        if answer.status == 503:
            raise StoreRefused
        return answer.status, json.loads(content) if content else None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection, self._asked = None, 0

    def expect(self, wanted: int, method: str, path: str, body: Any = None, token: str = "", **how: Any) -> Any:
        """The content of an answer that should have this status."""
        status, content = self.ask(method, path, body, token, **how)
        if status != wanted:
            self.wrong.append(f"{method} {path}: {status}, not {wanted}: {content}")
        return content

    def live(self, number: int) -> None:
        """Log in, get a code, have it approved, add an organization, try the code again, refresh, remove it."""
        pair = self.expect(200, "POST", "/v4/Token", LOGIN, form=True)
        self.tokens.append(pair["access_token"])
        token = pair["access_token"]
        code = self.expect(200, "POST", "/v4/DeviceCode", {"targetRegion": "worldwide"}, token)["userCode"]
        self.codes.append(code)
        wanted = {**ADDED, "userCode": code, "name": f"{self.name}-{number}.test"}
        self.expect(400, "POST", "/v8/Organizations", wanted, token)
        self.expect(200, "POST", f"/__admin/device-codes/{code}/approve", {})
        added = self.expect(201, "POST", "/v8/Organizations", wanted, token)
        self.expect(400, "POST", "/v8/Organizations", {**wanted, "name": "another.test"}, token)
        self.expect(200, "GET", f"/v4/Organizations/{added['id']}", None, token)
        refresh = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
        token = self.expect(200, "POST", "/v4/Token", refresh, form=True)["access_token"]
        self.expect(400, "POST", "/v4/Token", refresh, form=True)
        self.expect(200, "DELETE", f"/v4/Organizations/{added['id']}", None, token)
        self.expect(404, "GET", f"/v4/Organizations/{added['id']}", None, token)

    def live_on(self, lives: int, until: threading.Event) -> None:
        """Several lives; one that is broken off begins anew."""
        for number in range(lives):
            if until.is_set():
                break
            try:
                self.live(number)
            except StoreRefused:
                self.failures += 1
                until.wait(0.05)
            except BROKEN:
                self.failures += 1
        self.close()


class Crowd:
    """Several clients at once."""

    def __init__(self, url: str, count: int, lives: int) -> None:
        self.ended = threading.Event()
        port = int(url.rpartition(":")[2])
        self.clients = [Client(port, f"client-{number}") for number in range(count)]
        self._threads = [threading.Thread(target=client.live_on, args=(lives, self.ended)) for client in self.clients]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait until all have lived."""
        for thread in self._threads:
            thread.join()

    def stop(self) -> None:
        """Let each end the life that it is in."""
        self.ended.set()
        self.join()

    @property
    def requests(self) -> int:
        return sum(client.requests for client in self.clients)

    @property
    def failures(self) -> int:
        return sum(client.failures for client in self.clients)

    @property
    def wrong(self) -> list[str]:
        return [words for client in self.clients for words in client.wrong]

    def lost(self) -> list[str]:
        """What was acknowledged, and is not there; asked once all is well again."""
        asking = Client(self.clients[0].port, "asking")
        kept = {code["userCode"] for code in asking.expect(200, "GET", "/__admin/device-codes")}
        lost = [code for client in self.clients for code in client.codes if code not in kept]
        for client in self.clients:
            for token in client.tokens:
                if asking.ask("GET", "/v4/ServiceInstance", None, token)[0] != 200:
                    lost.append("a token")
        asking.close()
        return lost
