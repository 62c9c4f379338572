"""The documents that `--also` names, read into routes. The first of several operations on one path is served."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, islice

from veeam_mock.also.operations import Described
from veeam_mock.also.routes import Route, Routes
from veeam_mock.also.schemas import Schemas
from veeam_mock.also.sources import Source, broken_references, follow, read_source, repeated_paths
from veeam_mock.spec.spec import METHODS

MOST_TOLD = 20
"""Broken places of one document that are told."""


@dataclass(frozen=True, slots=True)
class Documents:
    """The operations of some documents, and what is broken in them and has not been told yet, each with its place."""

    routes: Routes[Described] = field(default_factory=Routes)
    untold: list[str] = field(default_factory=list)


@lru_cache(maxsize=4)
def load_documents(stamps: tuple[tuple[str, int, int], ...]) -> Documents:
    """The documents of these files, as `stamp_of` tells their states; read anew only when a file has changed.

    Raises `AlsoError` when one cannot be read.
    """
    documents = Documents()
    for given, _, _ in stamps:
        source = read_source(given)
        found = chain(
            _add(documents.routes, source), repeated_paths(source), broken_references(source.document, source.text)
        )
        told = [f"{source.file}: {problem}" for problem in islice(found, MOST_TOLD)]
        more = sum(1 for _ in found)
        documents.untold.extend([*told, f"{source.file}: and {more} more of such places"] if more else told)
    return documents


def _add(routes: Routes[Described], source: Source) -> Iterator[str]:
    """Take in the operations of a document; what is broken or there twice is told."""
    schemas = Schemas(source.document)
    for path, node in source.paths.items():
        item = follow(source.document, node)
        if not path.startswith("/") or not item:
            yield f"paths.{path}: is not a path with operations"
            continue
        route = routes.at(path)
        for method in sorted(METHODS & item.keys()):
            problem = _problem(route, method, item[method])
            if problem:
                yield f"paths.{path}.{method}: {problem}"
            else:
                place = (source.file, path, method.upper())
                described = Described(source.document, schemas, place, item[method])
                described.shared = item.get("parameters", ())
                route.by_method[method.upper()] = described


def _problem(route: Route[Described], method: str, node: object) -> str:
    """Why an operation is left out; empty when it is not."""
    if not isinstance(node, Mapping) or not isinstance(node.get("responses"), Mapping):
        return "is not an operation with responses"
    first = route.by_method.get(method.upper())
    return f"is on one path with {first.place}, which is served" if first is not None else ""
