"""What the control API tells, as frozen objects: exchanges, device codes and faults.

`record["userCode"]` reads a value by the name that it has in JSON.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

CodeState = Literal["pending", "approved", "denied", "spent", "expired"]
Outcome = Literal["whole", "reset", "empty", "truncated", "never", "garbage"]


class Record:
    """A frozen object that can be read by the names of JSON too."""

    __slots__ = ()

    def __getitem__(self, name: str) -> Any:
        value = getattr(self, re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name), self)
        if value is self:
            raise KeyError(name)
        return list(value) if isinstance(value, tuple) else value


@dataclass(frozen=True, slots=True)
class Asked(Record):
    """A request, secrets masked; names of header fields in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class Answered(Record):
    """A reply, secrets masked; header fields of one name are joined by a comma, and found by it as it was sent."""

    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class Exchange(Record):
    """What was asked and what was answered; `reply` is None where no answer left the server. `at` is RFC 3339, UTC."""

    id: int
    at: str
    operation: str | None
    outcome: Outcome
    faults: tuple[str, ...]
    forgiven: tuple[str, ...]
    request: Asked
    reply: Answered | None

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> "Exchange":
        """The exchange that the JSON object `given` describes."""
        return cls(
            given["id"],
            given["at"],
            given["operation"],
            given["outcome"],
            tuple(given["faults"]),
            tuple(given["forgiven"]),
            Asked(**given["request"]),
            None if given["reply"] is None else Answered(**given["reply"]),
        )


@dataclass(frozen=True, slots=True)
class IssuedCode(Record):
    """A device code as it was when it was read. Times are RFC 3339, UTC; `expires_in` is seconds, 0 once it has ended.

    `use` says in words what it can be spent for, `account` who approved it.
    """

    user_code: str
    use: str
    region: str
    organization_id: str | None
    restore_session_id: str | None
    issued_at: str
    expires_at: str
    expires_in: float
    state: CodeState
    account: str | None

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> "IssuedCode":
        """The code that the JSON object `given` describes."""
        return cls(
            given["userCode"],
            given["use"],
            given["region"],
            given["organizationId"],
            given["restoreSessionId"],
            given["issuedAt"],
            given["expiresAt"],
            given["expiresIn"],
            given["state"],
            given["account"],
        )


@dataclass(frozen=True, slots=True)
class FaultRecord(Record):
    """A fault as it was asked for, how many requests fitted it and were struck, and whether it can still strike."""

    id: str
    fault: Mapping[str, Any]
    matched: int
    struck: int
    active: bool
