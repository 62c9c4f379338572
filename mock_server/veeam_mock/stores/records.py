"""Records as JSON: each as the list of its values."""

from collections.abc import Callable
from dataclasses import astuple
from typing import Any, Generic, NamedTuple, TypeVar

import orjson

from veeam_mock.model.device_codes import DeviceCode, Purpose, State, Use
from veeam_mock.model.organizations import Organization
from veeam_mock.model.restore_sessions import RestoreSession
from veeam_mock.model.tokens import Login

Record = TypeVar("Record")


class Form(NamedTuple, Generic[Record]):
    """How records of a kind are written and read."""

    kind: str
    values: Callable[[Record], Any]
    make: Callable[[Any], Record]

    def write(self, record: Record) -> bytes:
        """The record as JSON; equal records are equal bytes."""
        return orjson.dumps(self.values(record))

    def read(self, text: bytes) -> Record:
        """The record that JSON describes."""
        return self.make(orjson.loads(text))


def _code_of(values: list[Any]) -> DeviceCode:
    user_code, (region, use, *others), issued_at, expires_at, approved_from, decision, account = values
    purpose = Purpose(region, Use(use), *others)
    return DeviceCode(user_code, purpose, issued_at, expires_at, approved_from, State(decision), account)


ACCESS = Form[Login]("access", astuple, lambda values: Login(*values))
REFRESH = Form[Login]("refresh", astuple, lambda values: Login(*values))
ORGANIZATIONS = Form[Organization]("organizations", astuple, lambda values: Organization(*values))
RESTORE_SESSIONS = Form[RestoreSession]("restore-sessions", astuple, lambda values: RestoreSession(*values))
CODES = Form[DeviceCode]("codes", lambda code: [code.user_code, list(code.purpose), *code[2:]], _code_of)
