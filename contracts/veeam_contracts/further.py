"""The documents of `--also`: which of their operations are read on a server, and where those are.

A document is made anew from what is understood of it, so that what is broken in one place keeps nothing else from
being tried: a schema that is none allows anything, a parameter of no form is left out.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from veeam_contracts.paths import SEGMENT, VERSIONS, is_at
from veeam_mock.also.schemas import Plain, Schemas
from veeam_mock.also.sources import AlsoError, Source, follow, read_source

Json = dict[str, Any]

VARIABLE = re.compile(r"\{[^{}]*\}")
PATH = re.compile(r"/(?:[!$-;=@A-Z_a-z~]|\{[\w-]+\})*")
"""A path as it can be sent (RFC 3986 section 3.3), with variables; others are not tried."""

STATUS = re.compile(r"[1-5](?:\d\d|XX)|default")
PLACES = frozenset({"path", "query", "header"})
OWN_HEADERS = frozenset({"accept", "authorization", "content-type"})
"""Header fields that a document does not describe as parameters (OpenAPI 3.1 section 4.8.12)."""


class FurtherError(ValueError):
    """A document that cannot be used; the message names its file."""


@dataclass(frozen=True, slots=True)
class Further:
    """One document. `file` names it in messages; `document` is OpenAPI 3.1 with nothing but the reads."""

    file: str
    document: Json

    @property
    def reads(self) -> Sequence[str]:
        """The paths that are read, in the order of the document, with their variables in braces."""
        return tuple(self.document["paths"])

    @property
    def protected(self) -> Sequence[str]:
        """Those that need a token by the document."""
        return tuple(path for path, item in self.document["paths"].items() if item["get"]["security"])

    @property
    def patterns(self) -> Iterator[re.Pattern[str]]:
        """What matches each path that is read, in any case."""
        for path in self.reads:
            literals = map(re.escape, VARIABLE.split(path))
            yield re.compile(SEGMENT.join(literals), re.IGNORECASE)


def read_further(files: Iterable[str]) -> tuple[Further, ...]:
    """The documents that these name, each as `FILE` or `FILE:/FROM=/TO`. Raises `FurtherError`."""
    try:
        return tuple(_Reader(read_source(given)).further() for given in files)
    except AlsoError as error:
        raise FurtherError("; ".join(problem.message for problem in error.problems)) from None


class _Reader:
    """Picks the reads out of one document."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._schemas = Schemas(source.document)
        self._definitions: dict[str, Plain] = {}

    def further(self) -> Further:
        paths = {path: {"get": get} for path, get in self._reads()}
        if not paths:
            raise FurtherError(f"{self._source.file} describes no GET that answers JSON and is not known already")
        document = {"openapi": "3.1.0", "info": {"title": self._source.file, "version": "1"}, "paths": paths}
        return Further(self._source.file, {**document, "$defs": self._definitions})

    def _reads(self) -> Iterator[tuple[str, Json]]:
        """Each GET that answers JSON, so that nothing is downloaded. What is described here has rules of its own."""
        for path, node in self._source.paths.items():
            item = self._follow(node)
            get = item.get("get")
            if not PATH.fullmatch(path) or not isinstance(get, Mapping) or _is_own(path):
                continue
            responses = dict(self._responses(get.get("responses")))
            good = [media for status, r in responses.items() if status[0] == "2" for media in r["content"]]
            if any(map(_is_json, good)):
                demanded = get.get("security", self._source.document.get("security"))
                protected = isinstance(demanded, list) and bool(demanded) and {} not in demanded
                parameters = self._parameters(path, [item.get("parameters"), get.get("parameters")])
                yield path, {"security": [{}] * protected, "parameters": parameters, "responses": responses}

    def _follow(self, node: object) -> Mapping[str, Any]:
        return follow(self._source.document, node)

    def _responses(self, node: object) -> Iterator[tuple[str, Json]]:
        for status, response in node.items() if isinstance(node, Mapping) else ():
            if STATUS.fullmatch(str(status)):
                given = self._follow(response).get("content")
                content = given.items() if isinstance(given, Mapping) else ()
                yield str(status), {"description": "", "content": dict(map(self._content, content))}

    def _content(self, content: tuple[str, object]) -> tuple[str, Json]:
        media, node = content
        schema = node.get("schema") if isinstance(node, Mapping) else None
        return media, {"schema": self._schema(schema)} if _is_json(media) else {}

    def _schema(self, node: object) -> Plain:
        """A schema with its definitions noted; one that is no JSON Schema allows anything."""
        plain = self._schemas.plain(node)
        try:
            self._schemas.compiled(plain)
        except ValueError:
            return {}
        self._definitions |= self._schemas.definitions_of(plain)
        return plain

    def _parameters(self, path: str, lists: Iterable[object]) -> list[Json]:
        """What the path and its GET take; a variable that the document does not describe is text."""
        found: dict[tuple[str, str], Json] = {}
        for given in (parameter for each in lists if isinstance(each, list) for parameter in each):
            parameter = self._follow(given)
            name, place = parameter.get("name"), parameter.get("in")
            if isinstance(name, str) and place in PLACES and name.lower() not in OWN_HEADERS:
                found[name, str(place)] = self._parameter(parameter)
        variables = [variable[1:-1] for variable in VARIABLE.findall(path)]
        for name in variables:
            text = {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            found.setdefault((name, "path"), text)
        return [kept for (name, place), kept in found.items() if place != "path" or name in variables]

    def _parameter(self, given: Mapping[str, Any]) -> Json:
        required = given["in"] == "path" or given.get("required") is True
        style = {key: given[key] for key in ("style", "explode") if isinstance(given.get(key), (str, bool))}
        schema = self._schema(given.get("schema"))
        return {"name": given["name"], "in": given["in"], "required": required, **style, "schema": schema}


def _is_own(path: str) -> bool:
    """Whether an operation is described here."""
    return is_at(VARIABLE.sub("x", path), *{id for version in VERSIONS for id in version.places})


def _is_json(media: object) -> bool:
    return str(media).partition(";")[0].strip().lower().endswith(("/json", "+json"))


class Ids:
    """The ids of things that were seen in lists: path of the list -> id of its first item."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}

    def note(self, path: str, id: str) -> None:
        """Keep that the list at a path, whose values are filled in, has an item with this id."""
        self._first.setdefault(path.lower(), id)

    def fill(self, template: str) -> dict[str, str] | str:
        """The values of the variables of a path; or what has none that is known."""
        values: dict[str, str] = {}
        walked = ""
        for segment in template.split("/")[1:]:
            if VARIABLE.fullmatch(segment):
                found = self._first.get(walked.lower())
                if found is None:
                    return walked
                values[segment[1:-1]] = found
                segment = quote(found, safe="")
            elif VARIABLE.search(segment):
                return f"{walked}/{segment}"
            walked = f"{walked}/{segment}"
        return values
