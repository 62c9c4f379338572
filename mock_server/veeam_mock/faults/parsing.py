"""The one parser of faults: for the control API, the config file and the `Prefer` header."""

import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Any, Protocol

import orjson

from veeam_mock.faults.kinds import BY_KIND, Fault
from veeam_mock.faults.presets import PRESETS
from veeam_mock.faults.rules import Rule
from veeam_mock.journal.pattern import SCHEMA as PATTERN
from veeam_mock.journal.pattern import Pattern, overlap, plain_path
from veeam_mock.messages import NO_BODY
from veeam_mock.model.dates import parse_date_time
from veeam_mock.model.durations import FORM as DURATION_FORM
from veeam_mock.model.durations import SCHEMA as DURATION
from veeam_mock.model.durations import parse_duration
from veeam_mock.spec.schema import Schema, Violation, listed, shorten, told
from veeam_mock.spec.spec import Operation
from veeam_mock.spec.suggestions import suggestion

CONDITIONS: Mapping[str, Any] = {
    "times": {"type": "integer", "minimum": 1},
    "after": {"type": "integer", "minimum": 0},
    "probability": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
    "until": {
        "anyOf": [DURATION, {"type": "string", "format": "date-time"}],
        "x-wanted": f"{DURATION_FORM}, nor a date-time such as 2030-01-01T00:00:00Z",
    },
    "match": PATTERN,
}


BESIDE = {key: key for key in ("operation", "method", "path", "header", "query")} | {"request_body": "body"}
"""Conditions that may stand beside a fault instead of in `match`; its own `body` is what it answers."""

LONGEST_HOLD = 86400.0
"""Seconds that an answer may be held back."""

MOST_VALUES = 10_000
"""Values in a fault, each key with its own, each list and each element: to check and to mask them takes time."""

LONGEST_FIELDS = 32 * 1024
"""Characters of the header fields that a fault sets, with their names: clients read 64 KB of them at most."""

_PATTERN = Schema(PATTERN)
_TEMPLATE = re.compile(r"\{[^}]*\}")


class FaultError(ValueError):
    """A fault, or a pattern of requests, that does not fit. `violations` lists every mistake, each with its key."""

    def __init__(self, violations: list[Violation]) -> None:
        self.violations = violations
        super().__init__(told(violations))


class Served(Protocol):
    """The operations that a server serves, in all versions."""

    def operations(self, operation_id: str) -> Iterator[Operation]:
        """An operation as each version has it that does."""

    def operation_ids(self) -> list[str]:
        """The operations of all versions."""


class FaultParser:
    """Makes rules from mappings; knows from `served` which operations there are."""

    def __init__(self, served: Served) -> None:
        self._served = served

    def parse(self, given: object, now: float, where: str = "", *, standing: bool = False) -> Rule:
        """The rule that `given` describes; `FaultError` with every mistake, each place prefixed with `where`.

        `now` is the world's time in Unix seconds, from which a duration in `until` counts. What can never strike is
        refused; only of a `standing` rule, which was checked when the server started, `until` may have passed.
        """
        asked = _as_json(given, where)
        described = _with_preset(_with_match(dict(asked), where), where)
        kind = _kind(described, where)
        violations = _schema(kind.kind).violations(described, where)
        if not violations:
            pattern = Pattern.parse(described.get("match", {}))
            violations = self._never_matches(pattern, _at(where, "match")) + _contradictions(described, where)
            violations += [] if standing else _passed(described, now, where)
        if violations:
            raise FaultError(violations)
        return _rule(kind, described, asked, now)

    def parse_pattern(self, given: Mapping[str, Any], where: str) -> Pattern:
        """The pattern that `given` describes, to look requests up; `FaultError` where no request could ever fit it.

        A fault on a body where none is due is pointless; a client that sends one is worth looking for.
        """
        violations = _PATTERN.violations(given, where)
        if not violations:
            violations = self._never_matches(Pattern.parse({**given, "body": {}}), where)
        if violations:
            raise FaultError(violations)
        return Pattern.parse(given)

    def _never_matches(self, pattern: Pattern, place: str) -> list[Violation]:
        """What makes a pattern pointless: it fits no request that could ever come."""
        unknown = [name for name in pattern.operations if not any(True for _ in self._served.operations(name))]
        if unknown:
            known = self._served.operation_ids()
            return [Violation(f"{place}.operation", _not_one_of(name, known)) for name in unknown]
        reasons = [self._impossible(pattern, name, place) for name in pattern.operations]
        return [reason for found in reasons for reason in found] if all(reasons) else []

    def _impossible(self, pattern: Pattern, operation_id: str, place: str) -> list[Violation]:
        """What in `pattern` no request of an operation can have, in any version; as the oldest one says it."""
        reasons = []
        for operation in self._served.operations(operation_id):
            found = _impossible_in(operation, pattern, place)
            if not found:
                return []
            reasons.append(found)
        return reasons[0]


def _impossible_in(operation: Operation, pattern: Pattern, place: str) -> list[Violation]:
    found = []
    operation_id = operation.id
    methods = ("GET", "HEAD") if operation.method == "GET" else (operation.method,)
    if pattern.method is not None and pattern.method not in methods:
        found.append(Violation(f"{place}.method", f"{operation_id} is called by {' or '.join(methods)}"))
    if pattern.body and not operation.body:
        found.append(Violation(f"{place}.body", f"{operation_id} has no body"))
    if pattern.path is not None and not overlap(plain_path(pattern.path), _TEMPLATE.sub("*", operation.path.lower())):
        found.append(Violation(f"{place}.path", f"{operation_id} is at {operation.path}"))
    return found


def _as_json(given: object, where: str) -> dict[str, Any]:
    """A copy of `given` as JSON; `FaultError` when it is no mapping, or holds what JSON cannot."""
    if not isinstance(given, Mapping):
        raise FaultError([Violation(where or "fault", f"{shorten(given)} is not a mapping")])
    if _has_more_values(given, MOST_VALUES):
        raise FaultError([Violation(where or "fault", f"has more than {MOST_VALUES} values; send a long body as text")])
    try:
        copied: dict[str, Any] = orjson.loads(orjson.dumps(dict(given)))
    except TypeError as error:
        raise FaultError([Violation(where or "fault", f"is no JSON: {error}")]) from None
    return copied


def _has_more_values(given: object, most: int) -> bool:
    waiting, found = [given], 0
    while waiting and found <= most:
        value = waiting.pop()
        if isinstance(value, Mapping | list | tuple):
            found += len(value)
            waiting += (value.values() if isinstance(value, Mapping) else value) if found <= most else ()
    return found > most


def _with_match(given: dict[str, Any], where: str) -> dict[str, Any]:
    """`given` with the conditions that stand beside the fault gathered in `match`."""
    beside = {part: given.pop(key) for key, part in BESIDE.items() if key in given}
    if not beside:
        return given
    within = given.get("match", {})
    if not isinstance(within, dict):
        return given
    twice = [Violation(_at(where, part), "is there twice, here and in match") for part in beside if part in within]
    if twice:
        raise FaultError(twice)
    return {**given, "match": {**within, **beside}}


def _with_preset(given: dict[str, Any], where: str) -> dict[str, Any]:
    """`given` with what its preset says; the preset strikes its own operations, of which `given` may choose some."""
    if "preset" not in given:
        return given
    name = given.pop("preset")
    if not isinstance(name, str) or name not in PRESETS:
        raise FaultError([Violation(_at(where, "preset"), _not_one_of(name, PRESETS))])
    rule = PRESETS[name].rule
    if given.get("kind", rule["kind"]) != rule["kind"]:
        raise FaultError([Violation(_at(where, "kind"), f"the preset {name} is of kind {rule['kind']}")])
    described = {**rule, **given}
    if "match" in rule and isinstance(given.get("match"), dict):
        described["match"] = {**rule["match"], **given["match"]}
        own, wanted = rule["match"]["operation"], given["match"].get("operation")
        names = wanted if isinstance(wanted, list) else [wanted] if wanted is not None else []
        foreign = [each for each in names if each not in own]
        if foreign:
            reason = f"the preset {name} strikes {', '.join(own)} only, not {listed(foreign)}"
            raise FaultError([Violation(_at(where, "match.operation"), reason)])
    return described


def _kind(given: Mapping[str, Any], where: str) -> type[Fault]:
    name = given.get("kind")
    if not isinstance(name, str) or name not in BY_KIND:
        reason = _not_one_of(name, BY_KIND) if "kind" in given else f"is required, one of {', '.join(BY_KIND)}"
        raise FaultError([Violation(_at(where, "kind"), reason)])
    return BY_KIND[name]


def _not_one_of(name: object, known: Collection[str]) -> str:
    return f"{shorten(name)} is not one of {', '.join(known)}{suggestion(name, known)}"


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


def _contradictions(given: Mapping[str, Any], where: str) -> list[Violation]:
    """Values that are good one by one and make no sense together."""
    if given["kind"] == "reply" and not {"set", "remove", "retype"} & given.keys():
        return [Violation(where or "fault", "one of set, remove and retype is required")]
    if given["kind"] == "status" and given["status"] in NO_BODY and {"body", "message"} & given.keys():
        return [Violation(_at(where, "status"), f"{given['status']} has no body, so none can be given")]
    if sum(len(name) + len(value) for name, value in given.get("headers", {}).items()) > LONGEST_FIELDS:
        return [Violation(_at(where, "headers"), f"have more than {LONGEST_FIELDS} characters, more than clients read")]
    found = [
        Violation(_at(where, key), f"{shorten(given[key])} is longer than 1d, the longest that a connection is held")
        for key in ("delay", "over")
        if key in given and max(map(parse_duration, _pair(given[key]))) > LONGEST_HOLD
    ]
    if "delay" in given and parse_duration(_pair(given["delay"])[0]) > parse_duration(_pair(given["delay"])[-1]):
        found.append(Violation(_at(where, "delay"), "goes from the longer to the shorter; write the shorter first"))
    return found


def _pair(delay: Any) -> list[Any]:
    return delay if isinstance(delay, list) else [delay]


def _passed(given: Mapping[str, Any], now: float, where: str) -> list[Violation]:
    if "until" not in given:
        return []
    try:
        passed = _moment(given["until"], now) <= now
    except ValueError:
        return [Violation(_at(where, "until"), f"{shorten(given['until'])} is not a valid date-time")]
    return [Violation(_at(where, "until"), "has passed, so it can never strike")] if passed else []


def _moment(until: str | float, now: float) -> float:
    try:
        return now + parse_duration(until)
    except ValueError:
        return parse_date_time(str(until))


def _rule(kind: type[Fault], described: Mapping[str, Any], given: dict[str, Any], now: float) -> Rule:
    return Rule(
        fault=kind(**{key: _whole(value) for key, value in described.items() if key in kind.parameters}),
        pattern=Pattern.parse(described.get("match", {})),
        given=given,
        times=described.get("times"),
        after=described.get("after", 0),
        probability=described.get("probability", 1.0),
        until=_moment(described["until"], now) if "until" in described else None,
        label=given.get("preset") or kind.kind,
    )


def _whole(value: Any) -> Any:
    """503 for 503.0: to JSON Schema both are integers."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def names() -> Collection[str]:
    """What `Prefer: fault=…` takes: kinds and presets."""
    return [*BY_KIND, *PRESETS]
