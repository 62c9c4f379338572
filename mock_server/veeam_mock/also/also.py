"""All that is served from other documents: found, and answered."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from veeam_mock.also.chosen import Chosen, choose_answers
from veeam_mock.also.contents import Asked, Contents
from veeam_mock.also.documents import load_documents
from veeam_mock.also.operations import Described, is_json
from veeam_mock.also.scene import Scene
from veeam_mock.also.sources import stamp_of
from veeam_mock.messages import NO_BODY, Fields, Reply
from veeam_mock.secrecy.showing import printable
from veeam_mock.spec.spec import NOT_SERVED, SLASH, CheckedRequest, Match, NoMatch, Operation
from veeam_mock.spec.versions import Version, Versions

log = logging.getLogger("veeam_mock")

MADE_TEXT = b"made by veeam-mock\n"
"""The body of an answer that is not JSON."""


class Also:
    """The operations of the documents that `files` name, each as `FILE` or `FILE:/FROM=/TO`, with chosen `answers`.

    Raises `AlsoError` when a document cannot be read or an answer does not fit; what is broken within a document is
    told by `tell`, and the rest is served.
    """

    def __init__(self, files: Sequence[str] = (), answers: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self.files = tuple(files)
        self._documents = load_documents(tuple(map(stamp_of, files)))
        self._routes = self._documents.routes
        self._chosen = choose_answers(answers or {}, self._routes)
        self._contents = Contents(self._routes)

    def tell(self) -> None:
        """Write what is broken in the documents to the log, each with its place, once for each state of the files."""
        while self._documents.untold:
            log.warning("%s", printable(self._documents.untold.pop(0)))

    def find(self, method: str, path: str) -> Match | NoMatch:
        """The operation for a method and a percent-encoded path. HEAD means the GET of the same path."""
        by_method, values = self._routes.find(path)
        described = by_method.get("GET" if method == "HEAD" else method)
        if described is None:
            return NoMatch((*sorted(by_method), *(["HEAD"] if "GET" in by_method else [])))
        return Match(described.operation, values)

    def operations(self, operation_id: str) -> Iterator[Operation]:
        """The operations with this id."""
        return (described.operation for described in self._routes.all() if described.id == operation_id)

    def answer(self, match: Match, checked: CheckedRequest, scene: Scene) -> Reply:
        """The good answer, or the chosen one. Raises `CannotMake` when none can be made that fits its schema."""
        operation = match.operation
        described = operation.elsewhere
        assert isinstance(described, Described)
        query = {p.name: checked.values[p.name] for p in operation.parameters if _is_asked(p.place, p.name, checked)}
        asked = Asked(described, match.path_values, query, checked.body)
        chosen = self._chosen.get((operation.method.lower(), asked.path.lower()))
        chosen = chosen or self._chosen.get((operation.method.lower(), operation.path.lower()))
        if chosen is not None and not chosen.made:
            return _chosen_reply(chosen)
        reply = self._made(asked, scene)
        if chosen is not None:
            reply.headers.replace(chosen.headers)
        return reply

    def _made(self, asked: Asked, scene: Scene) -> Reply:
        described = asked.described
        good = described.good
        if good.media is None or good.status in NO_BODY:
            return Reply(good.status)
        if is_json(good.media):
            headers = Fields() if good.media == "application/json" else Fields({"Content-Type": good.media})
            return Reply(good.status, self._contents.make(asked, scene), headers)
        text = next((example.encode() for example in good.examples if isinstance(example, str)), MADE_TEXT)
        return Reply(good.status, None, Fields({"Content-Type": good.media}), text)


def _is_asked(place: str, name: str, checked: CheckedRequest) -> bool:
    return place == "query" and name in checked.values


def _chosen_reply(chosen: Chosen) -> Reply:
    return Reply(chosen.status, chosen.content, chosen.headers.copy(), chosen.body)


class Served:
    """All operations of a server: its own in each version, and those of other documents."""

    def __init__(self, versions: Versions, also: Also) -> None:
        self.versions = versions
        self.also = also

    @property
    def oldest(self) -> Version:
        """The oldest version, which speaks for what names none."""
        return self.versions.oldest

    def find(self, method: str, path: str) -> tuple[Version | None, Match | NoMatch]:
        """The version that a path names, and the operation that is meant: the mock's own, else another document's.

        A path that another document writes out goes before a variable of the mock's own. An operation outside of all
        versions is spoken for by the oldest one.
        """
        version, own = self.versions.find(method, path)
        if isinstance(own, Match) and not own.path_values:
            return version, own
        other = _find_other(self.also, (method, path), (version or self.versions.oldest).spec.ignores_slash)
        if isinstance(other, Match) and not (isinstance(own, Match) and other.path_values):
            return version or self.versions.oldest, other
        if isinstance(own, Match) or isinstance(other, Match):
            return version, own
        return version, NoMatch(tuple(sorted({*own.allowed, *other.allowed})))

    def operations(self, operation_id: str) -> Iterator[Operation]:
        """An operation as each document and each version has it."""
        yield from self.also.operations(operation_id)
        yield from self.versions.operations(operation_id)

    def operation_ids(self) -> list[str]:
        """The operations of the mock's own, and the files that have others."""
        return [*self.versions.operation_ids(), *(f"an operation of {file}" for file in self.also.files)]


def _find_other(also: Also, asked: tuple[str, str], ignores_slash: bool) -> Match | NoMatch:
    method, path = asked
    found = also.find(method, path)
    if path.endswith("/") and ignores_slash and found == NOT_SERVED:
        found = also.find(method, path[:-1])
        return found._replace(forgiven=SLASH) if isinstance(found, Match) else found
    return found
