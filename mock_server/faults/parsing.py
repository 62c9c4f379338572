"""The one parser of faults: for the control API, the config file and the `Prefer` header."""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from mock_server.durations import SCHEMA as DURATION
from mock_server.durations import parse_duration
from mock_server.faults.kinds import BY_KIND, Fault
from mock_server.faults.presets import PRESETS
from mock_server.faults.rules import Rule
from mock_server.matching import SCHEMA as PATTERN
from mock_server.matching import Pattern
from mock_server.spec import Match, Spec
from mock_server.validation import Schema, Violation, shorten

CONDITIONS: Mapping[str, Any] = {
    "times": {"type": "integer", "minimum": 1},
    "after": {"type": "integer", "minimum": 0},
    "probability": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
    "until": {"anyOf": [DURATION, {"type": "string", "format": "date-time"}]},
    "match": PATTERN,
}


class FaultError(ValueError):
    """A fault that does not fit. `violations` lists every mistake, each with its key."""

    def __init__(self, violations: list[Violation]) -> None:
        super().__init__("; ".join(map(str, violations)))
        self.violations = violations


class FaultParser:
    """Makes rules from mappings; knows from `spec` which operations there are."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec

    def parse(self, given: object, now: float, where: str = "") -> Rule:
        """The rule that `given` describes; `FaultError` with every mistake, each place prefixed with `where`.

        `now` is the world's time in Unix seconds, from which a duration in `until` counts.
        """
        if not isinstance(given, Mapping):
            raise FaultError([Violation(where or "fault", f"{shorten(given)} is not a mapping")])
        described = _with_preset(given, where)
        kind = _kind(described, where)
        violations = _schema(kind.kind).violations(dict(described), where)
        if not violations:
            violations = self._never_matches(described, where) + _when_problems(described, now, where)
        if violations:
            raise FaultError(violations)
        return _rule(kind, described, dict(given), now)

    def _never_matches(self, given: Mapping[str, Any], where: str) -> list[Violation]:
        """What makes a rule pointless: it fits no request that could ever come."""
        pattern = Pattern.parse(given.get("match", {}))
        place = ".".join(filter(None, [where, "match"]))
        found = []
        for operation_id in pattern.operations:
            operation = self._spec.operations.get(operation_id)
            if operation is None:
                known = ", ".join(self._spec.operations)
                found.append(Violation(f"{place}.operation", f"{shorten(operation_id)} is not one of {known}"))
                continue
            if pattern.method not in (None, operation.method) and not (
                pattern.method == "HEAD" and operation.method == "GET"
            ):
                found.append(Violation(f"{place}.method", f"{operation_id} is called by {operation.method}"))
            if pattern.body and not operation.bodies:
                found.append(Violation(f"{place}.body", f"{operation_id} has no body"))
            if pattern.path is not None and not self._fits(pattern.path, operation_id):
                found.append(Violation(f"{place}.path", f"{operation_id} is at {operation.path}"))
        return found

    def _fits(self, path: str, operation_id: str) -> bool:
        """Whether a path could be that of an operation; one with a `*` is believed."""
        if "*" in path or "?" in path or "[" in path:
            return True
        match = self._spec.find(self._spec.operations[operation_id].method, path)
        return isinstance(match, Match) and match.operation.id == operation_id


def _with_preset(given: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    if "preset" not in given:
        return given
    name = given["preset"]
    if not isinstance(name, str) or name not in PRESETS:
        raise FaultError([Violation(_at(where, "preset"), f"{shorten(name)} is not one of {', '.join(PRESETS)}")])
    return {**PRESETS[name].rule, **{key: value for key, value in given.items() if key != "preset"}}


def _kind(given: Mapping[str, Any], where: str) -> type[Fault]:
    name = given.get("kind")
    if not isinstance(name, str) or name not in BY_KIND:
        shown = f"{shorten(name)} is not" if "kind" in given else "is required,"
        raise FaultError([Violation(_at(where, "kind"), f"{shown} one of {', '.join(BY_KIND)}")])
    return BY_KIND[name]


def _at(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


@cache
def _schema(kind: str) -> Schema:
    fault = BY_KIND[kind]
    return Schema(
        {
            "type": "object",
            "additionalProperties": False,
            "required": list(fault.required),
            "properties": {"kind": {"const": kind}, **fault.parameters, **CONDITIONS},
        }
    )


def _when_problems(given: Mapping[str, Any], now: float, where: str) -> list[Violation]:
    if "until" in given and _moment(given["until"], now) <= now:
        return [Violation(_at(where, "until"), "has passed on the clock of this world, so it can never strike")]
    if given["kind"] == "reply" and not {"set", "remove", "retype"} & given.keys():
        return [Violation(where or "fault", "one of set, remove and retype is required")]
    if isinstance(given.get("delay"), list) and parse_duration(given["delay"][0]) > parse_duration(given["delay"][1]):
        return [Violation(_at(where, "delay"), "goes from the longer to the shorter; write the shorter first")]
    return []


def _moment(until: str | float, now: float) -> float:
    try:
        return now + parse_duration(until)
    except ValueError:
        return datetime.fromisoformat(str(until)).timestamp()


def _rule(kind: type[Fault], described: Mapping[str, Any], given: dict[str, Any], now: float) -> Rule:
    parameters = {key: value for key, value in described.items() if key in kind.parameters}
    return Rule(
        fault=kind(**parameters),
        pattern=Pattern.parse(described.get("match", {})),
        given=given,
        times=described.get("times"),
        after=described.get("after", 0),
        probability=described.get("probability", 1.0),
        until=_moment(described["until"], now) if "until" in described else None,
        label=given.get("preset") or kind.kind,
    )


def names() -> Collection[str]:
    """What `Prefer: fault=…` takes: kinds and presets."""
    return [*BY_KIND, *PRESETS]
