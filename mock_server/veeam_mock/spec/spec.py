"""An OpenAPI document, compiled: which operation a request means, and what is wrong with a request or a reply.

The document is the only place where paths, parameters and schemas are written. Where it carries `x-ambiguity`, the
reading that was picked is merged into the schema before it is compiled (see the head of `openapi.yaml`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import orjson

from veeam_mock.messages import FORM, JSON, Reply, Request, decode_segment
from veeam_mock.spec.readings import apply_readings, default_readings
from veeam_mock.spec.schema import Schema, Violation, shorten

METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
MOST_FORM_FIELDS = 100
NO_VALUES: Mapping[str, str] = MappingProxyType({})
LONGEST_MEDIA_TYPE = 200
UTF8_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter in path, query or header; `coerce` turns its text into the JSON value that the schema means.

    `key` is its name in the request as read: that of a header field in lower case.
    """

    name: str
    key: str
    place: str
    required: bool
    schema: Schema
    coerce: Callable[[str], object]

    @property
    def where(self) -> str:
        """How violations name it."""
        return f"{self.place}.{self.name}"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the document, with its compiled schemas."""

    id: str
    method: str
    path: str
    protected: bool
    parameters: tuple[Parameter, ...]
    bodies: Mapping[str, Schema]
    body_required: bool
    replies: Mapping[int, Schema | None]
    success: int
    """The status of a good answer."""


class Match(NamedTuple):
    """The operation that a request means, and the values in its path."""

    operation: Operation
    path_values: Mapping[str, str]


class NoMatch(NamedTuple):
    """No operation: `allowed` are the methods that the path has, none when the path is unknown."""

    allowed: tuple[str, ...] = ()


class CheckedHead(NamedTuple):
    """The head of a request as the spec reads it: its parameters' values by name, and what is wrong with them.

    `media` says how a body is to be read; `unreadable` why it cannot be, and `missing` what is wrong without one.
    """

    values: Mapping[str, Any]
    violations: list[Violation]
    media: "Media"
    unreadable: Violation | None
    missing: Violation | None


class CheckedRequest(NamedTuple):
    """A request as the spec reads it: the values by name, the JSON value of the body, and what is wrong."""

    values: Mapping[str, Any]
    body: Any
    violations: list[Violation]


class Spec:
    """A compiled document. `readings` picks readings of its ambiguities: id -> name; others have the first."""

    def __init__(self, document: Mapping[str, Any], readings: Mapping[str, str] | None = None) -> None:
        self.document = document
        picked = readings or {}
        self.readings = {key: picked.get(key, name) for key, name in default_readings(document).items()}
        effective = apply_readings(document, self.readings)
        self._ignore_case = self.readings.get("path-case", "ignored") == "ignored"
        self._literal: dict[str, dict[str, Operation]] = {}
        self._templates: list[tuple[list[str], dict[str, Operation]]] = []
        self.operations: dict[str, Operation] = {}
        for path, item in effective["paths"].items():
            self._add_path(path, _compile_path(effective, path, item))

    def _add_path(self, path: str, by_method: dict[str, Operation]) -> None:
        folded = self._fold(path)
        self.operations.update({operation.id: operation for operation in by_method.values()})
        if "{" in path:
            names = path.split("/")
            self._templates.append(([n if "{" in n else self._fold(n) for n in names], by_method))
        else:
            self._literal[folded] = by_method
            self._templates.append((folded.split("/"), by_method))

    def _fold(self, path: str) -> str:
        return path.lower() if self._ignore_case else path

    def find(self, method: str, path: str) -> Match | NoMatch:
        """The operation for a method and a percent-encoded path. HEAD means the GET of the same path."""
        values: Mapping[str, str] = NO_VALUES
        by_method = self._literal.get(self._fold(path))
        if by_method is None:
            segments = path.split("/")
            by_method, values = self._find_template([decode_segment(s) if "%" in s else s for s in segments])
        if by_method is None:
            return NoMatch()
        operation = by_method.get("GET" if method == "HEAD" else method)
        if operation is None:
            return NoMatch((*sorted(by_method), *(["HEAD"] if "GET" in by_method else [])))
        return Match(operation, values)

    def _find_template(self, segments: list[str]) -> tuple[dict[str, Operation] | None, dict[str, str]]:
        for template, by_method in self._templates:
            if len(template) != len(segments):
                continue
            values = {}
            for expected, given in zip(template, segments, strict=True):
                if expected.startswith("{") and given:
                    values[expected[1:-1]] = given
                elif expected != self._fold(given):
                    break
            else:
                return by_method, values
        return None, {}

    def check_request(self, match: Match, request: Request, head: CheckedHead | None = None) -> CheckedRequest:
        """The values of `request` and everything that is wrong with it; `head` is what `check_head` said of it.

        Never raises.
        """
        head = head or self.check_head(match, request)
        if not match.operation.bodies:
            return CheckedRequest(head.values, None, head.violations)
        body, violations = _check_body(match.operation, head, request.body)
        return CheckedRequest(head.values, body, [*head.violations, *violations] if head.violations else violations)

    def check_head(self, match: Match, request: Request) -> CheckedHead:
        """What can be said of `request` before its body is looked at. Never raises."""
        values, violations = self._check_parameters(match, request)
        media = parse_media(request.headers.get("content-type", "")[:LONGEST_MEDIA_TYPE])
        encoding = _refuse_encoding(request)
        unreadable = encoding or _refuse_media(match.operation, media)
        return CheckedHead(values, violations, media, unreadable, encoding or _refuse_no_body(match.operation))

    def _check_parameters(self, match: Match, request: Request) -> tuple[dict[str, Any], list[Violation]]:
        values: dict[str, Any] = {}
        violations: list[Violation] = []
        query = dict(parse_qsl(request.query, keep_blank_values=True, errors="replace")) if request.query else {}
        given_in: dict[str, Mapping[str, str]] = {"path": match.path_values, "query": query, "header": request.headers}
        for parameter in match.operation.parameters:
            given = given_in[parameter.place].get(parameter.key)
            if given is not None:
                value = values[parameter.name] = parameter.coerce(given)
                violations += parameter.schema.violations(value, parameter.where)
            elif parameter.required:
                violations.append(Violation(parameter.where, "is required", "required"))
        return values, violations

    def check_reply(self, operation: Operation, reply: Reply) -> list[Violation]:
        """Everything in `reply` that the operation does not promise."""
        if reply.status not in operation.replies:
            return [Violation("status", f"{reply.status} is not a status of {operation.id}", "status")]
        schema = operation.replies[reply.status]
        return [] if schema is None else schema.violations(reply.content, "body")


class Media(NamedTuple):
    """A media type and its charset, both in lower case."""

    type: str
    charset: str


@lru_cache(maxsize=256)
def parse_media(content_type: str) -> Media:
    """What a `Content-Type` says; without a charset it means UTF-8 (RFC 8259 section 8.1)."""
    media_type, _, parameters = content_type.partition(";")
    charset = "utf-8"
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            charset = value.strip().strip('"').lower()
    return Media(media_type.strip().lower(), charset)


def _check_body(operation: Operation, head: CheckedHead, body: bytes) -> tuple[Any, list[Violation]]:
    """The value of a body, and what is wrong with it."""
    refusal = head.unreadable if body else head.missing
    if refusal is not None:
        return None, [refusal]
    if not body:
        return None, []
    try:
        content = _read_body(head.media.type, body)
    except ValueError as error:
        return None, [Violation("body", str(error), "syntax")]
    return content, operation.bodies[head.media.type].violations(content, "body")


def _read_body(media_type: str, body: bytes) -> object:
    """The value of a body; None for media types that are not looked into. `ValueError` when it cannot be read."""
    if media_type == FORM:
        return _parse_form(body)
    return _parse_json(body) if media_type.endswith("json") else None


def _refuse_encoding(request: Request) -> Violation | None:
    encoding = request.headers.get("content-encoding")
    if encoding is not None and encoding.strip().lower() not in ("", "identity"):
        return Violation("header.Content-Encoding", f"{encoding[:40]!r} is not served, send it as it is", "media")
    return None


def _refuse_no_body(operation: Operation) -> Violation | None:
    served = " or ".join(operation.bodies)
    return Violation("body", f"is required, as {served}", "required") if operation.body_required else None


def _refuse_media(operation: Operation, media: Media) -> Violation | None:
    if media.type not in operation.bodies:
        given = f"{media.type[:60]!r}" if media.type else "no media type"
        return Violation("header.Content-Type", f"{given} was sent, expected {' or '.join(operation.bodies)}", "media")
    if media.charset not in ("utf-8", "utf8", "us-ascii"):
        return Violation("header.Content-Type", f"charset {media.charset[:40]!r} is not served, send UTF-8", "media")
    return None


def _parse_json(body: bytes) -> object:
    try:
        return orjson.loads(body.removeprefix(UTF8_BOM))
    except orjson.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error}") from None


def _parse_form(body: bytes) -> object:
    try:
        pairs = parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FORM_FIELDS
        )
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8") from None
    except ValueError:
        raise ValueError(f"has more than {MOST_FORM_FIELDS} fields") from None
    names = [name for name, _ in pairs]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise ValueError(f"has {shorten(repeated)} more than once")
    return dict(pairs)


def _compile_path(document: Mapping[str, Any], path: str, item: Mapping[str, Any]) -> dict[str, Operation]:
    shared = item.get("parameters", [])
    return {
        method.upper(): _compile_operation(document, path, method.upper(), operation, shared)
        for method, operation in item.items()
        if method in METHODS
    }


def _compile_operation(
    document: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any], shared: list[Any]
) -> Operation:
    body = resolve(document, operation.get("requestBody", {}))
    security = operation.get("security", document.get("security", []))
    replies = {int(status): _compile_reply(document, reply) for status, reply in operation["responses"].items()}
    return Operation(
        id=operation["operationId"],
        method=method,
        path=path,
        protected=bool(security),
        parameters=tuple(_compile_parameter(document, p) for p in [*shared, *operation.get("parameters", [])]),
        bodies={
            media: compile_schema(document, content["schema"]) for media, content in body.get("content", {}).items()
        },
        body_required=body.get("required", False),
        replies=replies,
        success=min(replies),
    )


def _compile_parameter(document: Mapping[str, Any], reference: Mapping[str, Any]) -> Parameter:
    parameter = resolve(document, reference)
    schema = resolve(document, parameter["schema"])
    name = parameter["name"]
    return Parameter(
        name,
        name.lower() if parameter["in"] == "header" else name,
        parameter["in"],
        parameter.get("required", False),
        compile_schema(document, schema),
        _coerce_number if schema.get("type") in ("integer", "number") else str,
    )


def _coerce_number(text: str) -> object:
    try:
        return int(text)
    except ValueError:
        return text


def _compile_reply(document: Mapping[str, Any], reference: Mapping[str, Any]) -> Schema | None:
    content = resolve(document, reference).get("content", {}).get(JSON)
    return None if content is None else compile_schema(document, content["schema"])


def resolve(document: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a local `$ref` points to, or `node` itself."""
    while "$ref" in node:
        target: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def compile_schema(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Schema:
    """Compile one schema of `document`, in which its references are looked up."""
    return Schema({**schema, "components": {"schemas": document["components"]["schemas"]}})
