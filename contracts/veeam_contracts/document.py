"""The documents as the contracts read them: what every lawful server takes, what every lawful server refuses.

Where the sources disagree, a document carries `x-ambiguity`. Folding the readings of such an element gives two
documents: the *strict* one, whose requests are valid under every reading, and the *loose* one, whose requests are
invalid only when they are invalid under every reading. Answers are always judged by the loose one.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, cached_property
from typing import Any

import jsonschema_rs

from veeam_contracts.asking.exchange import NOT_JSON
from veeam_contracts.paths import VERSIONS, Version

Json = dict[str, Any]
Folding = Callable[[Json, list[Json]], Json]

REQUEST_QUESTIONS = frozenset(
    {"organization-id", "unknown-organization", "region-required", "region-names", "region-case", "extended-view"}
)
"""The questions about what may be sent. All others are about answers, which the strict document does not narrow."""


OWIN_DATES = frozenset({".issued", ".expires"})
"""Members of a login that Microsoft's OWIN token endpoint writes as RFC 1123 does: see `token.lifetime`."""

WRITES = frozenset(
    {
        "addOrganization",
        "updateOrganization",
        "deleteOrganization",
        "addApplications",
        "exploreOrganization",
        "stopRestoreSession",
        "logOut",
    }
)
"""Operations that change what there is: only some rules try what they do, all others that they are protected."""


class Description:
    """The document of one version, folded."""

    def __init__(self, version: Version) -> None:
        self.version = version
        self._validators: dict[tuple[str, int], jsonschema_rs.Draft202012Validator | None] = {}

    @property
    def questions(self) -> Mapping[str, Json]:
        """The ambiguities: id -> question and readings."""
        catalogue: Mapping[str, Json] = self.version.document["x-ambiguities"]
        return catalogue

    @cached_property
    def strict(self) -> Json:
        """The document whose requests every lawful server takes."""
        return self._fold(lambda ids: _meet if REQUEST_QUESTIONS.issuperset(ids) else _join)

    @cached_property
    def loose(self) -> Json:
        """The document whose requests and answers are as wide as all readings together."""
        return self._fold(lambda ids: _join)

    @property
    def sure_regions(self) -> list[str]:
        """The names of regions that every lawful server knows, as written in the document."""
        names: list[str] = self.strict["components"]["schemas"]["TargetRegion"]["enum"]
        return [name for name in names if name is not None]

    @property
    def operations(self) -> dict[str, tuple[str, str, Json]]:
        """operationId -> method, path and the operation, of the loose document."""
        places = self.version.places.items()
        return {id: (method, path, self.loose["paths"][path][method.lower()]) for id, (method, path) in places}

    def operation_at(self, label: str) -> str | None:
        """The operationId of a label such as `POST /v4/DeviceCode`; None when the document has no such operation."""
        return next((id for id in self.version.places if self.version.label(id) == label), None)

    @property
    def example_restore_session(self) -> str:
        """The restore session of the document's example, which the bundled mock has."""
        path = self.version.document["paths"][self.version.places["getRestoreDeviceCode"][1]]
        value: str = self.resolve(path["parameters"][0])["examples"]["session"]["value"]
        return value

    def resolve(self, node: Any) -> Any:
        """`node` of the loose document as plain JSON Schema: references inlined, `nullable` in the types."""
        if isinstance(node, list):
            return [self.resolve(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            found: Any = self.loose
            for step in node["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            return self.resolve(found)
        plain = {key: self.resolve(value) for key, value in node.items() if key != "nullable"}
        if node.get("nullable") is True and isinstance(plain.get("type"), str):
            plain["type"] = [plain["type"], "null"]
        return plain

    def violations(self, operation_id: str, status: int, value: Any) -> list[str]:
        """What is wrong with the JSON value of an answer, each with its place; values are not repeated."""
        validator = self._validator(operation_id, status)
        if validator is None:
            return [f"status {status} is not one of {operation_id}"]
        if value is NOT_JSON:
            return ["the body is not JSON"]
        try:
            return [_describe(error) for error in validator.iter_errors(value)]
        except ValueError as unfit:
            return [f"the body is JSON that no validator takes ({unfit})"]

    def _validator(self, operation_id: str, status: int) -> jsonschema_rs.Draft202012Validator | None:
        key = (operation_id, status)
        if key not in self._validators:
            answer = self.resolve(self.operations[operation_id][2]["responses"].get(str(status)))
            schema = answer["content"]["application/json"]["schema"] if answer and "content" in answer else None
            known = schema and jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
            self._validators[key] = known
        return self._validators[key]

    def _fold(self, choose: Callable[[Iterable[str]], Folding]) -> Json:
        def rewrite(node: Any) -> Any:
            if isinstance(node, list):
                return [rewrite(item) for item in node]
            if not isinstance(node, dict):
                return node
            plain = {key: rewrite(value) for key, value in node.items() if key != "x-ambiguity"}
            if plain.get("pattern") == "^https://":
                plain["pattern"] = "^[Hh][Tt][Tt][Pp][Ss]://"  # RFC 3986 section 3.1: schemes have no case.
            if "invalid_grant" in plain.get("enum", ()):
                del plain["enum"]  # RFC 6749 section 8.5: a server may have codes of its own.
            for name in OWIN_DATES & plain.keys():
                plain[name] = {"type": "string"} if "format" in plain[name] else plain[name]
            ids = node.get("x-ambiguity")
            return plain if ids is None else choose(ids)(plain, list(self._variants(plain, ids)))

        whole = self.version.document.items()
        document: Json = rewrite({key: value for key, value in whole if key != "x-ambiguities"})
        return document

    def _variants(self, node: Json, ids: Iterable[str]) -> Iterator[Json]:
        """`node` under each combination of readings of the questions `ids`."""
        part = "parameter" if "in" in node else "schema"
        patches = [[reading.get(part, {}) for reading in self.questions[key]["readings"].values()] for key in ids]
        for combination in itertools.product(*patches):
            variant = dict(node)
            for patch in combination:
                variant.update(patch)
            yield {key: value for key, value in variant.items() if value is not None}


@cache
def describe(version: Version) -> Description:
    """The document of a version, folded once."""
    return Description(version)


def questions() -> Mapping[str, Json]:
    """The ambiguities of all versions: id -> question and readings."""
    return {key: entry for version in reversed(VERSIONS) for key, entry in describe(version).questions.items()}


def _meet(node: Json, variants: list[Json]) -> Json:
    """The schema of what is valid under every variant."""
    merged: Json = {}
    for variant in variants:
        merged.update(variant)
    merged.pop("x-ignore-case", None)
    if "enum" in merged:
        merged["enum"] = [
            name for name in merged["enum"] if name is not None and all(name in v["enum"] for v in variants)
        ]
    _set_flag(merged, "nullable", all(variant.get("nullable", False) for variant in variants))
    _set_required(merged, _required_lists(variants), set.union)
    return merged


def _join(node: Json, variants: list[Json]) -> Json:
    """The schema of what is valid under any variant."""
    shared = {key: node.get(key, variants[0][key]) for key in variants[0] if all(key in v for v in variants)}
    if "enum" in shared:
        shared["enum"] = list(dict.fromkeys(name for variant in variants for name in variant.get("enum") or ()))
        if any(variant.get("x-ignore-case") for variant in variants):
            shared["pattern"] = ignoring_case(filter(None, shared.pop("enum") or ()))
    shared.pop("x-ignore-case", None)
    _set_flag(shared, "nullable", any(variant.get("nullable", False) for variant in variants))
    _set_required(shared, _required_lists(variants), set.intersection)
    return shared


def _required_lists(variants: list[Json]) -> list[Any]:
    return [variant.get("required", []) for variant in variants]


def _set_flag(schema: Json, key: str, value: bool) -> None:
    schema.pop(key, None)
    if value:
        schema[key] = True


def _set_required(schema: Json, given: list[Any], combine: Callable[..., set[str]]) -> None:
    schema.pop("required", None)
    if "in" in schema:
        schema["required"] = any(given) if combine is set.union else all(given)
    elif "properties" in schema:
        names = sorted(combine(*map(set, given)))
        schema.update({"required": names} if names else {})


def ignoring_case(names: Iterable[str]) -> str:
    """A pattern (ECMA 262) that matches each name in any case."""
    spellings = dict.fromkeys(name.lower() for name in names)
    folded = ("".join(f"[{c.upper()}{c}]" if c.isalpha() else c for c in name) for name in spellings)
    return f"^(?:{'|'.join(folded)})$"


def region_names() -> list[str]:
    """The names of regions of all versions, as written in the document of the first."""
    names = VERSIONS[0].document["components"]["schemas"]["TargetRegion"]["enum"]
    return [name for name in names if name is not None]


@cache
def properties_of(version: Version) -> frozenset[str]:
    """The names of all members that the document of a version has."""
    found: set[str] = set()
    rest: list[Any] = [version.document]
    while rest:
        value = rest.pop()
        if isinstance(value, dict):
            found |= value["properties"].keys() if isinstance(value.get("properties"), dict) else set()
            rest += value.values()
        elif isinstance(value, list):
            rest += value
    return frozenset(found)


def _describe(error: jsonschema_rs.ValidationError) -> str:
    place = ".".join(map(str, error.instance_path)) or "the body"
    details = {key: value for key, value in error.kind.as_dict().items() if key not in ("context", "options")}
    return f"{place} breaks `{error.kind.name}`" + (f" ({_shown(details)})" if details else "")


def _shown(details: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}: {value}" for key, value in details.items())
