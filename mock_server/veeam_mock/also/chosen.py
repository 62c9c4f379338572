"""The answers that the setting `answers` chooses for operations and paths of other documents."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from veeam_mock.also.operations import Described, is_json
from veeam_mock.also.routes import Routes
from veeam_mock.also.sources import AlsoError
from veeam_mock.files import read_regular
from veeam_mock.messages import BODY_LIMIT, NO_BODY, Fields
from veeam_mock.spec.schema import Violation, shorten
from veeam_mock.spec.spec import METHODS

Place = tuple[str, str]
"""An operation by method and template, or by method and a path without variables; in lower case."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """`content` is the JSON value of the body, `body` its bytes where it is not JSON; `made` says to make the body."""

    status: int
    headers: Fields
    content: Any = None
    body: bytes = b""
    made: bool = False


def choose_answers(given: Mapping[str, Mapping[str, Any]], routes: Routes[Described]) -> dict[Place, Chosen]:
    """The chosen answers by place. Raises `AlsoError` with every one that names nothing or breaks its schema."""
    found: dict[Place, Chosen] = {}
    problems: list[Violation] = []
    for key, answer in given.items():
        where = f"answers.{key}"
        try:
            for described, path in _meant(key, routes, where):
                found[described.method.lower(), path.lower()] = _checked(answer, described, where)
        except AlsoError as error:
            problems += error.problems
    if problems:
        raise AlsoError(problems)
    return found


def _meant(key: str, routes: Routes[Described], where: str) -> list[tuple[Described, str]]:
    """The operations that an operation's id, a path, or a method and a path name, each with the path that is meant."""
    named = [(described, described.path) for described in routes.all() if described.id == key]
    method, _, path = key.rpartition(" ")
    if not named and path.startswith("/") and (not method or method.lower() in METHODS):
        by_method, values = routes.find(path)
        described = by_method.get(method.upper() or "GET")
        is_template = all(value == f"{{{name}}}" or value.startswith("{") for name, value in values.items())
        named = [(described, described.path if is_template else path)] if described is not None else []
    if not named:
        raise AlsoError([Violation(where, "names no operation or path of a document in also", "enum")])
    return named


def _checked(answer: Mapping[str, Any], described: Described, where: str) -> Chosen:
    operation = described.operation
    status = answer.get("status", operation.success)
    headers = Fields({name: str(value) for name, value in answer.get("headers", {}).items()})
    schema = operation.replies.get(status)
    if status in NO_BODY and {"body", "body-file"} & answer.keys():
        raise AlsoError([Violation(where, f"an answer with {status} has no body", "body")])
    if "body" not in answer and "body-file" not in answer:
        return Chosen(status, headers, made=status == operation.success)
    if "body-file" in answer:
        where = f"{where}.body-file"
        text = _read(str(answer["body-file"]), where)
        if schema is None and not is_json(described.good.media):
            return Chosen(status, headers, body=text)
        content = _parsed(text, str(answer["body-file"]), where)
    else:
        where, content = f"{where}.body", answer["body"]
    violations = [] if schema is None else schema.violations(content, "")
    if violations:
        said = "; ".join(str(violation) for violation in violations[:3])
        file = f"{answer['body-file']} " if "body-file" in answer else ""
        raise AlsoError([Violation(where, f"{file}breaks the schema of {described.place}: {said}", "schema")])
    return Chosen(status, headers, content)


def _read(file: str, where: str) -> bytes:
    try:
        return read_regular(file, BODY_LIMIT)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise AlsoError([Violation(where, f"{file} cannot be read: {reason}", "syntax")]) from None


def _parsed(text: bytes, file: str, where: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        said = f"{shorten(file)} is not JSON, line {error.lineno}, column {error.colno}"
        raise AlsoError([Violation(where, said, "syntax")]) from None
