"""Planted defects: wrong requests, other methods, organizations, and what shows only over many calls."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mutants.defects import defect
from mutants.harness import Answer, Ask, Behaviour, Dropped, Hanging, Server, say

TRACE = """System.NullReferenceException: Object reference not set to an instance of an object.
   at Veeam.Archiver.REST.DeviceCodeController.Get(String region) in C:\\src\\DeviceCode.cs:line 42"""


def accept(name: str, rule: str, wrong: Callable[[Any], bool], *more: str) -> None:
    """Enter a server that takes a wrong body for the documented example."""

    def behave(server: Server, ask: Ask) -> Answer:
        taken = ask.is_code and ask.method == "POST" and wrong(ask)
        return server.answer(ask.with_json({"targetRegion": "worldwide"})) if taken else server.answer(ask)

    behave.__name__ = name.replace(" ", "_")
    defect("request", rule, *more)(behave)


def region(ask: Ask) -> Any:
    """The region of a request; None when there is none."""
    return ask.json.get("targetRegion") if isinstance(ask.json, dict) else None


accept("malformed json is taken", "request.malformed-json", lambda ask: bool(ask.body) and ask.json is None)
accept("an array is taken", "request.not-an-object", lambda ask: isinstance(ask.json, list))
accept("a boolean as region is taken", "request.region-type", lambda ask: isinstance(region(ask), bool))
accept("any region is taken", "request.region-unknown", lambda ask: isinstance(region(ask), str))
accept("a very long region is cut and taken", "request.region-long", lambda ask: len(str(region(ask))) > 10_000)
accept("a region is cut at a NUL and taken", "request.region-nul", lambda ask: "\x00" in str(region(ask)))
accept("other letters are folded and taken", "request.region-non-ascii", lambda ask: not str(region(ask)).isascii())
accept("a missing body is taken", "request.no-body", lambda ask: not ask.body)


def crash(name: str, rule: str, wrong: Callable[[Ask], bool]) -> None:
    """Enter a server that fails on a wrong body."""

    def behave(server: Server, ask: Ask) -> Answer:
        return say(500, {"message": "Oops."}) if ask.is_code and ask.token and wrong(ask) else server.answer(ask)

    behave.__name__ = name.replace(" ", "_")
    defect("request", rule, "answers.no-5xx")(behave)


crash("malformed json crashes", "request.malformed-json", lambda ask: bool(ask.body) and ask.json is None)
crash("a null region crashes", "request.region-null", lambda ask: ask.body.startswith(b'{"targetRegion": null'))
crash("a missing region crashes", "request.region-left-out", lambda ask: ask.json == {})
crash("a very long region crashes", "request.region-long", lambda ask: len(ask.body) > 10_000)
crash("a NUL crashes", "request.region-nul", lambda ask: b"\\u0000" in ask.body)
crash("an unknown organization crashes", "request.organization-unknown", lambda ask: "dead" in ask.path)
crash("a malformed organization crashes", "request.organization-malformed", lambda ask: "not-an-id" in ask.path)


def on_refusals(rule: str, *more: str) -> Callable[[Callable[[Answer], Answer]], Behaviour]:
    """Enter a change of the answers that refuse a request for a code."""

    def enter(change: Callable[[Answer], Answer]) -> Behaviour:
        def behave(server: Server, ask: Ask) -> Answer:
            answer = server.answer(ask)
            return change(answer) if ask.is_code and answer.status in (400, 404, 415) else answer

        behave.__name__ = change.__name__
        return defect("request", rule, *more)(behave)

    return enter


@on_refusals("answers.no-trace")
def a_refusal_shows_a_stack_trace(answer: Answer) -> Answer:
    return answer.with_json({"message": TRACE})


@on_refusals("answers.no-trace")
def a_refusal_has_a_member_for_the_stack_trace(answer: Answer) -> Answer:
    return answer.with_members(stackTrace="at Veeam.Archiver.REST.DeviceCodeController.Get(String region)")


@on_refusals("answers.error-shape")
def a_refusal_is_empty(answer: Answer) -> Answer:
    return answer.with_body(b"").with_header("Content-Type", None)


@on_refusals("answers.error-shape")
def a_refusal_is_a_problem_of_rfc_9457(answer: Answer) -> Answer:
    problem = {"type": "about:blank", "title": "Refused", "status": answer.status, "message": "It is refused."}
    return answer.with_json(problem).with_header("Content-Type", "application/problem+json; charset=utf-8")


@on_refusals("answers.error-shape")
def a_refusal_is_plain_text(answer: Answer) -> Answer:
    return answer.with_body(b"Bad request").with_header("Content-Type", "text/plain")


@on_refusals("answers.error-shape")
def a_refusal_has_an_empty_message(answer: Answer) -> Answer:
    return answer.with_json({"message": ""})


@on_refusals("request.region-unknown", "request.malformed-json")
def a_refusal_says_200(answer: Answer) -> Answer:
    return replace(answer, status=200)


@on_refusals("answers.no-html")
def a_refusal_is_a_page_of_html(answer: Answer) -> Answer:
    return answer.with_body(b"<!DOCTYPE html><title>Error</title>").with_header("Content-Type", "text/html")


@on_refusals("answers.json")
def a_refusal_is_json_with_a_comma_too_many(answer: Answer) -> Answer:
    return answer.with_body(answer.body.rstrip(b"}") + b",}")


@defect("request", "request.path-unknown")
def an_unknown_organization_gets_a_code_of_its_own(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    of_organization = "/organizations/" in ask.path.lower() and ask.path.lower().endswith("/devicecode")
    if of_organization and answer.status in (400, 404):
        return server.answer(replace(ask, path="/v4/DeviceCode").with_json({"targetRegion": "worldwide"}))
    return answer


@defect("methods", "methods.device-code")
def a_get_gives_a_code(server: Server, ask: Ask) -> Answer:
    if ask.is_code and ask.method == "GET":
        return server.answer(replace(ask, method="POST").with_json({"targetRegion": "worldwide"}))
    return server.answer(ask)


@defect("methods", "methods.device-code")
def a_delete_is_answered_with_204(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    gone = ask.is_code and ask.method == "DELETE" and answer.status == 405
    return replace(answer, status=204).with_body(b"") if gone else answer


@defect("methods", "methods.token")
def the_token_path_answers_a_get(server: Server, ask: Ask) -> Answer:
    return say(200, {"hint": "use POST"}) if ask.is_login and ask.method == "GET" else server.answer(ask)


def on_listing(change: Callable[[Answer], Answer]) -> Behaviour:
    """Change the answers with the list of organizations."""

    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        listing = ask.path.lower() == "/v4/organizations" and ask.method == "GET" and answer.status == 200
        return change(answer) if listing else answer

    behave.__name__ = change.__name__
    return behave


@defect("organizations", "organizations.list")
@on_listing
def organizations_in_a_page_object(answer: Answer) -> Answer:
    return answer.with_json({"results": answer.json, "offset": 0})


@defect("organizations", "organizations.list")
@on_listing
def organizations_without_ids(answer: Answer) -> Answer:
    return answer.with_json([{key: value for key, value in item.items() if key != "id"} for item in answer.json])


@defect("organizations", "organizations.list")
@on_listing
def organizations_that_are_said_to_be_text(answer: Answer) -> Answer:
    return answer.with_header("Content-Type", "text/plain; charset=utf-8")


@defect("organizations", "organizations.ids")
@on_listing
def organizations_with_one_id(answer: Answer) -> Answer:
    return answer.with_json([{**item, "id": answer.json[0]["id"]} for item in answer.json])


@defect("organizations", "organizations.single")
@on_listing
def the_list_names_another_organization(answer: Answer) -> Answer:
    return answer.with_json([{**item, "name": "other-" + item["name"]} for item in answer.json])


@defect("organizations", "organizations.unknown")
def any_organization_exists(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    single = "/v4/organizations/" in ask.path.lower() and ask.method == "GET" and answer.status == 404
    return say(200, {"id": ask.path.rpartition("/")[2], "name": "made up"}) if single else answer


@defect("service", "service.instance")
def an_installation_without_a_version(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    service = ask.path.lower() == "/v4/serviceinstance" and answer.status == 200
    return answer.with_json({"installationId": answer.json["installationId"]}) if service else answer


@defect("service", "service.instance")
def the_installation_is_said_to_be_text(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    asked = ask.path.lower() == "/v4/serviceinstance" and answer.status == 200
    return answer.with_header("Content-Type", "text/plain; charset=utf-8") if asked else answer


@defect("service", "service.version-probe")
def every_version_seems_to_be_served(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    return replace(answer, status=401) if ask.path.lower() == "/v99/serviceinstance" else answer


@defect("stability", "stability.series", "answers.no-5xx")
def every_5th_call_fails(server: Server, ask: Ask) -> Answer:
    return say(503) if not ask.is_login and server.count() % 5 == 0 else server.answer(ask)


@defect("stability", "stability.series", "code.status")
def every_11th_code_is_refused(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    return say(403) if ask.is_code and answer.status == 200 and server.count() % 11 == 0 else answer


@defect("stability", "answers.arrive")
def every_9th_connection_is_dropped(server: Server, ask: Ask) -> Answer:
    if not ask.is_login and server.count() % 9 == 0:
        raise Dropped
    return server.answer(ask)


@defect("stability", "answers.in-time")
def a_call_hangs(server: Server, ask: Ask) -> Answer:
    if not ask.is_login and server.count() == 150:
        raise Hanging
    return server.answer(ask)


@defect("stability", "stability.connections")
def a_new_connection_needs_another_login(server: Server, ask: Ask) -> Answer:
    return say(401) if ask.headers.get("Connection") == "close" else server.answer(ask)


@defect("stability", "answers.no-5xx", "code.unique-burst")
def calls_at_the_same_time_fail(server: Server, ask: Ask) -> Answer:
    if not ask.is_code:
        return server.answer(ask)
    if not server.lock.acquire(blocking=False):
        return say(500, {"message": "busy"})
    try:
        return server.answer(ask)
    finally:
        server.lock.release()


@defect("generated", "generated.refused", generated=True)
def a_restore_body_is_not_checked(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    if "restoresessions" in ask.path.lower() and answer.status == 400 and "a001" in ask.path:
        return server.answer(ask.with_json({}))
    return answer


@defect("generated", "generated.accepted", generated=True)
def an_additional_property_is_refused(server: Server, ask: Ask) -> Answer:
    unlisted = ask.is_code and isinstance(ask.json, dict) and set(ask.json) - {"targetRegion"}
    return say(400) if unlisted else server.answer(ask)
