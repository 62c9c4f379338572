"""How a call of the control API gets there: in this process, or over HTTP."""

from typing import NamedTuple, Protocol

from veeam_mock.messages import NEXT_AFTER, Reply, Request


class Answer(NamedTuple):
    """What came of a call. `next_after` is the id after which the next page begins, None where there is none."""

    status: int
    body: bytes
    next_after: str | None = None


class Transport(Protocol):
    """Carries one call of the control API."""

    def send(self, method: str, path: str, body: bytes) -> Answer:
        """Send a call and return its answer."""


class Answering(Protocol):
    """The control API in this process."""

    def answer(self, request: Request, *, trusted: bool = False) -> Reply:
        """The reply to a call; `trusted` callers need neither key nor address."""


class Admitting(Answering, Protocol):
    """The control API in this process, which also says who may call it."""

    def admit(self, request: Request, *, is_open: bool = False) -> None:
        """`ControlError` for who may not call; `is_open` is for what all may see."""


class InProcess:
    """Calls the control API of a mock in this process, in the world `world`."""

    def __init__(self, control: Answering, world: str = "") -> None:
        self._control = control
        self._headers = {"x-mock-world": world} if world else {}

    def send(self, method: str, path: str, body: bytes) -> Answer:
        target, _, query = path.partition("?")
        headers = {**self._headers, "content-type": "application/json"}
        reply = self._control.answer(Request(method, target, query, headers, body), trusted=True)
        return Answer(reply.status, reply.body, reply.headers.get(NEXT_AFTER))


class OverHttp:
    """Calls the control API at `url` with an admin key; `ca_cert` is the file to trust, None for the usual ones."""

    def __init__(self, url: str, admin_key: str | None = None, ca_cert: str | None = None, world: str = "") -> None:
        import requests

        self._url = url.rstrip("/")
        self._verify: str | bool = ca_cert or True
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Content-Type"] = "application/json"
        if admin_key is not None:
            self._session.headers["X-Admin-Key"] = admin_key
        if world:
            self._session.headers["X-Mock-World"] = world

    def send(self, method: str, path: str, body: bytes) -> Answer:
        response = self._session.request(method, self._url + path, data=body, verify=self._verify, timeout=30)
        return Answer(response.status_code, response.content, response.headers.get(NEXT_AFTER))
