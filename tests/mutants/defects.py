"""The table of faulty servers: each is the mock with one planted defect, and the rules of which one must name it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mutants.harness import Answer, Ask, Behaviour, Server


@dataclass(frozen=True)
class Mutant:
    """A faulty server. `rules` are those that name its defect; one of them at least must break.

    `alone`: nothing else may break, for it all follows from that. `api` is the version that is checked.
    """

    name: str
    group: str
    rules: tuple[str, ...]
    behave: Behaviour
    settings: Mapping[str, Any] = field(default_factory=dict)
    generated: bool = False
    alone: bool = False
    api: str = "v4"


MUTANTS: list[Mutant] = []


def defect(group: str, *rules: str, **more: Any) -> Callable[[Behaviour], Behaviour]:
    """Enter a behaviour into the table; its name is that of the function."""

    def enter(behave: Behaviour) -> Behaviour:
        name = behave.__name__.replace("_", " ")
        named = f"{more['api']}: {name}" if "api" in more else name
        MUTANTS.append(Mutant(named, group, rules, behave, **more))
        return behave

    return enter


def on_codes(change: Callable[[Server, Answer], Answer]) -> Behaviour:
    """Change the answers that hold a device code."""

    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        return change(server, answer) if ask.is_code and answer.status == 200 else answer

    behave.__name__ = change.__name__
    return behave


def on_logins(change: Callable[[Server, Answer], Answer]) -> Behaviour:
    """Change the answers that grant tokens."""

    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        return change(server, answer) if ask.is_login and answer.status == 200 else answer

    behave.__name__ = change.__name__
    return behave


def code_defect(*rules: str) -> Callable[[Callable[[Server, Answer], Answer]], Behaviour]:
    """Enter a change of the answers with a code."""
    return lambda change: defect("code", *rules)(on_codes(change))


def login_defect(*rules: str) -> Callable[[Callable[[Server, Answer], Answer]], Behaviour]:
    """Enter a change of the answers with tokens."""
    return lambda change: defect("token", *rules)(on_logins(change))


def with_code(answer: Answer, code: str) -> Answer:
    """An answer with another code, in the message too."""
    old = answer.json["userCode"]
    return answer.with_members(userCode=code, message=answer.json["message"].replace(old, code))


def with_url(answer: Answer, url: str) -> Answer:
    """An answer with another address, in the message too."""
    old = answer.json["verificationUrl"]
    return answer.with_members(verificationUrl=url, message=answer.json["message"].replace(old, url))
