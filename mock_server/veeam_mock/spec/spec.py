"""An OpenAPI document, compiled: which operation a request means, and what is wrong with a request or a reply.

The document is the only place where paths, parameters and schemas are written. Where it carries `x-ambiguity`, the
reading that was picked is merged into the schema before it is compiled (see the head of `openapi.yaml`).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from veeam_mock.messages import JSON, Reply, Request, decode_segment
from veeam_mock.spec.bodies import Body, BodyReader, ReadBody, Tolerance
from veeam_mock.spec.readings import apply_readings, default_readings
from veeam_mock.spec.schema import Schema, Violation

METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
NO_VALUES: Mapping[str, str] = MappingProxyType({})


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
    body: Body
    replies: Mapping[int, Schema | None]
    success: int
    """The status of a good answer."""
    elsewhere: object = None
    """What another document says of it; None for those of the mock's own."""


class Match(NamedTuple):
    """The operation that a request means, the values in its path, and what was forgiven in it."""

    operation: Operation
    path_values: Mapping[str, str]
    forgiven: str | None = None


class NoMatch(NamedTuple):
    """No operation: `allowed` are the methods that the path has, none when the path is unknown."""

    allowed: tuple[str, ...] = ()


NOT_SERVED = NoMatch()
SLASH = "path: a slash stands at its end"


class CheckedRequest(NamedTuple):
    """A request as the spec reads it: the values by name, the JSON value of the body, what is wrong, and what is not as
    a standard has it and was forgiven."""

    values: Mapping[str, Any]
    body: Any
    violations: Sequence[Violation]
    forgiven: Sequence[str]

    def with_body(self, read: ReadBody) -> "CheckedRequest":
        """The same request with what was read of its body."""
        value, violations, forgiven = read
        if self.violations or self.forgiven:
            violations, forgiven = [*self.violations, *violations], [*self.forgiven, *forgiven]
        return CheckedRequest(self.values, value, violations, forgiven)


class Spec:
    """A compiled document. `readings` picks readings of its ambiguities: id -> name; others have the first."""

    def __init__(self, document: Mapping[str, Any], readings: Mapping[str, str] | None = None) -> None:
        self.document = document
        picked = readings or {}
        self.readings = {key: picked.get(key, name) for key, name in default_readings(document).items()}
        effective = apply_readings(document, self.readings)
        self._ignore_case = self.readings.get("path-case", "ignored") == "ignored"
        self._tolerance = Tolerance(
            json=self.readings.get("json-leniency") == "read", multipart=self.readings.get("form-multipart") == "read"
        )
        self.ignores_slash = self.readings.get("path-slash") == "ignored"
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
        found = self._find(method, path)
        if path.endswith("/") and self.ignores_slash and found == NOT_SERVED:
            found = self._find(method, path[:-1])
            return found._replace(forgiven=SLASH) if isinstance(found, Match) else found
        return found

    def _find(self, method: str, path: str) -> Match | NoMatch:
        values: Mapping[str, str] = NO_VALUES
        by_method = self._literal.get(self._fold(path))
        if by_method is None:
            segments = path.split("/")
            by_method, values = self._find_template([decode_segment(s) if "%" in s else s for s in segments])
        if by_method is None:
            return NOT_SERVED
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

    def check_request(self, match: Match, request: Request) -> CheckedRequest:
        """The values of `request` and everything that is wrong with it. Never raises."""
        reader = self.body_reader(match, request)
        checked = self.check_head(match, request)
        return checked if reader is None else checked.with_body(reader.read(request.body))

    def check_head(self, match: Match, request: Request) -> CheckedRequest:
        """What can be said of `request` before its body is looked at. Never raises."""
        values, violations = self._check_parameters(match, request)
        return CheckedRequest(values, None, violations, [match.forgiven] if match.forgiven else [])

    def body_reader(self, match: Match, request: Request) -> BodyReader | None:
        """What reads the bodies that come with the head of `request`; None where the operation takes none."""
        return match.operation.body.reader(request, self._tolerance)

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

    def check_reply(self, operation_id: str, reply: Reply) -> Sequence[Violation]:
        """Everything in `reply` that the operation does not promise."""
        replies = self.operations[operation_id].replies
        if reply.status not in replies:
            return [Violation("status", f"{reply.status} is not a status of {operation_id}", "status")]
        schema = replies[reply.status]
        if schema is None or schema.is_valid(reply.content):
            return ()
        return schema.violations(reply.content, "body")


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
        body=_compile_body(document, body),
        replies=replies,
        success=min(replies),
    )


def _compile_body(document: Mapping[str, Any], body: Mapping[str, Any]) -> Body:
    schemas = {media: content["schema"] for media, content in body.get("content", {}).items()}
    compiled = {
        media: (compile_schema(document, schema), _inlined(document, schema)) for media, schema in schemas.items()
    }
    return Body(compiled, body.get("required", False))


def _inlined(document: Mapping[str, Any], schema: Mapping[str, Any], depth: int = 8) -> Mapping[str, Any]:
    """A schema with the references of its properties followed, as deep as bodies go."""
    schema = resolve(document, schema)
    if "properties" not in schema or depth == 0:
        return schema
    return {
        **schema,
        "properties": {name: _inlined(document, below, depth - 1) for name, below in schema["properties"].items()},
    }


def _compile_parameter(document: Mapping[str, Any], reference: Mapping[str, Any]) -> Parameter:
    parameter = resolve(document, reference)
    schema = resolve(document, parameter["schema"])
    bound = INTEGERS.get(str(schema.get("format")))
    if bound is not None:
        schema = {"minimum": -bound, "maximum": bound - 1, **schema}
    name = parameter["name"]
    return Parameter(
        name,
        name.lower() if parameter["in"] == "header" else name,
        parameter["in"],
        parameter.get("required", False),
        compile_schema(document, schema),
        COERCIONS.get(str(schema.get("type")), str),
    )


def _coerce_number(text: str) -> object:
    """A whole number of ASCII digits; Python's own reading also takes those of other scripts."""
    return int(text) if re.fullmatch("[+-]?[0-9]{1,100}", text) else text


def _coerce_boolean(text: str) -> object:
    """A boolean in any case, as .NET reads it."""
    return {"true": True, "false": False}.get(text.lower(), text)


COERCIONS: Mapping[str, Callable[[str], object]] = {
    "integer": _coerce_number,
    "number": _coerce_number,
    "boolean": _coerce_boolean,
}
"""The type of a parameter -> how its text becomes a JSON value."""

INTEGERS: Mapping[str, int] = {"int32": 2**31, "int64": 2**63}
"""The format of an integer (OpenAPI 3.1 section 4.4) -> the first number that is too large for it."""


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
