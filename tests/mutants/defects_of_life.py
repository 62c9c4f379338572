"""Defects of what becomes of a code: spent twice, spent unapproved, and organizations that are not what they seem."""

import re
import threading

from requests.structures import CaseInsensitiveDict

from mutants.defects import defect
from mutants.harness import Answer, Ask, Server, say

ORGANIZATION = re.compile(r"/v4/Organizations/([^/]+)(/DeviceCode)?$", re.IGNORECASE)


def is_adding(ask: Ask) -> bool:
    """Whether it spends a code."""
    return ask.method == "POST" and ask.path.lower() == "/v4/organizations"


def approve_and_add(server: Server, ask: Ask) -> Answer:
    """Add without asking: with an approved code of the mock's own in place of the one that came."""
    region = ask.json.get("region", "Worldwide")
    path, method = "/v4/DeviceCode", "POST"
    fresh = server.answer(Ask(method, path, ask.headers, b"").with_json({"targetRegion": region})).json["userCode"]
    server.decide(fresh, "approve")
    return server.answer(ask.with_json({**ask.json, "userCode": fresh}))


def adds_after(server: Server, ask: Ask, refusal: str) -> Answer:
    """Add all the same where the mock refuses with this text."""
    answer = server.answer(ask)
    if is_adding(ask) and answer.status == 400 and refusal in answer.body.decode():
        return approve_and_add(server, ask)
    return answer


@defect("life", "life.unapproved")
def a_pending_code_adds_an_organization(server: Server, ask: Ask) -> Answer:
    return adds_after(server, ask, "AADSTS70016")


@defect("life", "life.unapproved")
def a_declined_code_adds_an_organization(server: Server, ask: Ask) -> Answer:
    return adds_after(server, ask, "AADSTS65004")


@defect("life", "life.unapproved")
def an_expired_code_adds_an_organization(server: Server, ask: Ask) -> Answer:
    return adds_after(server, ask, "AADSTS70019")


@defect("life", "life.once", "life.once-parallel")
def a_code_can_be_spent_again(server: Server, ask: Ask) -> Answer:
    return adds_after(server, ask, "AADSTS54005")


@defect("life", "life.once-parallel")
def one_code_is_spent_twice_at_once(server: Server, ask: Ask) -> Answer:
    """A race: the use that comes while another one is under way succeeds as well."""
    if not is_adding(ask):
        return server.answer(ask)
    code = str(ask.json.get("userCode"))
    with server.lock:
        running = server.memory.setdefault("running", [])
    running.append(code)
    try:
        threading.Event().wait(0.02)
        return adds_after(server, ask, "AADSTS54005") if running.count(code) > 1 else server.answer(ask)
    finally:
        running.remove(code)


@defect("life", "life.unknown")
def any_code_will_do(server: Server, ask: Ask) -> Answer:
    return adds_after(server, ask, "AADSTS70018")


@defect("life", "life.region")
def the_region_of_a_code_does_not_count(server: Server, ask: Ask) -> Answer:
    return adds_after(server, ask, "region")


@defect("life", "life.region")
def a_wrong_region_spends_the_code(server: Server, ask: Ask) -> Answer:
    if is_adding(ask) and ask.json.get("userCode") in server.memory.setdefault("burnt", set()):
        return say(400)
    answer = server.answer(ask)
    if is_adding(ask) and b"region" in answer.body and answer.status == 400:
        server.memory["burnt"].add(ask.json["userCode"])
    return answer


@defect("life", "life.purpose")
def the_code_of_a_restore_adds_an_organization(server: Server, ask: Ask) -> Answer:
    return adds_after(server, ask, "restore")


@defect("life", "life.approved")
def an_added_organization_is_not_listed(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    if ask.method == "GET" and ask.path.lower() == "/v4/organizations" and answer.status == 200:
        return answer.with_json(answer.json[:2])
    return answer


@defect("life", "life.approved")
def an_approved_code_is_refused(server: Server, ask: Ask) -> Answer:
    return say(400) if is_adding(ask) else server.answer(ask)


@defect("life", "life.removed")
def a_removed_organization_stays(server: Server, ask: Ask) -> Answer:
    if ask.method == "DELETE" and ORGANIZATION.search(ask.path):
        return Answer(204, CaseInsensitiveDict(), b"")
    return server.answer(ask)
