"""One operation of another document, compiled when it is first asked for."""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from veeam_mock.also.schemas import Plain, Schemas
from veeam_mock.also.sources import MOST_STEPS, follow, is_parameter
from veeam_mock.messages import FORM, JSON
from veeam_mock.secrecy.showing import printable
from veeam_mock.spec.bodies import Body
from veeam_mock.spec.schema import Schema
from veeam_mock.spec.spec import Operation, Parameter

log = logging.getLogger("veeam_mock")

MEDIA_TYPE = re.compile(r"[!#$&^_.+*0-9a-z-]{1,127}/[!#$&^_.+*0-9a-z-]{1,127}")
"""A media type or a range of them (RFC 6838 section 4.2), in lower case."""

STATUS = re.compile(r"[2-5][0-9][0-9]")
"""The status of an answer; one of 1xx is none."""

ANYTHING = Schema(True)


@dataclass(frozen=True, slots=True)
class Good:
    """The good answer as the document has it: status, media type, schema and whole examples."""

    status: int
    media: str | None
    schema: Plain
    examples: tuple[Any, ...]


class Described:
    """An operation of a document. `place` says where in which file; `shared` are the parameters of its path."""

    def __init__(
        self, document: Mapping[str, Any], schemas: Schemas, place: tuple[str, str, str], node: Mapping[str, Any]
    ) -> None:
        self.file, self.path, self.method = place
        self.schemas = schemas
        self.id = str(node.get("operationId") or f"{self.method} {self.path}")
        self._document = document
        self._node = node
        self.shared: object = ()

    @property
    def place(self) -> str:
        """Where it stands, for messages."""
        return f"{self.file}: {self.method} {self.path}"

    @cached_property
    def operation(self) -> Operation:
        """The compiled operation."""
        security = self._node.get("security", self._document.get("security", []))
        body = follow(self._document, self._node.get("requestBody"))
        bodies = dict(_body(self, media, content) for media, content in _mapping(body.get("content")).items())
        replies = {int(s): self._reply(r) for s, r in self._responses.items() if STATUS.fullmatch(s)}
        return Operation(
            id=self.id,
            method=self.method,
            path=self.path,
            protected=isinstance(security, list) and bool(security) and {} not in security,
            parameters=tuple(self._parameters()),
            body=Body(bodies, body.get("required") is True and bool(bodies)),
            replies={self.good.status: self.good_schema, **replies},
            success=self.good.status,
            elsewhere=self,
        )

    @cached_property
    def good(self) -> Good:
        """The good answer."""
        status, response = _good_response(self._responses)
        media, content = _best_content(follow(self._document, response).get("content"))
        named = _mapping(content.get("examples")).values()
        found = [follow(self._document, example).get("value") for example in named]
        examples = tuple(e for e in [content.get("example"), *found] if e is not None)
        return Good(status, media, self.schemas.plain(content.get("schema")), examples)

    @cached_property
    def good_schema(self) -> Schema | None:
        """The compiled schema of the good answer; None where it is not JSON."""
        return self.compile(self.good.schema, "the good answer") if is_json(self.good.media) else None

    @property
    def _responses(self) -> Mapping[str, Any]:
        return _mapping(self._node.get("responses"))

    def compile(self, plain: Plain, what: str) -> Schema:
        """A schema of this operation; one that is not JSON Schema is told in the log and takes anything."""
        try:
            return self.schemas.compiled(plain)
        except ValueError as error:
            reason = str(error).splitlines()[0][:200]
            said = f"{self.place}: the schema of {what} cannot be used and takes anything: {reason}"
            log.warning("%s", printable(said))
            return ANYTHING

    def _reply(self, reference: object) -> Schema | None:
        media, content = _best_content(follow(self._document, reference).get("content"))
        return self.compile(self.schemas.plain(content.get("schema")), "an answer") if is_json(media) else None

    def _parameters(self) -> list[Parameter]:
        own = self._node.get("parameters")
        given = [*(self.shared if isinstance(self.shared, list) else ()), *(own if isinstance(own, list) else ())]
        nodes = [follow(self._document, parameter) for parameter in given]
        # A parameter of the operation goes before one of its path (OpenAPI 3.1 section 4.8.9.1).
        by_name = {(node.get("name"), node.get("in")): node for node in nodes if is_parameter(node)}
        return [self._parameter(node) for node in by_name.values()]

    def _parameter(self, node: Mapping[str, Any]) -> Parameter:
        name, place = node["name"], node["in"]
        plain = self.schemas.plain(node.get("schema"))
        for _ in range(MOST_STEPS):
            plain = self.schemas.definition(plain["$ref"]) if "$ref" in plain else plain
        coerce = _coercion(plain)
        return Parameter(
            name,
            name.lower() if place == "header" else name,
            place,
            node.get("required") is True,
            ANYTHING if coerce is None else self.compile(plain, f"the parameter {name}"),
            coerce or str,
        )


def is_json(media: str | None) -> bool:
    """Whether a media type is JSON (RFC 6839 section 3.1)."""
    return media is not None and (media.endswith(("/json", "+json")))


def _mapping(node: object) -> Mapping[str, Any]:
    return node if isinstance(node, Mapping) else {}


def _body(described: Described, media: str, content: object) -> tuple[str, tuple[Schema, Plain]]:
    media = JSON if media == "*/*" else media.partition(";")[0].strip().lower()
    plain = described.schemas.plain(_mapping(content).get("schema"))
    # A form has text alone, whatever types its fields are described with.
    schema = described.compile(plain, "the body") if is_json(media) and media != FORM else ANYTHING
    return media, (schema, {})


def _good_response(responses: Mapping[str, Any]) -> tuple[int, object]:
    statuses = sorted(filter(STATUS.fullmatch, responses))
    if statuses and statuses[0].startswith("2"):
        return int(statuses[0]), responses[statuses[0]]
    for status in ("2XX", "2xx", "default"):
        if status in responses and (status != "default" or not statuses):
            return 200, responses[status]
    return (int(statuses[0]), responses[statuses[0]]) if statuses else (200, None)


def _best_content(content: object) -> tuple[str | None, Mapping[str, Any]]:
    """The media type of an answer, JSON before others, and what is said of it."""
    named = {key.partition(";")[0].strip().lower(): _mapping(value) for key, value in _mapping(content).items()}
    by_media = {media: value for media, value in named.items() if MEDIA_TYPE.fullmatch(media)}
    if not by_media:
        return None, {}
    media = next(filter(is_json, by_media), next(iter(by_media)))
    return JSON if media == "*/*" else media, by_media[media]


def _coercion(plain: Plain) -> Callable[[str], object] | None:
    """How the text of a parameter becomes the value that its schema means; None where the text cannot tell."""
    declared = plain.get("type", "string")
    kinds = [kind for kind in declared if kind != "null"] if isinstance(declared, list) else [declared]
    match kinds:
        case ["integer"] | ["number"]:
            return _number
        case ["boolean"]:
            return _boolean
        case ["string"] if not {"anyOf", "oneOf", "allOf"} & plain.keys():
            return str
        case ["array"]:
            items = dict(_mapping(plain.get("items")))
            return None if "$ref" in items else partial(_list, _coercion(items) or str)
        case _:
            return None


def _number(text: str) -> object:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _boolean(text: str) -> object:
    return {"true": True, "false": False}.get(text.lower(), text)


def _list(inner: Callable[[str], object], text: str) -> object:
    return [inner(part) for part in text.split(",")]
