"""Two servers, asked the same: where their answers differ in form, each cause once."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from veeam_contracts.asking.client import Client
from veeam_contracts.asking.exchange import Exchange
from veeam_contracts.asking.secrets import Secrets
from veeam_contracts.twin.forms import Form, form_of
from veeam_contracts.twin.samples import forms_of_secrets
from veeam_contracts.twin.script import TOO_MANY, Question, play

ABSENT = "(not there)"
GIVEN_BY = {"code": "getDeviceCode answered", "access_token": "getToken answered", "refresh_token": "getToken answered"}


@dataclass(slots=True)
class Side:
    """What one server answered: the form of each answer, and the exchange that it was seen in."""

    forms: dict[Question, Form] = field(default_factory=dict)
    seen: dict[Question, str] = field(default_factory=dict)
    secret_forms: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs: `one` and `other` are what stands there, `questions` where it was seen."""

    aspect: str
    one: str
    other: str
    questions: tuple[str, ...]
    example: tuple[str, str]


def record(client: Client) -> Side:
    """Play the script on one server. Raises as `play`."""
    side = Side()
    for answered in play(client):
        if answered.exchange is not None:
            side.forms[_key(answered.question)] = form_of(answered.exchange, client)
            side.seen[_key(answered.question)] = _shown(answered.exchange, client.secrets)
    for exchange in client.journal:
        if exchange.throttled and LIMIT not in side.forms:
            side.forms[LIMIT], side.seen[LIMIT] = form_of(exchange, client), _shown(exchange, client.secrets)
    side.secret_forms = forms_of_secrets(client.journal)
    return side


def compare(one: Side, other: Side) -> list[Difference]:
    """The differences, the widest first; questions that one side could not be asked are one difference each."""
    causes: dict[tuple[str, str, str], list[Question]] = {}
    for question in [*one.forms, *(key for key in other.forms if key not in one.forms)]:
        for cause in _differences(one.forms.get(question), other.forms.get(question)):
            causes.setdefault(cause, []).append(question)
    found = [
        Difference(
            aspect,
            here,
            there,
            tuple(question.name for question in asked),
            (one.seen.get(asked[0], ABSENT), other.seen.get(asked[0], ABSENT)),
        )
        for (aspect, here, there), asked in causes.items()
    ]
    for name in one.secret_forms.keys() | other.secret_forms.keys():
        here, there = (side.secret_forms.get(name, ABSENT) for side in (one, other))
        if here != there:
            found.append(Difference(f"form of {name}", here, there, (GIVEN_BY[name],), (here, there)))
    return sorted(found, key=lambda difference: -len(difference.questions))


def _differences(one: Form | None, other: Form | None) -> list[tuple[str, str, str]]:
    if one is None or other is None:
        return [("answer", ABSENT if one is None else "answered", ABSENT if other is None else "answered")]
    here, there = dict(one.aspects()), dict(other.aspects())
    if here["status"] != there["status"]:
        return [("status", here["status"], there["status"])]  # the rest of another answer differs of itself
    if len(one.members) != len(other.members) and one.members and other.members:
        here, there = _without_texts(here), _without_texts(there)
    names = [*here, *(name for name in there if name not in here)]
    if here.keys() ^ there.keys():  # What is in a member that one side does not have differs of itself.
        names = [name for name in names if not name.startswith("body.") or (name in here and name in there)]
    return [
        (name, here.get(name, ABSENT), there.get(name, ABSENT)) for name in names if here.get(name) != there.get(name)
    ]


def _without_texts(aspects: Mapping[str, str]) -> dict[str, str]:
    """Where the members differ in number, which text stands for which cannot be told."""
    return {name: value for name, value in aspects.items() if not name.startswith("text ")}


def _key(question: Question) -> Question:
    return Question(question.operation, question.case, _none)


def _none(client: Client) -> None:
    """In place of what asks: two questions of one name are one."""


LIMIT = Question("", TOO_MANY, _none)
"""What stands for the answers of a server that asks to wait."""


def _shown(exchange: Exchange, secrets: Secrets) -> str:
    return f"{exchange.curl(secrets)}\n      {exchange.seen(secrets)}"


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
