"""Faults asked for by the request itself: `Prefer: code=503`, `fault=reset`, `delay=2s` (RFC 7240).

A preference may carry `; operation=getDeviceCode`, so that a client which sends the header with every call spares the
others, and parameters of its kind, such as `fault=dribble; over=2s`. Unknown preferences are ignored, and so is what
comes second under one name (RFC 7240 section 2); a bad value of the three is an error.
"""

import re
from collections.abc import Iterator
from typing import Any

from veeam_mock.faults.kinds import BY_KIND
from veeam_mock.faults.parsing import FaultError, FaultParser, names
from veeam_mock.faults.presets import PRESETS
from veeam_mock.faults.rules import Rule
from veeam_mock.spec.schema import Violation, shorten
from veeam_mock.spec.suggestions import suggestion

TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
QUOTED = r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)'
ESCAPED = re.compile(r"\\(.)")
PREFERENCE = re.compile(rf"(?:{QUOTED}|[^,])++", re.DOTALL)
PARAMETER = re.compile(rf"(?:{QUOTED}|[^;])++", re.DOTALL)
PAIR = re.compile(rf"\s*({TOKEN})(?:\s*=\s*({TOKEN}|{QUOTED})?)?\s*")

KNOWN = ("code", "fault", "delay")
STATUS = re.compile("[2-5][0-9][0-9]")


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
        described = _with_parameters(_described(name, value), parameters, where=f"Prefer: {name}")
        rule = parser.parse(described, now, where=f"Prefer: {name}")
        rule.label = f"{name}={value}"
        rules.append(rule)
    return rules


def _preferences(header: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Name, value and parameters of each preference that can be read."""
    for preference in PREFERENCE.findall(header):
        pairs = [PAIR.fullmatch(text) for text in PARAMETER.findall(preference)]
        if pairs and pairs[0] is not None:
            parameters = {pair[1].lower(): _unquote(pair[2]) for pair in pairs[1:] if pair is not None}
            yield pairs[0][1].lower(), _unquote(pairs[0][2]), parameters


def _unquote(value: str | None) -> str:
    if value is None or not value.startswith('"'):
        return value or ""
    return ESCAPED.sub(lambda found: found[1], value[1:].removesuffix('"'))


def _with_parameters(described: dict[str, Any], parameters: dict[str, str], where: str) -> dict[str, Any]:
    """`described` with what is named behind the semicolons: `operation`, and the parameters of the kind."""
    kind = BY_KIND[described["kind"] if "kind" in described else PRESETS[described["preset"]].rule["kind"]]
    for name, text in parameters.items():
        if name == "operation":
            described["match"] = {"operation": text}
        elif name in kind.parameters:
            described[name] = _number(text) if kind.parameters[name].get("type") == "integer" else text
        else:
            known = ", ".join(["operation", *kind.parameters])
            raise FaultError([Violation(f"{where}.{name}", f"is not a parameter here; known are {known}")])
    return described


def _number(text: str) -> int | str:
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else text


def _described(name: str, value: str) -> dict[str, Any]:
    if name == "code":
        if not STATUS.fullmatch(value):
            raise FaultError([Violation("Prefer: code", f"{shorten(value)} is not a status from 200 to 599")])
        return {"kind": "status", "status": int(value)}
    if name == "delay":
        return {"kind": "delay", "delay": value}
    if value in PRESETS:
        return {"preset": value}
    if value in BY_KIND:
        return {"kind": value}
    raise FaultError(
        [Violation("Prefer: fault", f"{shorten(value)} is not one of {', '.join(names())}{suggestion(value, names())}")]
    )
