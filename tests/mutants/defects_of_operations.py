"""Planted defects of codes that a sample of `POST /v4/DeviceCode` does not show: of its siblings, and of rare calls."""

from collections.abc import Callable

from mutants.defects import defect, with_code, with_url
from mutants.harness import Answer, Ask, Behaviour, Server


def on_operation(end: str, change: Callable[[Server, Answer], Answer]) -> Behaviour:
    """Change the codes of the operation whose path has this end."""

    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        mine = ask.method == "POST" and ask.path.partition("?")[0].lower().endswith(end) and not ask.is_code
        return change(server, answer) if mine and answer.status == 200 else answer

    behave.__name__ = change.__name__
    return behave


def of_organizations(change: Callable[[Server, Answer], Answer]) -> Behaviour:
    """Enter a change of the codes of organizations."""
    return defect("code", "answers.codes")(on_operation("/devicecode", change))


def of_restores(change: Callable[[Server, Answer], Answer]) -> Behaviour:
    """Enter a change of the codes of restores, which only the bundled mock gives, to generated cases."""
    return defect("code", "answers.codes", generated=True)(on_operation("/restoredevicecode", change))


@of_organizations
def an_organization_gets_a_code_in_lower_case(server: Server, answer: Answer) -> Answer:
    return with_code(answer, answer.json["userCode"].lower())


@of_organizations
def an_organization_gets_the_same_code_again(server: Server, answer: Answer) -> Answer:
    return with_code(answer, server.memory.setdefault("first", answer.json["userCode"]))


@of_organizations
def an_organization_gets_a_page_of_somebody_else(server: Server, answer: Answer) -> Answer:
    return with_url(answer, "https://microsoft.com.devicelogin.example/")


@of_organizations
def a_message_for_an_organization_names_another_code(server: Server, answer: Answer) -> Answer:
    return answer.with_members(message=answer.json["message"].replace(answer.json["userCode"], "BCDFGHJKM"))


@of_organizations
def the_code_of_an_organization_may_be_kept_by_proxies(server: Server, answer: Answer) -> Answer:
    return answer.with_header("Cache-Control", "public, max-age=600")


@of_organizations
def the_code_of_an_organization_is_said_to_be_text(server: Server, answer: Answer) -> Answer:
    return answer.with_header("Content-Type", "text/plain; charset=utf-8")


@of_restores
def a_restore_gets_a_code_in_lower_case(server: Server, answer: Answer) -> Answer:
    return with_code(answer, answer.json["userCode"].lower())


@defect("code", "answers.codes")
def a_code_of_the_sample_is_given_once_more_later(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    if not ask.is_code or answer.status != 200:
        return answer
    first = server.memory.setdefault("first", answer.json["userCode"])
    return with_code(answer, first) if server.count("codes") == 120 else answer
