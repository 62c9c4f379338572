"""Texts of a profile: what belongs to one exchange is filled in where it has a place."""

import html
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import parse_qsl

from veeam_mock.messages import Reply, Request
from veeam_mock.model import regions
from veeam_mock.model.dates import date_time, http_date

LONGEST_FILLED = 200
"""Characters of what an exchange fills a place with: a refusal does not repeat a long value whole."""

PLACE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


class Asking(Protocol):
    """An exchange that can say what fills the places; only what a template has a place for is worked out."""

    @property
    def api(self) -> str:
        """The name of the version of the API that was asked."""

    @property
    def seen(self) -> Request:
        """The head of the request."""

    @property
    def now(self) -> float:
        """The time of its world, in Unix seconds, UTC."""

    @property
    def wait(self) -> str:
        """The seconds that the client has to wait, as text; empty where it has not."""

    @property
    def user(self) -> str:
        """The user who asks, as far as that is known."""

    def sent(self, name: str) -> str:
        """A member of the body of the request as text; empty without one."""


def _last(asking: Asking) -> str:
    """The last part of the path."""
    return asking.seen.path.rpartition("/")[2]


def _query(asking: Asking) -> str:
    """The query with its question mark; empty without one."""
    return f"?{asking.seen.query}" if asking.seen.query else ""


def _organization(asking: Asking) -> str:
    """The organization that was asked for, in the query or as the last part of the path."""
    named = dict(parse_qsl(asking.seen.query)).get("organizationId")
    return named or _last(asking)


PLACES: Mapping[str, str | Callable[[Asking], str]] = {
    "address": lambda asking: regions.SIGN_IN_WORLDWIDE,
    "code": lambda asking: asking.sent("userCode"),
    "host": lambda asking: asking.seen.origin.partition("://")[2],
    "http-date": lambda asking: http_date(int(asking.now)),
    "id": _last,
    "method": lambda asking: asking.seen.method[:20],
    "organization": _organization,
    "path": lambda asking: asking.seen.path,
    "query": _query,
    "region": lambda asking: asking.sent("targetRegion"),
    "seconds": lambda asking: asking.wait or "1",
    "tenant": "example.onmicrosoft.com",
    "time": lambda asking: date_time(asking.now),
    "token": "0" * 32,
    "user": lambda asking: asking.user,
    "uuid": "00000000-0000-4000-8000-000000000000",
}
"""What may stand in braces in a template, and what fills it: the same text each time, or what an exchange says."""

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


class Answering(Asking, Protocol):
    """An exchange that has a reply, as far as a profile needs it: the kind of a refusal is its `case`."""

    reply: Reply | None
    case: str
    is_outside_the_description: bool


Write = Callable[[Any, Asking], Any]
"""Writes a value of ours in the form that was learned."""


class Template:
    """A text with places, taken apart once; doubled braces are braces. `fixed` is all of it where it has no place that
    an exchange fills; `order` are those that it has, in turn, and `pattern` is it for the operator `%`."""

    __slots__ = ("_fillers", "_parts", "fixed", "order", "pattern")

    def __init__(self, text: str) -> None:
        self._parts: list[tuple[str, str]] = []
        """Texts, each with the place behind it; empty for none."""
        at, own = 0, ""
        for found in PLACE.finditer(text):
            own += text[at : found.start()]
            at = found.end()
            filled = found[0][0] if found[1] is None else PLACES.get(found[1])
            if isinstance(filled, str):
                own += filled
            else:
                self._parts.append((own, found[1]))
                own = ""
        self._parts.append((own + text[at:], ""))
        self.fixed = self._parts[0][0] if len(self._parts) == 1 else None
        self.order = tuple(place for _, place in self._parts if place)
        self._fillers = {place: filler for place in self.order if callable(filler := PLACES.get(place))}
        self.pattern = "".join(own.replace("%", "%%") + ("%s" if place else "") for own, place in self._parts)

    def fill(self, asking: Asking, spell: Spell = plainly, more: Mapping[str, str] | None = None) -> str:
        """The text, its places filled by `more` where that has them, and else by what was asked."""
        if self.fixed is not None:
            return self.fixed
        text = ""
        for own, place in self._parts:
            text += own
            if place:
                text += spell(more[place] if more and place in more else _bounded(self._fillers[place](asking)))
        return text


def _bounded(text: str) -> str:
    return text if len(text) <= LONGEST_FILLED else f"{text[: LONGEST_FILLED - 1]}…"
