"""One answer of a profile, taken apart once, so that giving it costs little."""

from collections.abc import Mapping, Sequence
from typing import Any

from veeam_mock.messages import NO_LENGTH, OUR_OWN, Fields, Manner, Reply
from veeam_mock.profiles.contents import Ours, content_writer, plain_list, plain_object
from veeam_mock.profiles.templates import Asking, Template, for_header, spelled_for
from veeam_mock.profiles.values import FORM

OF_OURS = frozenset({"date", "content-length", "content-encoding", "transfer-encoding", "connection", "content-type"})
"""Header fields that the mock or its door writes, whatever a profile says."""

OURS = Ours()
LENGTH = "content-length"
FIELDS = ("status", "content-type", "framing", "connection", "compression")


class Learned:
    """An answer as `entry` of a profile has it; good ones have their shape in the version `api` alone, where named.
    `framing` is how the mock frames answers without being told, and `ours` how it answers itself. `fixed` are the
    lines of the header fields where they are the same each time. An object of ours that is `plain`
    is given as it is. Each is None where there is no such thing. `says` is the status and the body."""

    def __init__(self, entry: Mapping[str, Any], api: str | None, framing: str, ours: Ours = OURS) -> None:
        self.status = int(entry["status"])
        self.manner = _manner(entry, framing)
        fields = [
            (_title(name), text) for name, text in entry.get("headers", {}).items() if name.lower() not in OF_OURS
        ]
        if entry.get("content-type"):
            fields.append(("Content-Type", entry["content-type"]))
        templates = [(name, Template(text)) for name, text in fields]
        self._fixed = Fields.of_pairs((name, each.fixed) for name, each in templates if each.fixed is not None)
        self._filled = [(name, each) for name, each in templates if each.fixed is None]
        self.fixed = None if self._filled else self._fixed.lines
        self._takes_type = "content-type" not in entry
        body = entry.get("body") if self.status not in NO_LENGTH else None
        self.says = self.status, body
        self._is_text = isinstance(body, str) and not FORM.fullmatch(body)
        self._api = api
        self._content = content_writer(body, ours, api) if "body" in entry else ours.pages.rewriter
        self.plain, self._is_plain = plain_object(body, ours), plain_list(body, ours)
        if self.status in NO_LENGTH:
            self._content = _without_content
        self._body = Template(body) if isinstance(body, str) else Template("")
        self._bytes = None if self._body.fixed is None else _encoded(self._body.fixed)
        self._spell = spelled_for(str(entry.get("content-type", "")).lower())

    def lines_for(self, asking: Asking) -> dict[str, str]:
        """The lines of the header fields of an answer in an exchange (`Fields.lines`)."""
        fields = self._fixed.copy()
        for name, template in self._filled:
            fields.add(name, for_header(template.fill(asking)))
        return fields.lines

    def write(self, reply: Reply, asking: Asking) -> None:
        """Write the body of a good answer as it was learned."""
        if self._is_text:
            if self._api in (None, asking.api):
                self.replace(reply, asking)
        elif self._content is not None and (self._is_plain is None or not self._is_plain(reply.content)):
            reply.content = self._content(reply.content, asking)

    def replace(self, reply: Reply, asking: Asking) -> None:
        """Make this answer of `reply`, of which the body is a text: a refusal, or what is no JSON."""
        lines = self.fixed.copy() if self.fixed is not None else self.lines_for(asking)
        if self._takes_type and "content-type" in reply.headers.lines:
            lines["content-type"] = reply.headers.lines["content-type"]
        reply.body = self._bytes if self._bytes is not None else _encoded(self._body.fill(asking, self._spell))
        reply.status, reply.headers.lines, reply.content, reply.manner = self.status, lines, None, self.manner


def shared(entries: Sequence[Mapping[str, Any]]) -> Learned:
    """What all of several answers have; nothing of one alone."""
    first, rest = (entries[0], entries[1:]) if len(entries) > 1 else ({}, ())
    same = {key: first[key] for key in FIELDS[2:] if key in first and all(each.get(key) == first[key] for each in rest)}
    fields = {
        name: text
        for name, text in first.get("headers", {}).items()
        if all(each.get("headers", {}).get(name) == text for each in rest)
    }
    return Learned({**same, "status": 200, "headers": fields}, None, same.get("framing", LENGTH))


def _without_content(own: Any, asking: Asking) -> None:
    """What a status that allows no body makes of ours."""


def _manner(entry: Mapping[str, Any], own: str) -> Manner:
    """How an answer is written; our own way where that is the same, as it costs least."""
    connection, framing = entry.get("connection", "kept"), entry.get("framing", LENGTH)
    said = "" if connection == "kept" else connection
    manner = Manner(framing, said, entry.get("compression", ""), has_no_type=entry.get("content-type") == "")
    return OUR_OWN if manner == Manner(own) else manner


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _title(name: str) -> str:
    """The usual case of a name that is told in lower case alone, as what learns a server tells it."""
    if not name.islower():
        return name
    return {"www-authenticate": "WWW-Authenticate"}.get(name, "-".join(part.capitalize() for part in name.split("-")))
