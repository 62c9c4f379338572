"""Which operation of other documents a path means. The first of several on one path is served."""

import re
from collections.abc import Iterator, Mapping

from veeam_mock.also.operations import Described
from veeam_mock.also.references import follow
from veeam_mock.also.schemas import Schemas
from veeam_mock.also.sources import Source
from veeam_mock.messages import decode_segment
from veeam_mock.spec.spec import METHODS

VARIABLE = re.compile(r"\{([^{}]*)\}")


class Route:
    """A path of a document, and its operations by method."""

    def __init__(self, template: str) -> None:
        self.template = template
        self.segments = template.split("/")
        self.by_method: dict[str, Described] = {}

    def values(self, segments: list[str]) -> dict[str, str] | None:
        """The values of the variables in a path of as many segments; None when it is another path."""
        found: dict[str, str] = {}
        for expected, given in zip(self.segments, segments, strict=True):
            if "{" not in expected:
                if expected.lower() != given.lower():
                    return None
            elif not _read_segment(expected, given, found):
                return None
        return found


def _read_segment(expected: str, given: str, found: dict[str, str]) -> bool:
    names = VARIABLE.findall(expected)
    if expected == f"{{{names[0] if names else ''}}}":
        found[names[0]] = given
        return bool(given)
    parts = VARIABLE.split(expected)
    pattern = "".join(re.escape(part) if number % 2 == 0 else "(.+?)" for number, part in enumerate(parts))
    matched = re.fullmatch(pattern, given, re.IGNORECASE | re.DOTALL)
    found |= zip(names, matched.groups(), strict=True) if matched else ()
    return matched is not None


class Routes:
    """The paths of all documents. Case makes no difference in them, as in those of the mock's own."""

    def __init__(self) -> None:
        self._by_key: dict[str, Route] = {}
        self._by_length: dict[int, list[Route]] = {}

    def add(self, source: Source, schemas: Schemas) -> Iterator[str]:
        """Take in the operations of a document; what is broken or there twice is told, with its place."""
        for path, node in source.paths.items():
            item = follow(source.document, node)
            if not path.startswith("/") or not item:
                yield f"paths.{path}: is not a path with operations"
                continue
            route = self._route(path)
            for method in METHODS & item.keys():
                yield from self._take(route, source, schemas, (path, method, item))

    def _take(
        self, route: Route, source: Source, schemas: Schemas, found: tuple[str, str, Mapping[str, object]]
    ) -> Iterator[str]:
        path, method, item = found
        node = item[method]
        first = route.by_method.get(method.upper())
        if not isinstance(node, Mapping) or not isinstance(node.get("responses"), Mapping):
            yield f"paths.{path}.{method}: is not an operation with responses"
        elif first is not None:
            yield f"paths.{path}.{method}: is on one path with {first.place}, which is served"
        else:
            described = Described(source.document, schemas, (source.file, route.template, method.upper()), node)
            described.shared = item.get("parameters", ())
            route.by_method[method.upper()] = described

    def _route(self, path: str) -> Route:
        key = VARIABLE.sub("{}", path).lower()
        if key not in self._by_key:
            route = self._by_key[key] = Route(path)
            same_length = self._by_length.setdefault(len(route.segments), [])
            same_length.append(route)
            # What is written out goes before what is variable (OpenAPI 3.1 section 4.8.8.2).
            same_length.sort(key=lambda route: ["{" in segment for segment in route.segments])
        return self._by_key[key]

    def all(self) -> Iterator[Described]:
        """Every operation."""
        for route in self._by_key.values():
            yield from route.by_method.values()

    def find(self, path: str) -> tuple[Mapping[str, Described], dict[str, str]]:
        """The operations by method of a percent-encoded path, and the values in it; empty for an unknown path."""
        segments = [decode_segment(segment) if "%" in segment else segment for segment in path.split("/")]
        for route in self._by_length.get(len(segments), ()):
            values = route.values(segments)
            if values is not None and route.by_method:
                return route.by_method, values
        return {}, {}
