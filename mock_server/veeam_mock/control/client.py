"""The control API from Python: one client over two transports, in this process and over HTTP."""

from collections.abc import Iterator, Mapping
from typing import Any, Unpack
from urllib.parse import quote

import orjson

from veeam_mock.control.records import Exchange, FaultRecord, IssuedCode
from veeam_mock.control.transports import Transport
from veeam_mock.faults.keywords import FaultKind, FaultRule, RequestConditions
from veeam_mock.model.dates import parse_date_time
from veeam_mock.settings.keywords import ChangeableSettings


class ControlFailure(RuntimeError):
    """The control API refused a call; `status` is its answer, the message says why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{message} (status {status})")
        self.status = status


class ControlClient:
    """What `MockServer` offers beside the server: `clock`, `faults`, `requests`, `device_codes`, `reset`.

    Nothing here refers back to it: a server that nobody uses any more is gone at once, with all its memory.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @property
    def clock(self) -> "ClockControl":
        """The clock of the world."""
        return ClockControl(self)

    @property
    def faults(self) -> "FaultControl":
        """The faults of the world."""
        return FaultControl(self)

    @property
    def requests(self) -> "RequestControl":
        """What was asked, and answered."""
        return RequestControl(self)

    @property
    def device_codes(self) -> "DeviceCodeControl":
        """The codes that were given, and who decides on them."""
        return DeviceCodeControl(self)

    def call(self, method: str, path: str, body: object = None) -> Any:
        """One call below `/__admin`, and the JSON value of its answer; `ControlFailure` when it is refused."""
        __tracebackhide__ = True
        return self._call(method, path, body)[0]

    def pages(self, path: str, body: Mapping[str, Any]) -> Iterator[Any]:
        """The items of all pages that a POST below `/__admin` answers; `limit` in `body` is for all together."""
        __tracebackhide__ = True
        wanted: dict[str, Any] = {**body}
        while True:
            items, next_after = self._call("POST", path, wanted)
            yield from items
            if next_after is None:
                return
            left = {"limit": wanted["limit"] - len(items)} if "limit" in wanted else {}
            wanted |= {"after": int(next_after), **left}

    def _call(self, method: str, path: str, body: object) -> tuple[Any, str | None]:
        __tracebackhide__ = True
        content = b"" if body is None else orjson.dumps(body)
        answer = self._transport.send(method, f"/__admin{path}", content)
        value = orjson.loads(answer.body) if answer.body else None
        if answer.status >= 400:
            message = value.get("message", "refused") if isinstance(value, dict) else "refused"
            raise ControlFailure(answer.status, message)
        return value, answer.next_after

    def reset(self) -> None:
        """Start the world anew: its state, clock, faults, settings and exchanges."""
        self.call("POST", "/reset")

    def change_settings(self, **changes: Unpack[ChangeableSettings]) -> dict[str, Any]:
        """Change settings of the world while it runs, such as `code_lifetime="5s"`, and return them all."""
        __tracebackhide__ = True
        settings: dict[str, Any] = self.call("PATCH", "/settings", changes)
        return settings


class ClockControl:
    """The clock of the world. Times are RFC 3339 in UTC; each method returns the new time."""

    def __init__(self, client: ControlClient) -> None:
        self._client = client

    def now(self) -> str:
        """The time of the world."""
        return str(self._client.call("GET", "/clock")["now"])

    def time(self) -> float:
        """The time of the world in Unix seconds, as `time.time` gives that of the machine."""
        return parse_date_time(self.now())

    def advance(self, duration: str | float) -> str:
        """Move ahead by `15m`, `2s` or seconds."""
        __tracebackhide__ = True
        return self._change(advance=duration)

    def set(self, moment: str) -> str:
        """Move ahead to a time such as `2030-01-01T00:00:00Z`; `ControlFailure` (409) when it has passed."""
        __tracebackhide__ = True
        return self._change(set=moment)

    def freeze(self) -> str:
        """Stop the clock."""
        return self._change(freeze=True)

    def release(self) -> str:
        """Let the clock run on from where it stands."""
        return self._change(release=True)

    def _change(self, **change: object) -> str:
        __tracebackhide__ = True
        return str(self._client.call("POST", "/clock", change)["now"])


class FaultControl:
    """The faults of the world."""

    def __init__(self, client: ControlClient) -> None:
        self._client = client

    def add(self, kind: FaultKind | None = None, **rule: Unpack[FaultRule]) -> str:
        """Add a fault such as `add("status", status=503, times=2, operation="getToken")`, and return its id.

        `add(preset="throttled")` takes a preset. Which requests it strikes is said by the keywords of `verify`; the
        body of a request is `request_body` here, as `body` is what the fault answers.
        """
        __tracebackhide__ = True
        described: dict[str, Any] = {**rule}
        described |= {} if kind is None else {"kind": kind}
        return str(self._client.call("POST", "/faults", described)["id"])

    def list(self) -> list[FaultRecord]:
        """The faults, with how often they fitted and struck."""
        return [FaultRecord(**given) for given in self._client.call("GET", "/faults")]

    def remove(self, fault_id: str) -> None:
        """Remove one; `ControlFailure` (404) when there is none of this id."""
        __tracebackhide__ = True
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

    def list(
        self,
        *,
        status: int | None = None,
        after: int | None = None,
        limit: int | None = None,
        **match: Unpack[RequestConditions],
    ) -> list[Exchange]:
        """The exchanges that fit, the oldest first: the last `limit` of those with an id higher than `after`."""
        __tracebackhide__ = True
        bounds = {"status": status, "after": after, "limit": limit}
        wanted = {"match": match, **{key: value for key, value in bounds.items() if value is not None}}
        return [Exchange.read(given) for given in self._client.pages("/requests/find", wanted)]

    def get(self, request_id: int) -> Exchange:
        """One exchange; `ControlFailure` (404) when there is none of this id in this world."""
        __tracebackhide__ = True
        return Exchange.read(self._client.call("GET", f"/requests/{request_id}"))

    def clear(self) -> None:
        """Forget the exchanges."""
        self._client.call("DELETE", "/requests")

    def verify(self, count: int | None = None, *, status: int | None = None, **match: Unpack[RequestConditions]) -> int:
        """Check that `count` exchanges fit (None: at least one), and return how many did.

        `match` takes operation, method, path, header, query and body. Raises `AssertionError`, which names the nearest
        misses and how they differ.
        """
        __tracebackhide__ = True
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

    def list(self) -> list[IssuedCode]:
        """The codes, the oldest first."""
        return [IssuedCode.read(given) for given in self._client.call("GET", "/device-codes")]

    @property
    def newest(self) -> IssuedCode:
        """The code that was given last; `LookupError` when none was given."""
        __tracebackhide__ = True
        codes = self.list()
        if not codes:
            raise LookupError("no device code was given in this world yet")
        return codes[-1]

    def get(self, user_code: str) -> IssuedCode:
        """One code; `ControlFailure` (404) when there is none."""
        __tracebackhide__ = True
        return self._call("GET", user_code)

    def approve(self, user_code: str, account: str | None = None) -> IssuedCode:
        """Play the person who signs in as `account` and agrees; `ControlFailure` (409) when it is too late."""
        __tracebackhide__ = True
        return self._call("POST", user_code, "/approve", {} if account is None else {"account": account})

    def deny(self, user_code: str) -> IssuedCode:
        """Play the person who declines; `ControlFailure` (409) when it is too late."""
        __tracebackhide__ = True
        return self._call("POST", user_code, "/deny")

    def expire(self, user_code: str) -> IssuedCode:
        """End the life of a code now; `ControlFailure` (409) when it is spent."""
        __tracebackhide__ = True
        return self._call("POST", user_code, "/expire")

    def _call(self, method: str, user_code: str, action: str = "", body: object = None) -> IssuedCode:
        __tracebackhide__ = True
        path = f"/device-codes/{quote(user_code, safe='')}{action}"
        return IssuedCode.read(self._client.call(method, path, body))


def _mismatch(found: Mapping[str, Any], count: int | None, match: Mapping[str, Any]) -> str:
    wanted = "at least 1 request" if count is None else f"{count} request{'' if count == 1 else 's'}"
    lines = [f"expected {wanted} with {dict(match) or 'anything'}, the server saw {found['count']}"]
    if found["forgotten"]:
        lines.append(
            f"  {found['forgotten']} exchanges are forgotten, so this cannot be known: clear the journal before the "
            "test by requests.clear(), or raise journal_entries or journal_bytes"
        )
    for miss in found["nearMisses"]:
        request = miss["exchange"]["request"]
        lines.append(f"  near miss: {request['method']} {request['path']}")
        lines += [f"    {difference}" for difference in miss["differences"]]
    return "\n".join(lines)
