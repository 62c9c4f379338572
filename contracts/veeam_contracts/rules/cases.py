"""What schemathesis generates from the document: what every lawful server takes, and what every one refuses.

The two schemas of a version are made and configured for a run before its tests are collected. What is changed of
schemathesis' defaults, and why, stands in docs/contracts.md.
"""

import copy
import json
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import schemathesis
from hypothesis.configuration import set_hypothesis_home_dir
from schemathesis import GenerationMode
from schemathesis.config import HealthCheck, SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.transport import Response
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import status_code_conformance

from veeam_contracts.asking.admission import BudgetSpent, Refused, Stopped
from veeam_contracts.asking.client import Client, TokenDied
from veeam_contracts.asking.exchange import Exchange
from veeam_contracts.asking.gate import NoAnswer
from veeam_contracts.document import WRITES, Json, describe
from veeam_contracts.judging.findings import DESCRIBED, Findings, Why, unable
from veeam_contracts.options import Options
from veeam_contracts.paths import Version, version_at

Case = schemathesis.Case[Any]
Judge = Callable[[Exchange, Findings, Case, Response, dict[str, Any]], None]
"""Judges one answer: the exchange, where to keep what it shows, the case, and the answer as schemathesis has it."""

ANSWER_CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
]
ACCEPTED = ["2xx", "404", "429", "503"]
"""404: a restore session that a live server does not have; 429 and 503 are described for every operation."""

REFUSED = ["4xx", "503"]


def load(document: Json, mode: GenerationMode) -> BaseSchema:
    """A schema that generates cases of `mode`, untouched by any configuration file of the folder."""
    schema = schemathesis.openapi.from_dict(
        copy.deepcopy(document), config=SchemathesisConfig(suppress_health_check=[HealthCheck.all])
    )
    config = schema.config
    check = "positive_data_acceptance" if mode.is_positive else "negative_data_rejection"
    config.checks.update(included_check_names=[*ANSWER_CHECKS, check])
    config.checks.positive_data_acceptance.expected_statuses = ACCEPTED
    config.checks.negative_data_rejection.expected_statuses = REFUSED
    config.generation.update(modes=[mode], with_security_parameters=False, no_shrink=True, database="none")
    config.phases.stateful.enabled = False
    config.phases.coverage.unexpected_methods = set()
    return schema


@cache
def acceptable(version: Version) -> BaseSchema:
    """What every lawful server of a version takes."""
    # Whether a login is taken depends on what no schema says: on who may log in.
    taken = [id for id in _gentle(version) if id != "getToken"]
    return load(describe(version).strict, GenerationMode.POSITIVE).include(operation_id=taken)


@cache
def unacceptable(version: Version) -> BaseSchema:
    """What every lawful server of a version refuses, of the operations with something in them that can be wrong."""
    known = describe(version).operations
    mistakable = [id for id in _gentle(version) if "{" in known[id][1] or "requestBody" in known[id][2]]
    return load(describe(version).loose, GenerationMode.NEGATIVE).include(operation_id=mistakable)


def _gentle(version: Version) -> list[str]:
    """The operations that change nothing but the number of codes and tokens."""
    return [id for id in version.places if id not in WRITES]


further: list[BaseSchema] = []
"""What the documents of the user say that a server answers to reads; made anew for each run."""


def configure(options: Options, versions: Iterable[Version]) -> None:
    """Set the seed and the number of examples of a run; nothing is written below the current folder."""
    further[:] = [load(each.document, GenerationMode.POSITIVE) for each in options.further]
    own = (make(version) for version in versions for make in (acceptable, unacceptable))
    for schema in (*own, *further):
        schema.config.seed = options.seed
        schema.config.generation.update(max_examples=options.examples)
    set_hypothesis_home_dir(Path(tempfile.gettempdir()) / "veeam-contracts-hypothesis")


def schemas(maker: str, versions: Iterable[Version]) -> list[tuple[object, BaseSchema]]:
    """The documents that a maker of tests makes one for each of, with what to tell them apart by."""
    if maker == "test_read":
        return list(enumerate(further))
    kind = acceptable if maker == "test_valid" else unacceptable
    return [(version, kind(version)) for version in versions]


KEPT_CODES = 12
"""Device codes that valid cases leave over: the questions ask for seven, and an invalid one that is taken costs one."""


class Share:
    """The part of what is left of the budget that one operation may use. Without limit it is never used up.

    Operations of documents that the user gave are `further`: they are not among the generated cases of the limits.
    """

    def __init__(self, api: Client, operations_left: int, *, gives_codes: bool, further: bool = False) -> None:
        left = [] if api.admission.requests_left is None else [api.admission.requests_left]
        self._generated = int(not further)
        if api.target.limits.generated is not None and not further:
            left.append(max(0, api.target.limits.generated - api.admission.used.generated))
        if gives_codes and api.admission.device_codes_left is not None:
            left.append(max(0, api.admission.device_codes_left - KEPT_CODES))
        self._left = -(-min(left) // max(1, operations_left)) if left else None
        self._used = api.admission.used
        self.sent = 0

    def take(self) -> bool:
        """Whether one more may be sent."""
        if self._left is not None and self.sent >= self._left:
            return False
        self.sent += 1
        self._used.generated += self._generated
        return True


def try_case(
    api: Client, findings: Findings, share: Share, case: Case, judge: Judge | None = None, **known: str
) -> None:
    """Send one case, with the `known` values of its path, and judge it. Never raises for what the server does."""
    if not share.take():
        if not share.sent:
            findings.cut("the budget has no room for generated cases", Why.LIMITS)
        return
    try:
        name_what_exists(api, case, known)
        api.records.generating = True
        _send_and_judge(api, findings, case, judge or judge_case)
    except NoAnswer as failure:
        rule = "answers.in-time" if failure.exchange.late else "answers.arrive"
        findings.cut("some of the generated cases had no answer", see=rule)
    except (BudgetSpent, Stopped, TokenDied) as reason:
        findings.keep_short(unable(reason))
    except Refused:
        return
    finally:
        api.records.generating = False


def _send_and_judge(api: Client, findings: Findings, case: Case, judge: Judge) -> None:
    """Some checks send the case once more in another form: they get the session too, so that the gate sees them."""
    options: dict[str, Any] = {
        "base_url": api.target.url,
        "session": api.line.http,
        "headers": _headers(api, case),
        "timeout": api.target.timeout,
        "allow_redirects": False,
        "verify": api.target.verify,
        "cert": api.target.cert,
        "proxies": api.line.http.proxies,
    }
    before = len(api.journal)
    response = case.call(**options)
    exchange = api.journal[before]
    if options["headers"] and not api.still_lives(exchange):
        return
    judge(exchange, findings, case, response, options)


def _headers(api: Client, case: Case) -> dict[str, str]:
    protected = case.operation.definition.raw.get("security") != []
    return {"Authorization": f"Bearer {api.token}"} if protected else {}


def name_what_exists(api: Client, case: Case, known: Mapping[str, str]) -> None:
    """Put an id that exists where a valid one was generated: made-up ones only show 404."""
    own = {"organizationId": api.organization_id(), "restoreSessionId": api.target.restore_session_id}
    existing = {**own, **known}
    places = (("path_parameters", ParameterLocation.PATH), ("query", ParameterLocation.QUERY))
    for attribute, location in places:
        values = getattr(case, attribute)
        if values and (case.meta is None or not case.meta.is_negative_at(location)):
            values.update({name: key for name, key in existing.items() if key is not None and name in values})


def _named_rule(findings: Findings, exchange: Exchange) -> str:
    """The hand-written rule that broke at the same operation by an answer of the same status; empty without one."""
    place = (findings.operation_of(exchange), exchange.status)
    return next((rule for rule, places in findings.told.items() if place in places), "")


def _is_surely_bad(case: Case, exchange: Exchange) -> bool:
    """Whether no lawful server takes the body: Json.NET reads more than JSON Schema does (question `json-leniency`)."""
    content = case.operation.definition.raw.get("requestBody", {}).get("content", {})
    mistaken = case.meta is not None and case.meta.is_negative_at(ParameterLocation.BODY)
    if not mistaken or "application/json" not in content:
        return True
    schema = describe(version_at(exchange.path)).resolve(content["application/json"]["schema"])
    return not reads_leniently(exchange.request_body or b"", schema)


def reads_leniently(body: bytes, schema: Json) -> bool:
    """Whether a body fits `schema` once it is read as Json.NET reads it.

    That takes a comma after the last member, names in any case, text for booleans, and booleans and numbers for text.
    """
    try:
        value = json.loads(re.sub(r",(?=\s*[}\]])", "", body.decode("utf-8")))
    except (ValueError, RecursionError):
        return False
    return jsonschema_rs.is_valid(schema, _as_read(value, schema))


def _as_read(value: Any, schema: Json) -> Any:
    if isinstance(value, dict):
        known = {name.lower(): (name, inner) for name, inner in schema.get("properties", {}).items()}
        pairs = ((*known.get(name.lower(), (name, {})), member) for name, member in value.items())
        read = {name: _as_read(member, inner) for name, inner, member in pairs}
        return {name: member for name, member in read.items() if member is not None}
    if "pattern" in schema or "enum" in schema:
        return _as_bound(value)
    if "string" in schema.get("type", "") and isinstance(value, (bool, int, float)):
        return str(value)
    if "boolean" in schema.get("type", "") and isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower(), value)
    return value


def _as_bound(value: Any) -> Any:
    """A value as .NET binds it to an enum: spaces do not count, nothing and any number are one of it."""
    if isinstance(value, str):
        return value.strip() or None
    return None if isinstance(value, int) else value


def judge_case(exchange: Exchange, findings: Findings, case: Case, response: Response, options: dict[str, Any]) -> None:
    """Judge one answer. A refusal may have a 4xx that is not described (ambiguity `bad-body-status`)."""
    if exchange.ok and not _is_surely_bad(case, exchange):
        return
    excluded = [status_code_conformance] if exchange.refused else []
    if exchange.refused and "%" in exchange.path.partition("?")[0]:
        return  # A gateway may refuse such a path in its own words.
    try:
        case.validate_response(response, excluded_checks=excluded, transport_kwargs=options)
    except FailureGroup as group:
        for failure in group.exceptions:
            seen = f"{failure.title}: {' '.join(failure.message.split())}"
            named = _named_rule(findings, exchange)
            if named:
                findings.tell_elsewhere(named, seen)
            else:
                findings.check(False, DESCRIBED, seen, exchange)
        return
    findings.check(True, "", "")
