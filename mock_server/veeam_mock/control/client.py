"""The control API from Python: one client over two transports, in this process and over HTTP."""

from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import quote, urlencode

import orjson

from veeam_mock.messages import Reply, Request


class ControlFailure(RuntimeError):
    """The control API refused a call; `status` is its answer, the message says why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{message} (status {status})")
        self.status = status


class Transport(Protocol):
    """Carries one call of the control API."""

    def send(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        """Send a call and return its status and body."""


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

    def send(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        target, _, query = path.partition("?")
        headers = {**self._headers, "content-type": "application/json"}
        reply = self._control.answer(Request(method, target, query, headers, body), trusted=True)
        return reply.status, reply.body


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

    def send(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        response = self._session.request(method, self._url + path, data=body, verify=self._verify, timeout=30)
        return response.status_code, response.content


class ControlClient:
    """What `MockServer` offers beside the server: `clock`, `faults`, `requests`, `device_codes`, `reset`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.clock = ClockControl(self)
        self.faults = FaultControl(self)
        self.requests = RequestControl(self)
        self.device_codes = DeviceCodeControl(self)

    def call(self, method: str, path: str, body: object = None) -> Any:
        """One call below `/__admin`, and the JSON value of its answer; `ControlFailure` when it is refused."""
        content = b"" if body is None else orjson.dumps(body)
        status, answer = self._transport.send(method, f"/__admin{path}", content)
        value = orjson.loads(answer) if answer else None
        if status >= 400:
            message = value.get("message", "refused") if isinstance(value, dict) else "refused"
            raise ControlFailure(status, message)
        return value

    def reset(self) -> None:
        """Start the world anew: its state, clock, faults, settings and exchanges."""
        self.call("POST", "/reset")

    def change_settings(self, **changes: Any) -> dict[str, Any]:
        """Change settings of the world while it runs, such as `code_lifetime="5s"`, and return them all."""
        settings: dict[str, Any] = self.call("PATCH", "/settings", changes)
        return settings


class ClockControl:
    """The clock of the world. Times are RFC 3339 in UTC; each method returns the new time."""

    def __init__(self, client: ControlClient) -> None:
        self._client = client

    def now(self) -> str:
        """The time of the world."""
        return str(self._client.call("GET", "/clock")["now"])

    def advance(self, duration: str | float) -> str:
        """Move ahead by `15m`, `2s` or seconds."""
        return self._change(advance=duration)

    def set(self, moment: str) -> str:
        """Move ahead to a time such as `2030-01-01T00:00:00Z`; `ControlFailure` (409) when it has passed."""
        return self._change(set=moment)

    def freeze(self) -> str:
        """Stop the clock."""
        return self._change(freeze=True)

    def release(self) -> str:
        """Let the clock run on from where it stands."""
        return self._change(release=True)

    def _change(self, **change: object) -> str:
        return str(self._client.call("POST", "/clock", change)["now"])


class FaultControl:
    """The faults of the world."""

    def __init__(self, client: ControlClient) -> None:
        self._client = client

    def add(self, kind: str | None = None, **rule: Any) -> str:
        """Add a fault such as `add("status", status=503, times=2)` or `add(preset="throttled")`, and return its id."""
        described = rule if kind is None else {"kind": kind, **rule}
        return str(self._client.call("POST", "/faults", described)["id"])

    def list(self) -> list[dict[str, Any]]:
        """The faults, with how often they fitted and struck."""
        faults: list[dict[str, Any]] = self._client.call("GET", "/faults")
        return faults

    def remove(self, fault_id: str) -> None:
        """Remove one; `ControlFailure` (404) when there is none of this id."""
        self._client.call("DELETE", f"/faults/{fault_id}")

    def clear(self) -> None:
        """Remove all."""
        self._client.call("DELETE", "/faults")


class RequestControl:
    """What the world was asked, and what it answered. Secrets are masked.

    Where the journal is off (setting `journal_entries`), reading and verifying raise `ControlFailure` (409).
    """

    def __init__(self, client: ControlClient) -> None:
        self._client = client

    def list(self, **filters: Any) -> list[dict[str, Any]]:
        """The exchanges, filtered by `operation`, `method`, `path`, `status`, `after` and `limit`."""
        query = urlencode({key: value for key, value in filters.items() if value is not None})
        exchanges: list[dict[str, Any]] = self._client.call("GET", f"/requests?{query}" if query else "/requests")
        return exchanges

    def get(self, request_id: int) -> dict[str, Any]:
        """One exchange; `ControlFailure` (404) when there is none of this id in this world."""
        exchange: dict[str, Any] = self._client.call("GET", f"/requests/{request_id}")
        return exchange

    def clear(self) -> None:
        """Forget the exchanges."""
        self._client.call("DELETE", "/requests")

    def verify(self, count: int | None = None, *, status: int | None = None, **match: Any) -> int:
        """Check that `count` exchanges fit (None: at least one), and return how many did.

        `match` takes operation, method, path, header, query and body, as faults do. Raises `AssertionError`, which
        names the nearest misses and how they differ.
        """
        wanted: dict[str, Any] = {"match": match}
        wanted |= {} if status is None else {"status": status}
        wanted |= {} if count is None else {"count": count}
        found = self._client.call("POST", "/requests/verify", wanted)
        if not found["verified"]:
            raise AssertionError(_mismatch(found, count, {**match, **({"status": status} if status else {})}))
        return int(found["count"])


class DeviceCodeControl:
    """The device codes of the world."""

    def __init__(self, client: ControlClient) -> None:
        self._client = client

    def list(self) -> list[dict[str, Any]]:
        """The codes, the oldest first."""
        codes: list[dict[str, Any]] = self._client.call("GET", "/device-codes")
        return codes

    def get(self, user_code: str) -> dict[str, Any]:
        """One code; `ControlFailure` (404) when there is none."""
        return self._call("GET", user_code)

    def approve(self, user_code: str, account: str | None = None) -> dict[str, Any]:
        """Play the person who signs in as `account` and agrees; `ControlFailure` (409) when it is too late."""
        return self._call("POST", user_code, "/approve", {} if account is None else {"account": account})

    def deny(self, user_code: str) -> dict[str, Any]:
        """Play the person who declines; `ControlFailure` (409) when it is too late."""
        return self._call("POST", user_code, "/deny")

    def expire(self, user_code: str) -> dict[str, Any]:
        """End the life of a code now; `ControlFailure` (409) when it is spent."""
        return self._call("POST", user_code, "/expire")

    def _call(self, method: str, user_code: str, action: str = "", body: object = None) -> dict[str, Any]:
        code: dict[str, Any] = self._client.call(method, f"/device-codes/{quote(user_code, safe='')}{action}", body)
        return code


def _mismatch(found: Mapping[str, Any], count: int | None, match: Mapping[str, Any]) -> str:
    wanted = "at least 1 request" if count is None else f"{count} request{'' if count == 1 else 's'}"
    lines = [f"expected {wanted} with {dict(match) or 'anything'}, the server saw {found['count']}"]
    for miss in found["nearMisses"]:
        request = miss["exchange"]["request"]
        lines.append(f"  near miss: {request['method']} {request['path']}")
        lines += [f"    {difference}" for difference in miss["differences"]]
    return "\n".join(lines)
