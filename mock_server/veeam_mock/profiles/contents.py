"""Good answers as a server was learned to give them: which members, in which order, and how values are written.

A shape is a JSON value in which texts are forms, such as `(uuid)`, or templates.
"""

import re
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache, partial
from operator import itemgetter
from typing import Any, NamedTuple

from veeam_mock.model.dates import http_date, parse_date_time
from veeam_mock.profiles.pages import ADDRESSES, OUR_PAGES, Pages
from veeam_mock.profiles.templates import Asking, Template, Write
from veeam_mock.spec.renditions import Rendition

FORM = re.compile(
    r"\((address|boolean|code|deep|host|http-date|id|integer|null|number|organization|path|region|text|token|user|uuid"
    r"|UUID|0000-00-00T00:00:00(?:\.0{1,9})?(?:Z|[+-]00:?00)?)\)"
)
"""What stands for a value that belongs to one exchange."""

HABITS = frozenset({"token_type", "message", "version", "errorCode"})
"""Members whose text the server chose once for all, where it was learned."""

OWN_LIST = "results"
"""The member that holds the list in a page of ours."""

LEADING = frozenset({"href", "uri"})
"""Members that hold a link."""

LINKS = "_links"
"""The member whose members lead on: what leads nowhere at another server is not taken from it."""

OURS: Mapping[str, Any] = {LINKS: {"self": {"href": ""}}, "_actions": {"deviceCode": {"uri": "", "method": ""}}}
"""What always stands in these members of ours: a shape like that needs no look at each answer."""

MADE: Mapping[str, Any] = {
    "address": "https://example.com/", "boolean": False, "code": "AAAAAAAAA", "deep": None, "host": "example.com",
    "id": "1", "integer": 0, "null": None, "number": 0.5, "organization": "example.onmicrosoft.com", "path": "/",
    "region": "Worldwide", "text": "text", "token": "1" * 32, "user": "administrator",
    "uuid": "11111111-1111-4111-8111-111111111111", "UUID": "ABCDEF00-0000-4000-8000-000000000000",
}  # fmt: skip
"""What stands in members that the mock has no value for; no template is filled in with these ids and tokens."""

CODE = "userCode"
"""The member that holds a code; a server may have it in another member as well."""

NO_FORM = "(text)"
"""The form of what is looked at apart."""

OWN_DATE = "0000-00-00T00:00:00Z"
"""How the mock writes dates itself."""

OWN_MESSAGE = "To sign in, use a web browser to open the page {address} and enter the code {code} to authenticate."
"""What the mock says beside a code itself."""

NUMBERS = frozenset({"expires_in", "expiresIn", "offset", "limit", "interval"})
"""Members that some servers write as text."""


class Ours(NamedTuple):
    """How the mock answers itself: `pages` are where codes are typed, and `rendition` is that of the version, where it
    is known."""

    pages: Pages = OUR_PAGES
    rendition: Rendition | None = None


def writer(shape: Any, ours: Ours, name: str = "") -> Write | None:
    """What writes values of a member in the shape that was learned; None where the mock writes them so itself."""
    if isinstance(shape, dict):
        return None if _is_ours(shape, name, ours) else Members(shape, name, ours).write
    if isinstance(shape, list):
        inner = writer(shape[0], ours, name) if shape else None
        return None if inner is None else partial(_items, inner)
    if not isinstance(shape, str):
        return partial(_constant, shape)
    form = FORM.fullmatch(shape)
    if form is None:
        if name in ADDRESSES:
            return ours.pages.writer(shape)
        return partial(_filled, Template(shape)) if name in HABITS else None
    return _of_link(form[1], ours) if name in LEADING else _of_form(form[1], name)


def content_writer(shape: Any, ours: Ours, api: str | None) -> Write | None:
    """What writes a whole body in the shape that was learned, for a request to the version `api` alone, where named."""
    write = _with_list(shape, writer(shape, ours), ours)
    if write is None or api is None:
        return write
    return lambda own, asking: write(own, asking) if asking.api == api else own


def _with_list(shape: Any, write: Write | None, ours: Ours) -> Write | None:
    """`write`, for a server that gives a list in a page where ours is none, or the other way round."""
    listed = _listed(shape) if isinstance(shape, dict) else ""
    if ours.rendition is None or not (listed or isinstance(shape, list)) or ours.rendition.has_pages is bool(listed):
        return write

    def relisted(own: Any, asking: Asking) -> Any:
        if listed:
            own = {listed: own} if isinstance(own, list) else own
        elif isinstance(own, dict):
            own = own.get(OWN_LIST, own)
        return own if write is None else write(own, asking)

    return relisted


class Plain(NamedTuple):
    """Objects of ours that are given as they are: those with the members `names`, of which some say what they say at
    the server: `told` gets these of an object, if there are any, and `texts` is what it gets."""

    names: list[str]
    told: Callable[[Mapping[str, Any]], Any] | None
    texts: Any


def plain_object(shape: Any, ours: Ours) -> Plain | None:
    """What an object of ours has to be like to be given as it is; None where more can differ."""
    if not isinstance(shape, dict) or _listed(shape):
        return None
    habits = {name: text for name, text in shape.items() if name in HABITS and _is_fixed(text)}
    names = _plain_names({**shape, **dict.fromkeys(habits, NO_FORM)}, ours)
    if names is None:
        return None
    told = itemgetter(*habits) if habits else None
    return Plain(names, told, told and told(habits))


def plain_list(shape: Any, ours: Ours) -> Callable[[Any], bool] | None:
    """What says of a list of objects, or of a page with one, that it is given as it is; None where more can differ."""
    if isinstance(shape, list):
        return _plain_list(None, "", _plain_names(shape[0] if shape else None, ours))
    listed = _listed(shape) if isinstance(shape, dict) else ""
    if not listed:
        return None
    names = _plain_names({**shape, listed: NO_FORM}, ours)
    return None if names is None else _plain_list(names, listed, _plain_names(shape[listed][0], ours))


def _listed(shape: Mapping[str, Any]) -> str:
    """The member that holds a list of something, if there is one."""
    return next((name for name, below in shape.items() if isinstance(below, list) and below), "")


def _is_fixed(text: Any) -> bool:
    return isinstance(text, str) and Template(text).fixed == text and not FORM.fullmatch(text)


def _plain_names(shape: Any, ours: Ours) -> list[str] | None:
    members = Members(shape, "", ours) if isinstance(shape, dict) else None
    return members.names if members is not None and members.is_plain else None


def _plain_list(names: list[str] | None, listed: str, of_items: list[str] | None) -> Callable[[Any], bool] | None:
    """What looks at a list, or at the one in the member `listed` of an object that has the members `names`."""
    if of_items is None:
        return None

    def is_plain(own: Any) -> bool:
        if names is not None:
            if type(own) is not dict or [*own] != names:
                return False
            own = own[listed]
        if type(own) is not list:
            return False
        for item in own:  # `all` costs twice as much
            if type(item) is not dict or [*item] != of_items:
                break
        else:
            return True
        return False

    return is_plain


def _is_ours(shape: Any, name: str, ours: Ours) -> bool:
    """Whether a member was learned to hold what ours of this name always does."""
    return name in OURS and _alike(shape, OURS[name], ours)


def _alike(shape: Any, own: Any, ours: Ours, name: str = "") -> bool:
    if isinstance(own, dict) and isinstance(shape, dict):
        return list(shape) == list(own) and all(_alike(shape[each], own[each], ours, each) for each in own)
    return isinstance(own, str) and isinstance(shape, str) and writer(shape, ours, name) is None


def _of_link(form: str, ours: Ours) -> Write | None:
    if ours.rendition is None or form not in ("address", "path"):
        return None
    if ours.rendition.has_absolute_links:
        return _as_path if form == "path" else None
    return _as_address if form == "address" else None


def _as_path(own: Any, asking: Asking) -> Any:
    """A link without the host."""
    host = asking.seen.origin
    return own.removeprefix(host) if isinstance(own, str) else own


def _as_address(own: Any, asking: Asking) -> Any:
    """A link with the host."""
    return f"{asking.seen.origin}{own}" if isinstance(own, str) and own.startswith("/") else own


def _of_form(form: str, name: str) -> Write | None:
    if form == "null":
        return partial(_constant, None)
    if form == "UUID":
        return _upper
    if form.startswith(("0000", "http")) and form != OWN_DATE:
        return partial(_dated, form)
    if form in ("text", "number") and name in NUMBERS:
        return partial(_number, str if form == "text" else float)
    return None


def _items(inner: Write, own: Any, asking: Asking) -> Any:
    return [inner(item, asking) for item in own] if isinstance(own, list) else own


def _constant(value: Any, own: Any, asking: Asking) -> Any:
    return value


def _upper(own: Any, asking: Asking) -> Any:
    return own.upper() if isinstance(own, str) else own


def _number(kind: Callable[[Any], Any], own: Any, asking: Asking) -> Any:
    return kind(own) if type(own) is int else own


def _dated(form: str, own: Any, asking: Asking) -> Any:
    return _redated(form, own) if isinstance(own, str) else own


@lru_cache(256)
def _redated(form: str, own: str) -> str:
    """A date of ours in another form; many answers of one second have the same."""
    try:
        return _date(parse_date_time(own), form)
    except ValueError:
        return own


def _filled(template: Template, own: Any, asking: Asking) -> Any:
    return template.fill(asking) if isinstance(own, str) else own


class Members:
    """An object: its members in their order, and how each is written. Those that only the server has are made.

    A plain one differs from ours in the `names` of its members at the most. `_blank` has a value for each, in their
    order; those in `_made_anew` differ each time.
    """

    def __init__(self, shape: Mapping[str, Any], name: str, ours: Ours) -> None:
        self._shape = shape
        self.names = list(map(sys.intern, shape))  # as those of ours are: what is one object is compared at once
        self._keeps_others = name == LINKS
        self._blank: dict[str, Any] = {member: _made(below) for member, below in shape.items()}
        self._made_anew = {member for member, value in self._blank.items() if callable(value)}
        self._codes = [member for member, below in shape.items() if below == "(code)" and member != CODE]
        writers = {member: writer(below, ours, member) for member, below in shape.items()}
        message = shape.get("message")
        self._message = None
        if CODE in shape and isinstance(message, str) and not FORM.fullmatch(message):
            is_own = message == OWN_MESSAGE and not any(writers.get(each) for each in ADDRESSES)
            self._message = None if is_own else Template(message)
            writers["message"] = None
        is_of_these = self._message is not None and self._message.places <= {"code", "address"}
        self._pattern = self._message.pattern if self._message is not None and is_of_these else ""
        self._writers = [(member, write) for member, write in writers.items() if write is not None]
        self.is_plain = not self._writers and self._message is None

    def write(self, own: Any, asking: Asking) -> Any:
        """An object of ours as it was learned."""
        if type(own) is not dict:
            return own
        if [*own] == self.names:
            if self.is_plain:
                return own
            made = own.copy()
        elif own.keys() <= self._blank.keys() and self._made_anew <= own.keys():
            made = self._blank | own
        else:
            made = {name: own[name] if name in own else made_of(self._shape[name], asking) for name in self.names}
            if self._keeps_others:
                made |= {name: value for name, value in own.items() if name not in made}
        for name, write in self._writers:
            if name in own:
                made[name] = write(own[name], asking)
        if CODE in own:
            for name in self._codes:
                made[name] = own[CODE]
        if self._message is not None and "message" in own:
            address = made.get("verificationUrl") or made.get("verificationUri")
            more = {"code": str(made[CODE]), "address": str(address)}
            made["message"] = self._pattern % more if self._pattern else self._message.fill(asking, more=more)
        return made


def made_of(shape: Any, asking: Asking) -> Any:
    """A value in the form that was learned, in place of one that the mock does not have."""
    made = _made(shape)
    return made(asking) if callable(made) else made


def _made(shape: Any) -> Any:
    """That value, or what makes it from an exchange."""
    if isinstance(shape, dict):
        return lambda asking: {name: made_of(below, asking) for name, below in shape.items()}
    if isinstance(shape, list):
        return lambda asking: [made_of(below, asking) for below in shape]
    if not isinstance(shape, str):
        return shape
    form = FORM.fullmatch(shape)
    if form is None:
        template = Template(shape)
        return template.fill if template.fixed is None else template.fixed
    return MADE[form[1]] if form[1] in MADE else lambda asking: _date(asking.now, form[1])


def _date(moment: float, form: str) -> str:
    """A time in Unix seconds, UTC, in a form such as `0000-00-00T00:00:00.000Z`, or `http-date`."""
    if form == "http-date":
        return http_date(int(moment))
    text = datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return text + form[len("0000-00-00T00:00:00") :]
