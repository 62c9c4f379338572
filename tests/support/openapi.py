"""What stands in an OpenAPI document: its operations, what has a schema, and whether a value keeps to it."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import jsonschema_rs

Json = dict[str, Any]
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


class Operation(NamedTuple):
    """One operation, with the parameters of its path beside its own, references followed."""

    method: str
    path: str
    item: Json
    parameters: list[Json]

    @property
    def id(self) -> str:
        return str(self.item["operationId"])


class Content(NamedTuple):
    """A parameter, or one media type of a body: whatever has a schema and examples."""

    where: str
    item: Json


def resolved(document: Json, node: Json) -> Json:
    """Follow a `$ref` inside the document."""
    while "$ref" in node:
        target: Any = document
        for key in node["$ref"].removeprefix("#/").split("/"):
            target = target[key.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def operations(document: Json) -> Iterator[Operation]:
    """Every operation, in the order of paths and then of methods."""
    for path, item in sorted(document["paths"].items()):
        for method in sorted(item.keys() & set(METHODS)):
            given = [*item.get("parameters", []), *item[method].get("parameters", [])]
            yield Operation(method.upper(), path, item[method], [resolved(document, each) for each in given])


def contents(document: Json) -> Iterator[Content]:
    """Every parameter and every media type of a request or a reply."""
    for operation in operations(document):
        for parameter in operation.parameters:
            yield Content(f"{operation.id} {parameter['name']}", parameter)
        bodies = {"request": operation.item.get("requestBody", {})} | operation.item["responses"]
        for name, body in bodies.items():
            for media_type, content in resolved(document, body).get("content", {}).items():
                yield Content(f"{operation.id} {name} {media_type}", content)


def json_schema(node: Any) -> Any:
    """Turn the schemas below a node of OpenAPI 3.0 into JSON Schema: `nullable` becomes the type `null`."""
    if isinstance(node, list):
        return [json_schema(child) for child in node]
    if not isinstance(node, dict):
        return node
    converted = {key: json_schema(child) for key, child in node.items() if key != "nullable"}
    if node.get("nullable") is True and "type" in node:
        converted["type"] = [node["type"], "null"]
    return converted


def mistakes(document: Json, schema: Json, value: Any) -> list[str]:
    """What is wrong with a value by a schema of the document, one line for each mistake."""
    root = json_schema(schema) | {"components": {"schemas": json_schema(document["components"]["schemas"])}}
    validator = jsonschema_rs.Draft202012Validator(root, validate_formats=True)
    return [error.message for error in validator.iter_errors(value)]
