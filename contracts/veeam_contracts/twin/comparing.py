"""Two servers, asked the same: where their answers differ in form, each cause once."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

from veeam_contracts.asking.client import Client
from veeam_contracts.asking.exchange import Exchange
from veeam_contracts.asking.secrets import Secrets
from veeam_contracts.twin.forms import Form, forms_in
from veeam_contracts.twin.generated import generated
from veeam_contracts.twin.limits import waited_for
from veeam_contracts.twin.readings import lifetimes_of, readings_of
from veeam_contracts.twin.samples import forms_of_secrets
from veeam_contracts.twin.script import STARTING, TOO_MANY, Question, play
from veeam_contracts.twin.templates import names_of

ABSENT = "(not there)"
PARTICULAR = frozenset({"malformed-body", "bad-body"})
"""Cases of which the words tell what was wrong in one body: those for another say nothing of the words of a server.
The words for the bodies of the script are compared."""

KIND = re.compile(r"(?:\[\]| members)+$")
"""What the name of an aspect ends with where a member is an object, or a list."""

CHANGING = "(changes)"
"""What stands for a header field that a server changes from answer to answer, such as the id of a request."""

WITH_DIGITS = re.compile(r"\w*\d\w*")

REFUSED = 300
"""The first status that is no success. Where a good answer was asked for, a reading says whether it is given."""

UNSEEN = frozenset(
    {
        *("expires-unit", "extended-view", "form-multipart", "json-leniency", "organization-id"),
        *("path-case", "path-slash", "region-required", "unknown-organization"),
    }
)
"""Readings that no answer to the questions shows: they are compared as such."""

GIVEN_BY = {"code": "getDeviceCode answered", "access_token": "getToken answered", "refresh_token": "getToken answered"}


@dataclass(slots=True)
class Side:
    """What one server answered: the form of each answer, and the exchange that it was seen in. `held_back` are the
    questions that our own limits did not let out, `readings` those of what is open in the description, and `lifetimes`
    how long what is given lives."""

    secrets: Secrets
    forms: dict[Question, Form] = field(default_factory=dict)
    exchanges: dict[Question, Exchange] = field(default_factory=dict)
    secret_forms: Mapping[str, str] = field(default_factory=dict)
    held_back: set[Question] = field(default_factory=set)
    readings: Mapping[str, str] = field(default_factory=dict)
    lifetimes: Mapping[str, str] = field(default_factory=dict)

    def reorders(self, operation: str) -> bool:
        """Whether the server itself gave the same list in another order, when it was asked again."""
        seen = {form.listed for question, form in self.forms.items() if question.operation == operation}
        return any(sorted(one) == sorted(other) for one, other in combinations(seen, 2))

    def changing(self) -> set[str]:
        """What the server itself said otherwise, when it was asked the same again; `ABSENT` is behind the name of what
        was not always there."""
        first: dict[object, Mapping[str, str]] = {}
        found = set()
        for question, form in self.forms.items():
            said = dict(_said(form))
            before = first.setdefault((_asked(self.exchanges[question]), form.status), said)
            found |= {name for name in before if said.get(name, before[name]) != before[name]}
            found |= {text for name in before.keys() ^ said.keys() for text in (name, f"{name} {ABSENT}")}
        return found

    def shown(self, question: Question) -> str:
        """The exchange in which a question was answered, for a person."""
        exchange = self.exchanges.get(question)
        return ABSENT if exchange is None else f"{exchange.curl(self.secrets)}\n      {exchange.seen(self.secrets)}"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs: `one` and `other` are what stands there, `questions` where it was seen."""

    aspect: str
    one: str
    other: str
    questions: tuple[str, ...]
    example: tuple[str, str]


def record(client: Client) -> Side:
    """Play the script and the questions of the target's seed on one server. Raises as `play`."""
    side, names = Side(client.secrets), names_of(client)  # while there is time: of many it takes some
    for answered in play(client, generated(client.version, client.target.seed)):
        if answered.held_back:
            side.held_back.add(answered.question)
        elif answered.exchange is not None:
            side.exchanges[answered.question] = answered.exchange
    for question, exchanges in zip((START, LIMIT), waited_for(client.records.exchanges), strict=True):
        asked_to_wait = next((exchange for exchange in exchanges if exchange.throttled), None)
        if asked_to_wait is not None:
            side.exchanges[question] = asked_to_wait
    side.forms = forms_in(side.exchanges, client, names)
    side.secret_forms = forms_of_secrets(client.journal)
    side.readings = {name: shown for name, (shown, _) in readings_of(client).items()}
    side.lifetimes = {f"life of {name}": f"{seconds} s" for name, seconds in lifetimes_of(client).items()}
    return side


def compare(one: Side, other: Side) -> list[Difference]:
    """The differences, the widest first; questions that one side could not be asked are one difference each."""
    causes: dict[tuple[str, str, str], list[Question]] = {}
    asked = [*one.forms, *(key for key in other.forms if key not in one.forms)]
    operations = {question.operation for question in asked}
    readings = _both(one.readings, other.readings)
    habits = {name: (here, there) for name, (here, there) in readings.items() if here != there}
    reordered = {each for each in operations if one.reorders(each) or other.reorders(each)}
    changing = one.changing() | other.changing()
    for question in asked:
        if question in one.held_back | other.held_back:
            continue
        forms = [one.forms.get(question), other.forms.get(question)]
        if question.shows in habits:
            causes.setdefault((question.shows, *habits[question.shows]), []).append(question)
            continue
        forms = [form and _without_changes(form, changing) for form in forms]
        if question.operation in reordered:
            forms = [_without_order(form) for form in forms]
        for cause in _differences(question, *forms):
            causes.setdefault(cause, []).append(question)
    found = [
        Difference(
            aspect,
            here,
            there,
            tuple(question.name for question in questions),
            (one.shown(questions[0]), other.shown(questions[0])),
        )
        for (aspect, here, there), questions in causes.items()
    ]
    for name in one.secret_forms.keys() | other.secret_forms.keys():
        here, there = (side.secret_forms.get(name, ABSENT) for side in (one, other))
        if here != there and not (one.held_back or other.held_back):  # or one has too few of them to tell
            found.append(Difference(f"form of {name}", here, there, (GIVEN_BY[name],), (here, there)))
    unseen = {name: pair for name, pair in habits.items() if name in UNSEEN} | _both(one.lifetimes, other.lifetimes)
    found += [Difference(name, *pair, (name,), pair) for name, pair in unseen.items() if pair[0] != pair[1]]
    return sorted(found, key=lambda difference: -len(difference.questions))


def _both(here: Mapping[str, str], there: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """What is known of both sides."""
    return {name: (text, there[name]) for name, text in here.items() if name in there}


def _differences(question: Question, one: Form | None, other: Form | None) -> list[tuple[str, str, str]]:
    if one is None or other is None:
        return [("answer", ABSENT if one is None else "answered", ABSENT if other is None else "answered")]
    here, there = dict(one.aspects()), dict(other.aspects())
    if here["status"] != there["status"]:
        return [("status", here["status"], there["status"])]  # the rest of another answer differs of itself
    if len(one.members) != len(other.members) and one.members and other.members:
        here, there = _without_texts(here), _without_texts(there)
    if question.drawn and (question.case in PARTICULAR or (not question.case and one.status >= REFUSED)):
        here, there = _without_words(here), _without_words(there)
    names = [*here, *(name for name in there if name not in here)]
    if here.keys() ^ there.keys():  # What is in a member that one side does not have differs of itself.
        both = set(map(_member_of, here)).intersection(map(_member_of, there))
        names = [name for name in names if not name.startswith(("body.", "body[].")) or _member_of(name) in both]
    return [
        (name, here.get(name, ABSENT), there.get(name, ABSENT)) for name in names if here.get(name) != there.get(name)
    ]


def _member_of(name: str) -> str:
    """The member that an aspect is of, be it an object, a list or neither."""
    return KIND.sub("", name)


def _without_order(form: Form | None) -> Form | None:
    """The order that a server does not keep itself is none of its habits; what is in the list is."""
    return form and replace(form, listed=tuple(sorted(form.listed)))


def _asked(exchange: Exchange) -> object:
    """What makes two requests the same: of a token that is good it is no matter which."""
    fields = exchange.request_headers.items()
    sent = frozenset((name, text) for name, text in fields if not (exchange.ok and name.lower() == "authorization"))
    return exchange.method, exchange.url, sent, exchange.request_body


def _said(form: Form) -> Iterator[tuple[str, str]]:
    """The texts of an answer that may change from call to call, by name."""
    yield from ((f"header {name}", text) for name, text in form.headers.items())
    yield from ((f"member {name}", text) for name, text in form.members)
    if isinstance(form.body, str) and not form.members:
        yield "body", form.body


def _without_changes(form: Form, changing: Collection[str]) -> Form:
    """Of a header field that changes, that it is there is a habit; of a text, what stands around words with digits."""

    def text_of(name: str, text: Any) -> Any:
        return WITH_DIGITS.sub("0", text) if name in changing and isinstance(text, str) else text

    kept = {name: text for name, text in form.headers.items() if f"header {name} {ABSENT}" not in changing}
    headers = {name: CHANGING if f"header {name}" in changing else text for name, text in kept.items()}
    members = tuple((name, text_of(f"member {name}", text)) for name, text in form.members)
    return replace(form, headers=headers, members=members, body=text_of("body", form.body))


def _without_words(aspects: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in _without_texts(aspects).items() if name != "body"}


def _without_texts(aspects: Mapping[str, str]) -> dict[str, str]:
    """Where the members differ in number, which text stands for which cannot be told."""
    return {name: value for name, value in aspects.items() if not name.startswith("text ")}


LIMIT = Question("", TOO_MANY, lambda client: None)
START = Question("", STARTING, lambda client: None)
"""What stands for the answers of a server that asks to wait, and of one that is not ready yet."""


def as_json(differences: list[Difference]) -> list[Mapping[str, object]]:
    """The differences as JSON values."""
    return [
        {
            "aspect": difference.aspect,
            "a": difference.one,
            "b": difference.other,
            "questions": list(difference.questions),
            "example": {"a": difference.example[0], "b": difference.example[1]},
        }
        for difference in differences
    ]
