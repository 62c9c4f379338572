"""Good answers as a server was learned to give them: which members, in which order, and how dates are written."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from veeam_mock.model import regions
from veeam_mock.model.dates import http_date, parse_date_time


@dataclass(frozen=True, slots=True)
class Learned:
    """One answer of a profile: templates of header fields and, of a refusal, of the body."""

    status: int
    content_type: str | None
    headers: Mapping[str, str]
    body: str | None
    members: tuple[str, ...]
    items: tuple[str, ...]
    dates: Mapping[str, str]
    texts: Mapping[str, str]


def good_content(content: object, learned: Learned) -> object:
    """The JSON value of a good answer, by what was learned of it; members that nobody described cannot be made."""
    if isinstance(content, list):
        return [_of_members(item, learned.items) for item in content]
    if not isinstance(content, dict):
        return content
    made = {name: _as_learned(name, value, learned) for name, value in content.items()}
    results = made.get("results")
    if isinstance(results, list):
        made["results"] = [_of_members(item, learned.items) for item in results]
    return _of_members(made, learned.members)


def _of_members(value: object, members: tuple[str, ...]) -> object:
    """An object with the learned members alone, in their order; all of it where none were learned."""
    if not isinstance(value, dict) or not members:
        return value
    return {name: value[name] for name in members if name in value}


def _as_learned(name: str, value: object, learned: Learned) -> object:
    if not isinstance(value, str):
        return value
    if name in learned.dates:
        return _date(parse_date_time(value), learned.dates[name])
    for address in learned.texts.values():
        value = value.replace(regions.SIGN_IN_WORLDWIDE, address)
    return value


def _date(moment: float, form: str) -> str:
    """A time in Unix seconds, UTC, in a form such as `0000-00-00T00:00:00.000Z`, or `http-date`."""
    if form == "http-date":
        return http_date(int(moment))
    text = datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return text + form[len("0000-00-00T00:00:00") :]
