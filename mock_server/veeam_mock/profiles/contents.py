"""Good answers as a server was learned to give them: which members, in which order, and how values are written.

A shape is a JSON value in which texts are forms, such as `(uuid)`, or templates.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple

from veeam_mock.profiles.pages import ADDRESSES, OUR_PAGES, Pages
from veeam_mock.profiles.templates import Asking, Template, Write
from veeam_mock.profiles.values import FORM, LEADING, constant, made_as, writer_of_form, writer_of_link
from veeam_mock.spec.renditions import Rendition

HABITS = frozenset({"token_type", "message", "version", "errorCode"})
"""Members whose text the server chose once for all, where it was learned."""

OWN_LIST = "results"
"""The member that holds the list in a page."""

LINKS = "_links"
"""The member whose members lead on: what leads nowhere at another server is not taken from it."""

OURS: Mapping[str, Any] = {LINKS: {"self": {"href": ""}}, "_actions": {"deviceCode": {"uri": "", "method": ""}}}
"""What always stands in these members of ours: a shape like that needs no look at each answer."""

CODE = "userCode"
"""The member that holds a code; a server may have it in another member as well."""

NO_FORM = "(text)"
"""The form of what is looked at apart."""

OWN_MESSAGE = "To sign in, use a web browser to open the page {address} and enter the code {code} to authenticate."
"""What the mock says beside a code itself."""


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
        return partial(constant, shape)
    form = FORM.fullmatch(shape)
    if form is None:
        if name in ADDRESSES:
            return ours.pages.writer(shape)
        return partial(_filled, Template(shape)) if name in HABITS else None
    return writer_of_link(form[1], ours.rendition) if name in LEADING else writer_of_form(form[1], name)


def content_writer(shape: Any, ours: Ours, api: str | None) -> Write | None:
    """What writes a whole body in the shape that was learned, for a request to the version `api` alone, where named."""
    write = _with_list(shape, writer(shape, ours), ours)
    if write is None or api is None:
        return write
    return lambda own, asking: write(own, asking) if asking.api == api else own


def _with_list(shape: Any, write: Write | None, ours: Ours) -> Write | None:
    """`write`, for a server that gives a list in a page where ours is none, or the other way round."""
    in_page = isinstance(shape, dict) and isinstance(shape.get(OWN_LIST), list)
    if ours.rendition is None or not (in_page or isinstance(shape, list)) or ours.rendition.has_pages is in_page:
        return write

    def relisted(own: Any, asking: Asking) -> Any:
        if in_page:
            own = {OWN_LIST: own} if isinstance(own, list) else own
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


def _items(inner: Write, own: Any, asking: Asking) -> Any:
    return [inner(item, asking) for item in own] if isinstance(own, list) else own


def _itself(own: Any, asking: Asking) -> Any:
    return own


def _filled(template: Template, own: Any, asking: Asking) -> Any:
    return template.fill(asking) if isinstance(own, str) else own


Step = Callable[[dict[str, Any], Mapping[str, Any], Asking], None]
"""Makes something of an answer, by ours."""


class Plan(NamedTuple):
    """What becomes of an object of ours that has certain members. `blank` has all those of the server in their order,
    None where ours are the same; then come the `steps`."""

    blank: dict[str, Any] | None
    steps: Sequence[Step]


class Members:
    """An object: its members in their order, and how each is written. Those that only the server has are made.

    A plain one differs from ours in the `names` of its members at the most. What is to be done is planned once for all
    objects of ours with the same members, of which there are few.
    """

    def __init__(self, shape: Mapping[str, Any], name: str, ours: Ours) -> None:
        self.names = list(map(sys.intern, shape))  # as those of ours are: what is one object is compared at once
        self._keeps_others = name == LINKS
        self._made = {member: made_as(below) for member, below in shape.items()}
        self._pages = {
            member: ours.pages.writer(shape[member]) or _itself
            for member in ADDRESSES
            if isinstance(shape.get(member), str) and not FORM.fullmatch(shape[member])
        }
        self._codes = [member for member, below in shape.items() if below == "(code)" and member != CODE]
        writers = {member: writer(below, ours, member) for member, below in shape.items()}
        message = shape.get("message")
        self._say: Step | None = None
        if CODE in shape and isinstance(message, str) and not FORM.fullmatch(message):
            is_own = message == OWN_MESSAGE and not any(writers.get(each) for each in ADDRESSES)
            self._say = None if is_own else _saying(Template(message))
            writers["message"] = None
        self._writers = [(member, write) for member, write in writers.items() if write is not None]
        self.is_plain = not self._writers and self._say is None
        self._plans: dict[tuple[str, ...], Plan] = {}

    def write(self, own: Any, asking: Asking) -> Any:
        """An object of ours as it was learned."""
        if type(own) is not dict:
            return own
        members = tuple(own)
        blank, steps = self._plans.get(members) or self._planned(members)
        if blank is not None:
            made = blank | own
        elif steps:
            made = own.copy()
        else:
            return own
        for step in steps:
            step(made, own, asking)
        return made

    def _planned(self, members: tuple[str, ...]) -> Plan:
        """The plan for objects of ours with these members, in this order."""
        missing = [name for name in self.names if name not in members]
        left_out = [name for name in members if name not in self._made and not self._keeps_others]
        steps: list[Step] = [partial(_leave_out, left_out)] if left_out else []
        steps += [partial(_make, name, self._made[name]) for name in missing if callable(self._made[name])]
        steps += [partial(_write, name, write, name) for name, write in self._writers if name in members]
        page = next((name for name in ADDRESSES if name in members), "")
        if page:  # A page that stands under both names is one.
            steps += [partial(_write, name, write, page) for name, write in self._pages.items() if name in missing]
        if CODE in members:
            steps += [partial(_write, name, _itself, CODE) for name in self._codes]
        if self._say is not None and "message" in members:
            steps.append(self._say)
        plan = Plan(None if list(members) == self.names else self._made, steps)
        self._plans[members] = plan
        return plan


def _leave_out(names: Sequence[str], made: dict[str, Any], own: Mapping[str, Any], asking: Asking) -> None:
    for name in names:
        del made[name]


def _make(
    name: str, make: Callable[[Asking], Any], made: dict[str, Any], own: Mapping[str, Any], asking: Asking
) -> None:
    made[name] = make(asking)


def _write(name: str, write: Write, source: str, made: dict[str, Any], own: Mapping[str, Any], asking: Asking) -> None:
    made[name] = write(own[source], asking)


def _saying(template: Template) -> Step:
    """What writes the message beside a code."""
    pattern, order = template.pattern, template.order
    is_ours = order == ("address", "code")  # The usual order is told without a mapping.

    def say(made: dict[str, Any], own: Mapping[str, Any], asking: Asking) -> None:
        address = made.get("verificationUrl") or made.get("verificationUri")
        if is_ours:
            made["message"] = pattern % (address, made[CODE])
        else:
            made["message"] = template.fill(asking, more={"code": str(made[CODE]), "address": str(address)})

    return say
