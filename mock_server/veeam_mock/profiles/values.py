"""Values of a member as a server was learned to write them: their forms, such as `(uuid)`, and what stands in one."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any

from veeam_mock.model.dates import http_date, parse_date_time
from veeam_mock.profiles.templates import Asking, Template, Write
from veeam_mock.spec.renditions import Rendition

FORM = re.compile(
    r"\((address|boolean|code|deep|host|http-date|id|integer|null|number|organization|path|region|text|token|user|uuid"
    r"|UUID|0000-00-00T00:00:00(?:\.0{1,9})?(?:Z|[+-]00:?00)?)\)"
)
"""What stands for a value that belongs to one exchange."""

LEADING = frozenset({"href", "uri"})
"""Members that hold a link."""

MADE: Mapping[str, Any] = {
    "address": "https://example.com/", "boolean": False, "code": "AAAAAAAAA", "deep": None, "host": "example.com",
    "id": "1", "integer": 0, "null": None, "number": 0.5, "organization": "example.onmicrosoft.com", "path": "/",
    "region": "Worldwide", "text": "text", "token": "1" * 32, "user": "administrator",
    "uuid": "11111111-1111-4111-8111-111111111111", "UUID": "ABCDEF00-0000-4000-8000-000000000000",
}  # fmt: skip
"""What stands in members that the mock has no value for; no template is filled in with these ids and tokens."""

OWN_DATE = "0000-00-00T00:00:00Z"
"""How the mock writes dates itself."""

NUMBERS = frozenset({"expires_in", "expiresIn", "offset", "limit", "interval"})
"""Members that some servers write as text."""


def writer_of_link(form: str, rendition: Rendition | None) -> Write | None:
    """What writes a link in a form; None where the mock writes it so itself, by the `rendition` of its version."""
    if rendition is None or form not in ("address", "path"):
        return None
    if rendition.has_absolute_links:
        return _as_path if form == "path" else None
    return _as_address if form == "address" else None


def _as_path(own: Any, asking: Asking) -> Any:
    """A link without the host."""
    host = asking.seen.origin
    return own.removeprefix(host) if isinstance(own, str) else own


def _as_address(own: Any, asking: Asking) -> Any:
    """A link with the host."""
    return f"{asking.seen.origin}{own}" if isinstance(own, str) and own.startswith("/") else own


def writer_of_form(form: str, name: str) -> Write | None:
    """What writes the value of a member in a form; None where the mock writes it so itself."""
    if form == "null":
        return partial(constant, None)
    if form == "UUID":
        return _upper
    if form.startswith(("0000", "http")) and form != OWN_DATE:
        return partial(_dated, form)
    if form in ("text", "number") and name in NUMBERS:
        return partial(_number, str if form == "text" else float)
    return None


def constant(value: Any, own: Any, asking: Asking) -> Any:
    """`value`, whatever the mock says itself."""
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
        return _date(int(parse_date_time(own)), form)
    except ValueError:
        return own


def made_as(shape: Any) -> Any:
    """A value in the form that was learned, in place of one that the mock does not have, or what makes it from an
    exchange."""
    if isinstance(shape, dict):
        return _together({name: made_as(below) for name, below in shape.items()})
    if isinstance(shape, list):
        items = _together(dict(enumerate(map(made_as, shape))))
        return (lambda asking: [*items(asking).values()]) if callable(items) else [*items.values()]
    if not isinstance(shape, str):
        return shape
    form = FORM.fullmatch(shape)
    if form is None:
        template = Template(shape)
        return template.fill if template.fixed is None else template.fixed
    return MADE[form[1]] if form[1] in MADE else lambda asking: _date(int(asking.now), form[1])


def _together(made: Mapping[Any, Any]) -> Any:
    """Several values of `made_as` in one, which is made from an exchange where one of them is."""
    anew = {key for key, value in made.items() if callable(value)}
    if not anew:
        return made
    return lambda asking: {key: value(asking) if key in anew else value for key, value in made.items()}


@lru_cache(64)
def _date(second: int, form: str) -> str:
    """A time in Unix seconds, UTC, in a form such as `0000-00-00T00:00:00.000Z`, or `http-date`."""
    if form == "http-date":
        return http_date(second)
    text = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return text + form[len("0000-00-00T00:00:00") :]
