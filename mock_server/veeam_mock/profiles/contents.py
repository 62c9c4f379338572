"""Good answers as a server was learned to give them: which members, in which order, and how values are written.

A shape is a JSON value in which texts are forms, such as `(uuid)`, or templates.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from veeam_mock.model import regions
from veeam_mock.model.dates import http_date, parse_date_time

FORM = re.compile(
    r"\((address|boolean|code|deep|host|http-date|id|integer|null|number|organization|path|region|text|token|user|uuid"
    r"|UUID|0000-00-00T00:00:00(?:\.0{1,9})?(?:Z|[+-]00:?00)?)\)"
)
"""What stands for a value that belongs to one exchange."""

HABITS = frozenset({"token_type", "message", "version", "verificationUrl", "verificationUri", "errorCode"})
"""Members whose text the server chose once for all, where it was learned."""

ADDRESSES = ("verificationUrl", "verificationUri")
LINKS = "_links"
"""The member whose members lead on: what leads nowhere at another server is not taken from it."""

MADE: Mapping[str, Any] = {
    "address": "https://example.com/", "boolean": False, "code": "AAAAAAAAA", "deep": None, "host": "example.com",
    "id": "1", "integer": 0, "null": None, "number": 0.5, "organization": "example.onmicrosoft.com", "path": "/",
    "region": "Worldwide", "text": "text", "token": "0" * 32, "user": "administrator",
    "uuid": "00000000-0000-4000-8000-000000000000", "UUID": "ABCDEF00-0000-4000-8000-000000000000",
}  # fmt: skip
"""What stands in members that the mock has no value for."""

Fill = Callable[[str, Mapping[str, str]], str]
"""Fills a template, with more values for its places."""


class Content:
    """Makes good answers of one exchange: `now` is its time in Unix seconds, UTC, and `fill` fills templates."""

    def __init__(self, now: float, fill: Fill) -> None:
        self._now, self._fill = now, fill
        self._of_code: dict[str, str] = {}

    def shaped(self, content: Any, shape: Any) -> Any:
        """A JSON value of ours in the shape that was learned; members that only the server has are made."""
        if isinstance(content, dict) and isinstance(shape, dict):
            return self._object(content, shape)
        if isinstance(content, list) and isinstance(shape, list):
            return [self.shaped(item, shape[0]) for item in content] if shape else content
        return self._written(content, shape)

    def _object(self, content: dict[str, Any], shape: dict[str, Any]) -> dict[str, Any]:
        self._note_code(content, shape)
        made: dict[str, Any] = {}
        for name, below in shape.items():
            if name in HABITS and isinstance(content.get(name), str) and isinstance(below, str):
                made[name] = self._habit(name, content[name], below)
            elif name == LINKS and isinstance(content.get(name), dict) and isinstance(below, dict):
                rest = {key: link for key, link in content[name].items() if key not in below}
                made[name] = {**self._object(content[name], below), **rest}
            else:
                made[name] = self.shaped(content[name], below) if name in content else self._made(below)
        return made

    def _note_code(self, content: dict[str, Any], shape: dict[str, Any]) -> None:
        """Remember code and address of a device code, which its message repeats."""
        for name in ADDRESSES:
            if "userCode" in content and isinstance(content.get(name), str):
                address = self._habit(name, content[name], str(shape.get(name, "")))
                self._of_code = {"code": str(content["userCode"]), "address": address}

    def _habit(self, name: str, own: str, learned: str) -> str:
        if not learned or FORM.fullmatch(learned):
            return own
        if name in ADDRESSES:  # Other clouds have pages of their own.
            return own.replace(regions.SIGN_IN_WORLDWIDE, self._fill(learned, {}))
        return self._fill(learned, self._of_code)

    def _written(self, own: Any, shape: Any) -> Any:
        """A value of ours in the form that was learned, where it has one."""
        if shape == "(null)":
            return None
        if isinstance(shape, int | float):
            return shape
        form = FORM.fullmatch(shape) if isinstance(shape, str) else None
        if form is None or isinstance(own, bool):
            return own
        if isinstance(own, int):
            return {"text": str(own), "number": float(own)}.get(form[1], own)
        if not isinstance(own, str):
            return own
        if form[1].startswith(("0000", "http")):
            try:
                return _date(parse_date_time(own), form[1])
            except ValueError:
                return own
        return own.upper() if form[1] == "UUID" else own

    def _made(self, shape: Any) -> Any:
        """A value in the form that was learned, in place of one that the mock does not have."""
        if isinstance(shape, dict):
            return {name: self._made(below) for name, below in shape.items()}
        if isinstance(shape, list):
            return [self._made(below) for below in shape]
        if not isinstance(shape, str):
            return shape
        form = FORM.fullmatch(shape)
        if form is None:
            return self._fill(shape, self._of_code)
        return MADE[form[1]] if form[1] in MADE else _date(self._now, form[1])


def _date(moment: float, form: str) -> str:
    """A time in Unix seconds, UTC, in a form such as `0000-00-00T00:00:00.000Z`, or `http-date`."""
    if form == "http-date":
        return http_date(int(moment))
    text = datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return text + form[len("0000-00-00T00:00:00") :]
