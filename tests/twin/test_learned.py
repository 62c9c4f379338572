"""Servers with a habit: the profile holds it, the mock by the profile has it, and a comparison names it alone."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
import yaml

from mutants.defects import with_code
from mutants.harness import Answer, Ask, Behaviour, FakeTime, Server, say
from support.twins import client_of, differences, first, learn, plain
from veeam_contracts.paths import VERSIONS, is_at
from veeam_contracts.twin.comparing import compare, record
from veeam_contracts.twin.limits import limits_met
from veeam_contracts.twin.probing import probe
from veeam_mock import MockServer


def on_good(operation: str, change: Callable[[Answer], Answer]) -> Behaviour:
    """The mock, with other good answers of an operation."""

    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        return change(answer) if is_at(ask.path, operation) and answer.status == 200 and ask.body else answer

    return behave


def with_more(answer: Answer) -> Answer:
    more: dict[str, Any] = {"interval": 7, "tenant": {"since": "2020-02-02T20:20:20.123+00:00", "note": None}, "n": [1]}
    return answer.with_json({**more, **answer.json})


def in_other_words(answer: Answer) -> Answer:
    told = f"({answer.json['userCode']}) -> {answer.json['verificationUrl']} {{7}}"
    return answer.with_members(message=told)


def with_code_of(form: str, change: Callable[[str], str] = str) -> Behaviour:
    """Codes that look so, which nobody types here."""

    def look(answer: Answer) -> Answer:
        code = answer.json["userCode"]
        return with_code(answer, change(form.format(code[:4], code[4:8])))

    return on_good("getDeviceCode", look)


def german_page(server: Server, ask: Ask) -> Answer:
    """A page of its own for one cloud, which the mock does not tell from the worldwide one."""
    answer = server.answer(ask)
    if not (ask.is_code and answer.status == 200 and b"Germany" in ask.body):
        return answer
    page = f"{answer.json['verificationUrl']}de"
    return answer.with_members(
        verificationUrl=page, message=answer.json["message"].replace(answer.json["verificationUrl"], page)
    )


def any_media_type(server: Server, ask: Ask) -> Answer:
    """Takes a body of any kind."""
    if ask.is_code and ask.body and "json" not in ask.headers.get("Content-Type", ""):
        return server.answer(ask.with_json({"targetRegion": "worldwide"}))
    return server.answer(ask)


def forbids_ids(server: Server, ask: Ask) -> Answer:
    """Finds no organization by an id of zeros, and forbids other ids that it does not know."""
    answer = server.answer(ask)
    is_other = is_at(ask.path, "getOrganization") and "/00000000" not in ask.path and b"was not found" in answer.body
    return say(403, {"message": "Not yours."}) if is_other else answer


def always_atlantis(server: Server, ask: Ask) -> Answer:
    """Names one region in its refusals, whichever was asked for."""
    answer = server.answer(ask)
    is_region = ask.is_code and b"is not one of" in answer.body
    return answer.with_members(message="No Atlantis here.") if is_region else answer


def without_type(server: Server, ask: Ask) -> Answer:
    """Says nothing of its bodies."""
    answer = server.answer(ask)
    return answer.with_header("Content-Type", None) if ask.is_code or answer.status == 404 else answer


SEVEN_DIGITS = "2026-01-02T03:04:05.0000000Z"

HABITS: dict[str, tuple[Behaviour, list[str]]] = {
    "more members": (on_good("getDeviceCode", with_more), ["body members"]),
    "another order": (
        on_good("getDeviceCode", lambda answer: answer.with_json(dict(reversed(answer.json.items())))),
        ["body members"],
    ),
    "a null": (on_good("getToken", lambda answer: answer.with_members(userName=None)), ["body.userName"]),
    "other dates": (
        on_good("getToken", lambda answer: answer.with_json({**answer.json, ".issued": SEVEN_DIGITS})),
        ["body..issued"],
    ),
    "texts for numbers": (
        on_good("getToken", lambda answer: answer.with_members(expires_in=str(answer.json["expires_in"]))),
        ["body.expires_in"],
    ),
    "codes in two groups": (with_code_of("{0}-{1}"), ["form of code"]),
    "codes of small letters": (with_code_of("{0}{1}", str.lower), ["form of code"]),
    "a body of any type": (any_media_type, ["status"]),
    "some ids are forbidden": (forbids_ids, ["status"]),
    # Told once for Atlantis itself, where it looks repeated, and once for all other regions.
    "a word that looks repeated": (always_atlantis, ["text 1 of 1", "text 1 of 1"]),
    "the code in two members": (
        on_good("getDeviceCode", lambda answer: answer.with_members(user_code=answer.json["userCode"])),
        ["body members"],
    ),
    "the code of the device": (
        on_good("getDeviceCode", lambda answer: answer.with_members(deviceCode="0b5e1b9a-9a3c-4e0a-8d0c-5a2c0b5e1b9a")),
        ["body members"],
    ),
    "a page for one cloud": (german_page, ["body.verificationUrl"]),
    "a word in capital letters": (
        on_good("getDeviceCode", lambda answer: answer.with_members(message=f"IMPORTANT: {answer.json['message']}")),
        ["body.message"],
    ),
    "no media type": (without_type, ["header content-type"]),
    "a message of its own": (on_good("getDeviceCode", in_other_words), ["body.message"]),
}


@pytest.mark.parametrize("habit", first(6, HABITS))
def test_a_habit_is_learned_answered_and_named(habit: str, tmp_path: Path) -> None:
    behave, aspects = HABITS[habit]
    real = record(client_of(behave, {}, "v4"))
    assert [found.aspect for found in compare(real, plain("v4"))] == aspects
    profile = learn(behave, {}, "v4", tmp_path)
    assert differences(real, "v4", profile) == []


@pytest.mark.parametrize("user", [{"name": "administrator"}, ["administrator"], [{"name": "x"}], [[8]]], ids=str)
def test_a_member_of_another_kind_is_a_difference(user: object) -> None:
    behave = on_good("getToken", lambda answer: answer.with_members(userName=user))
    found = compare(plain("v4"), record(client_of(behave, {}, "v4")))
    aspects = [each.aspect for each in found]
    assert aspects[0] == "body.userName"
    assert [aspect.replace("[]", "").removesuffix(" members") for aspect in aspects] == ["body.userName"] * 2


def with_another_code(repeated: str) -> Behaviour:
    """Codes beside which the one before stands, and some text that is the same each time."""

    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        if not (ask.is_code and answer.status == 200):
            return answer
        before, server.memory["before"] = server.memory.get("before"), answer.json["userCode"]
        return answer.with_members(message=f"{repeated}: {answer.json['userCode']}, not {before}.")

    return behave


@pytest.mark.parametrize(("repeated", "written"), [("ATTENTION", "ATTENTION"), ("K7PLM2QRS", "(secret)")])
def test_a_word_is_no_code_and_what_is_one_beside_another_code_is_not_written(
    tmp_path: Path, repeated: str, written: str
) -> None:
    profile = learn(with_another_code(repeated), {}, "v4", tmp_path).read_text("utf-8")
    assert f"message: '{written}: {{code}}, not (secret).'" in profile


def page_for_logins(server: Server, ask: Ask) -> Answer:
    """As the cookies of ASP.NET do it."""
    answer = server.answer(ask)
    leads = f"/Account/Login?ReturnUrl={quote(ask.path, safe='')}"
    return replace(answer, status=302).with_body(b"").with_header("Location", leads) if answer.status == 401 else answer


def address_in_a_refusal(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    return answer.with_members(message=f"{ask.method} {ask.path} is refused.") if answer.status >= 400 else answer


def organization_in_a_refusal(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    _, _, named = ask.path.partition("organizationId=")
    is_region = ask.is_code and answer.status == 400 and bool(named)
    return answer.with_members(message=f"Organization {named} has no such region.") if is_region else answer


@pytest.mark.parametrize("behave", [page_for_logins, address_in_a_refusal, organization_in_a_refusal])
def test_an_address_is_repeated_with_its_query(behave: Behaviour, tmp_path: Path) -> None:
    real = record(client_of(behave, {}, "v4"))
    assert differences(real, "v4", learn(behave, {}, "v4", tmp_path)) == []


def test_a_secret_in_a_member_of_its_own_makes_no_secret_of_a_word(tmp_path: Path) -> None:
    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        if ask.is_code and answer.status == 200:
            return answer.with_members(deviceCode=hashlib.sha512(answer.body).hexdigest())
        words = f"text/plain is no media type here, {hashlib.sha256(b'').hexdigest()} neither."
        return answer.with_json({"message": words}) if answer.status == 400 and not ask.is_login else answer

    profile = learn(behave, {}, "v4", tmp_path)
    assert "deviceCode: (token)" in profile.read_text("utf-8")
    assert differences(record(client_of(behave, {}, "v4")), "v4", profile) == []


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("ParameterValidationFailure", "ParameterValidationFailure"),
        ("Veeam.Archiver.REST.Model.TargetRegion", "Veeam.Archiver.REST.Model.TargetRegion"),
        ("kzQwErTyUiOpAsDfGhJkLzXcVbNm", "{token}"),
        ("abcdefghijklmnopqrstuvwxyzabcd", "{token}"),
        ("ParameterValidationFailure7", "{token}"),
    ],
)
def test_words_that_are_written_as_one_are_no_token(tmp_path: Path, text: str, written: str) -> None:
    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        return answer.with_members(errorCode=text) if ask.is_code and answer.status == 400 else answer

    profile = yaml.safe_load(learn(behave, {}, "v4", tmp_path).read_text("utf-8"))
    body = next(entry["body"] for entry in profile["refusals"] if entry["case"] == "unknown-region")
    assert f'"errorCode": "{written}"' in body


def test_organizations_are_made_up_in_the_same_form(tmp_path: Path) -> None:
    real = [{"name": "fabrikam.partner.onmschina.cn", "region": "China", "type": "Hybrid"}, {"name": "Fabrikam Ltd"}]
    profile = learn(Server.answer, {"organizations": real}, "v4", tmp_path)
    assert yaml.safe_load(profile.read_text("utf-8"))["organizations"] == [
        {"name": "organization1.partner.onmschina.cn", "region": "China", "type": "Hybrid"},
        {"name": "organization2", "region": "Worldwide", "type": "Office365"},
    ]
    assert "abrikam" not in profile.read_text("utf-8")
    assert differences(record(client_of(Server.answer, {"organizations": real}, "v4")), "v4", profile) == []


def test_what_was_sent_makes_room_in_a_refusal_and_cannot_break_out_of_it(tmp_path: Path) -> None:
    profile = learn(Server.answer, {}, "v4", tmp_path)
    with_field = re.sub(
        r"(?m)^(  case: unknown-region\n  status: 400\n)", r"\1  headers: {x: 'a{region}'}\n", profile.read_text()
    )
    profile.write_text(with_field, "utf-8")
    real, twin = client_of(Server.answer, {}, "v4"), client_of(Server.answer, {"profile": str(profile)}, "v4")
    for region in ("Lemuria", 'a"b', "a {id}"):
        assert twin.device_code(region).value == real.device_code(region).value
    split = twin.device_code("a\r\nSet-Cookie: b")
    assert "Set-Cookie: b'" in split.member("message")
    assert split.headers["x"] == "aa??Set-Cookie: b"


def test_a_page_that_the_settings_name_stays(tmp_path: Path) -> None:
    profile = learn(german_page, {}, "v4", tmp_path)
    own = "https://example.test/devicelogin"
    twin = client_of(Server.answer, {"profile": str(profile), "verification_url": own}, "v4")
    assert twin.device_code("Germany").member("verificationUrl") == own


def test_an_answer_of_which_no_body_is_told_has_that_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "profile.yaml"
    path.write_text("profile: 1\nanswers: [{operation: getOrganizations, status: 203, headers: {x: y}}]\n", "utf-8")
    ours, twin = (client_of(Server.answer, more, "v8") for more in ({}, {"profile": str(path)}))
    answer = twin.get(twin.path_of("getOrganizations"))
    assert (answer.status, answer.headers["x"]) == (203, "y")
    assert answer.value == ours.get(ours.path_of("getOrganizations")).value


@pytest.mark.parametrize("body", ["''", "{offset: (integer)}"])
def test_an_answer_whose_status_allows_no_body_has_none(body: str, tmp_path: Path) -> None:
    path = tmp_path / "profile.yaml"
    path.write_text(
        f"profile: 1\napi: v8\nanswers: [{{operation: getOrganizations, status: 204, body: {body}}}]\n", "utf-8"
    )
    with MockServer(http=True, profile=str(path)) as server:
        session = server.session()
        for version in ("v4", "v8"):
            assert session.get(f"{server.url}/{version}/Organizations").status_code == 204
            assert session.get(f"{server.url}/{version}/ServiceInstance").status_code == 200
        exchanges = server.requests.list(operation="getOrganizations")
    assert [exchange["reply"]["body"] for exchange in exchanges] == ["", ""]


def busy_after(number: int, counted: Callable[[Ask], bool]) -> Behaviour:
    """A server that asks to wait when so many requests have come, and begins to count anew."""

    def behave(server: Server, ask: Ask) -> Answer:
        if not counted(ask) or server.count() % (number + 1):
            return server.answer(ask)
        return say(429, {"message": "Slow down.", "code": 7}).with_header("Retry-After", str(20 + server.count("met")))

    return behave


def test_a_limit_that_was_met_is_kept_by_the_twin(tmp_path: Path) -> None:
    behave = busy_after(4, lambda ask: ask.is_code)
    real = record(client_of(behave, {}, "v4"))
    found = compare(real, plain("v4"))
    assert [(each.aspect, each.questions) for each in found] == [("answer", ("too-many",))]
    profile = learn(behave, {}, "v4", tmp_path)
    limits = yaml.safe_load(profile.read_text("utf-8"))["limits"]
    assert limits == [{"operation": "getDeviceCode", "number": 4, "seconds": 10}]
    assert differences(real, "v4", profile) == []


def test_a_limit_on_all_requests_is_told_from_one_on_an_operation() -> None:
    client = client_of(busy_after(9, lambda ask: ask.method == "GET"), {}, "v4")
    record(client)
    met = next(at for at, exchange in enumerate(client.journal) if exchange.throttled)
    first, *between, last = client.journal[: met + 1]
    assert limits_met([first, last], client.version) == [{"number": 1, "seconds": 10}]
    assert limits_met(between, client.version) == []


def starting_up(number: int) -> Behaviour:
    """A server that is not ready for its first requests."""

    def behave(server: Server, ask: Ask) -> Answer:
        page = say(503).with_body(b"<h1>Not yet</h1>").with_header("Content-Type", "text/html")
        return page.with_header("Retry-After", "2") if server.count() <= number else server.answer(ask)

    return behave


def test_a_server_that_starts_up_is_named_and_its_twin_starts_up_in_each_world(tmp_path: Path) -> None:
    found = differences(record(client_of(starting_up(3), {}, "v4")), "v4", None)
    assert [(each.aspect, each.questions) for each in found] == [("answer", ("starting",))]
    profile = learn(starting_up(3), {}, "v4", tmp_path)
    assert yaml.safe_load(profile.read_text("utf-8"))["starting"] == 3
    assert differences(record(client_of(starting_up(3), {}, "v4")), "v4", profile) == []
    with MockServer(http=True, profile=str(profile)) as server:
        for world in ("one", "other"):
            headers = {"X-Mock-World": world}
            answers = [requests.get(f"{server.url}/v4/ServiceInstance", headers=headers, timeout=5) for _ in range(4)]
            assert [answer.status_code for answer in answers] == [503, 503, 503, 401]
            assert answers[0].text == "<h1>Not yet</h1>"


def test_a_limit_ends_with_the_time_of_its_world(tmp_path: Path) -> None:
    profile = tmp_path / "profile.yaml"
    refusal = "{case: too-many, status: 429, body: wait, headers: {retry-after: '{seconds}', x-a: b}}"
    limit = "{operation: getServiceInstance, number: 2, seconds: 60}"
    profile.write_text(f"profile: 1\nlimits:\n- {limit}\nrefusals:\n- {refusal}\n", "utf-8")
    with MockServer(http=True, profile=str(profile)) as server:
        session = server.session()
        places = ["ServiceInstance", "ServiceInstance", "ServiceInstance", "Organizations"]
        answers = [session.get(f"{server.url}/v8/{place}") for place in places]
        assert [answer.status_code for answer in answers] == [200, 200, 429, 200]
        assert (answers[2].text, answers[2].headers["Retry-After"]) == ("wait", "60")
        server.clock.advance("61s")
        assert session.get(f"{server.url}/v8/ServiceInstance").status_code == 200


def test_a_profile_tells_median_and_95th_percentile_of_all_good_answers() -> None:
    fake = FakeTime()

    def takes_long(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        if ask.is_code and answer.status == 200:
            fake.sleep(9.0 if server.count() == 1 else 2.0 if server.count("later") == 7 else 1.0)
        return answer

    profile = probe(client_of(takes_long, {}, "v4", fake), VERSIONS)
    latency = yaml.safe_load(profile.write())["latency"]
    assert latency["getDeviceCode"] == {"median": 1.0, "percentile95": 2.0}
    assert latency["getOrganizations"] == {"median": 0.0, "percentile95": 0.0}


@pytest.mark.parametrize(
    ("operation", "api"),
    [("getOrganizationDeviceCode", "v4"), ("getOrganizationDeviceCode", "v8"), ("getAzureDeviceCode", "v8")],
)
def test_a_habit_of_the_other_operations_that_give_codes_is_learned(operation: str, api: str, tmp_path: Path) -> None:
    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        if not (is_at(ask.path, operation) and answer.status == 200):
            return answer
        return replace(answer.with_members(interval=7), status=202)

    profile = learn(behave, {}, api, tmp_path)
    real = record(client_of(behave, {}, api))
    assert differences(real, api, None) != []
    assert differences(real, api, profile) == []
    learned = {entry["operation"]: entry for entry in yaml.safe_load(profile.read_text("utf-8"))["answers"]}
    assert (learned[operation]["status"], learned[operation]["body"]["interval"]) == (202, 7)


@pytest.mark.parametrize("api", ["v4", "v6"])
def test_what_a_later_version_settles_is_not_learned_of_an_earlier_one(api: str, tmp_path: Path) -> None:
    profile = learn(Server.answer, {}, "v8", tmp_path)
    ours, twin = (client_of(Server.answer, more, api) for more in ({}, {"profile": str(profile)}))
    for ask in (
        lambda client: client.device_code("USgovDefence"),
        lambda client: client.device_code("USDefence"),
        lambda client: client.get(client.path_of("getOrganizations")),
    ):
        assert ask(ours).status == ask(twin).status
