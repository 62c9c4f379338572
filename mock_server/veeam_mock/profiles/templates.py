"""Texts of a profile: what belongs to one exchange is filled in where it has a place."""

import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from veeam_mock.messages import Reply, Request
from veeam_mock.model import regions
from veeam_mock.model.dates import date_time, http_date

PLACE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


@dataclass(frozen=True, slots=True)
class Asked:
    """What fills the places: the request, the value of its body, the version of the API that it names, the time of
    its world in Unix seconds, UTC, and the seconds that the client has to wait, as text."""

    request: Request
    body: Any
    version: str
    now: float
    wait: str = ""

    def sent(self, name: str) -> str:
        """A member of the body as text; empty without one."""
        return str(self.body.get(name, "")) if isinstance(self.body, dict) else ""

    @property
    def last(self) -> str:
        """The last part of the path."""
        return self.request.path.rpartition("/")[2]


PLACES: Mapping[str, Callable[[Asked], str]] = {
    "address": lambda asked: regions.SIGN_IN_WORLDWIDE,
    "code": lambda asked: asked.sent("userCode"),
    "host": lambda asked: asked.request.origin.partition("://")[2],
    "http-date": lambda asked: http_date(int(asked.now)),
    "id": lambda asked: asked.last,
    "method": lambda asked: asked.request.method[:20],
    "organization": lambda asked: asked.last,
    "path": lambda asked: asked.request.path,
    "region": lambda asked: asked.sent("targetRegion"),
    "seconds": lambda asked: asked.wait or "1",
    "time": lambda asked: date_time(asked.now),
    "token": lambda asked: "0" * 32,
    "user": lambda asked: asked.sent("username"),
    "uuid": lambda asked: "00000000-0000-4000-8000-000000000000",
}
"""What may stand in braces in a template, and what fills it."""

Spell = Callable[[str], str]


def plainly(text: str) -> str:
    """What is filled in as it is."""
    return text


def for_header(text: str) -> str:
    """What a client sent ends no header field, and begins none."""
    return re.sub(r"[^\t -~\xa0-\xff]", "?", text)


def spelled_for(media_type: str) -> Spell:
    """How a body of this type spells what is filled in, so that what a client sent is text in it and nothing else."""
    if "json" in media_type:
        return lambda text: json.dumps(text, ensure_ascii=False)[1:-1]
    return html.escape if "html" in media_type or "xml" in media_type else plainly


class Asking(Protocol):
    """An exchange that can say what fills the places; worked out only for templates that have some."""

    @property
    def api(self) -> str:
        """The name of the version of the API that was asked."""

    @property
    def asked(self) -> Asked:
        """What fills the places."""


class Answering(Asking, Protocol):
    """An exchange that has a reply, as far as a profile needs it: the kind of a refusal is its `case`."""

    reply: Reply | None
    case: str
    is_outside_the_description: bool


Write = Callable[[Any, Asking], Any]
"""Writes a value of ours in the form that was learned."""


class Template:
    """A text with places, taken apart once; doubled braces are braces. `fixed` is all of it where it has no place;
    `places` are those that it has, and `pattern` is it for the operator `%`."""

    __slots__ = ("_parts", "fixed", "pattern", "places")

    def __init__(self, text: str) -> None:
        self._parts: list[tuple[str, str]] = []
        """Texts, each with the place behind it; empty for none."""
        at, own = 0, ""
        for found in PLACE.finditer(text):
            own += text[at : found.start()]
            at = found.end()
            if found[1] is None:
                own += found[0][0]
            else:
                self._parts.append((own, found[1]))
                own = ""
        self._parts.append((own + text[at:], ""))
        self.fixed = self._parts[0][0] if len(self._parts) == 1 else None
        self.places = frozenset(place for _, place in self._parts if place)
        self.pattern = "".join(own.replace("%", "%%") + (f"%({place})s" if place else "") for own, place in self._parts)

    def fill(self, asking: Asking, spell: Spell = plainly, more: Mapping[str, str] | None = None) -> str:
        """The text, its places filled by `more` where that has them, and else by what was asked."""
        if self.fixed is not None:
            return self.fixed
        filled = []
        for own, place in self._parts:
            filled.append(own)
            if place:
                filled.append(spell(more[place] if more and place in more else PLACES[place](asking.asked)))
        return "".join(filled)
