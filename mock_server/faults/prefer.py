"""Faults asked for by the request itself: `Prefer: code=503`, `fault=reset`, `delay=2s` (RFC 7240).

A preference may carry `; operation=getDeviceCode`, so that a client which sends the header with every call spares the
others. Unknown preferences are ignored (RFC 7240 section 2); a bad value of the three is an error.
"""

import re
from collections.abc import Iterator
from typing import Any

from mock_server.faults.kinds import BY_KIND
from mock_server.faults.parsing import FaultError, FaultParser, names
from mock_server.faults.presets import PRESETS
from mock_server.faults.rules import Rule
from mock_server.validation import Violation, shorten

TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
VALUE = rf'(?:{TOKEN}|"(?:[^"\\]|\\.)*")'
PAIR = rf"({TOKEN})(?:\s*=\s*({VALUE}))?"
PREFERENCE = re.compile(rf"\s*{PAIR}((?:\s*;\s*(?:{PAIR})?)*)\s*(?:,|$)")
PARAMETER = re.compile(rf";\s*{PAIR}")

KNOWN = ("code", "fault", "delay")


def rules_from_header(header: str, parser: FaultParser, now: float) -> list[Rule]:
    """The rules that a `Prefer` field asks for; `FaultError` for a bad value of a known preference.

    Each rule's label is the preference as it is echoed in `Preference-Applied`.
    """
    rules = []
    seen = set()
    for name, value, parameters in _preferences(header):
        if name not in KNOWN or name in seen:
            continue
        seen.add(name)
        described = _described(name, value)
        operation = parameters.pop("operation", None)
        if operation is not None:
            described["match"] = {**described.get("match", {}), "operation": operation}
        rule = parser.parse({**described, **parameters}, now, where=f"Prefer: {name}")
        rule.label = f"{name}={value}"
        rules.append(rule)
    return rules


def _preferences(header: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    position = 0
    while position < len(header):
        found = PREFERENCE.match(header, position)
        if found is None:
            position = (header.find(",", position) + 1) or len(header)
            continue
        name, value, rest = found.group(1).lower(), _unquote(found.group(2)), found.group(3)
        pairs = {key.lower(): _unquote(given) for key, given in PARAMETER.findall(rest)}
        yield name, value, pairs
        position = found.end()


def _unquote(value: str | None) -> str:
    if value is None or not value.startswith('"'):
        return value or ""
    return re.sub(r"\\(.)", r"\1", value[1:-1])


def _described(name: str, value: str) -> dict[str, Any]:
    if name == "code":
        if not value.isdecimal() or not 200 <= int(value) <= 599:
            raise FaultError([Violation("Prefer: code", f"{shorten(value)} is not a status from 200 to 599")])
        return {"kind": "status", "status": int(value)}
    if name == "delay":
        return {"kind": "delay", "delay": value}
    if value in PRESETS:
        return {"preset": value}
    if value in BY_KIND:
        return {"kind": value}
    raise FaultError([Violation("Prefer: fault", f"{shorten(value)} is not one of {', '.join(names())}")])
