"""What a server refuses, or takes, in another way than the description has it: learned, imitated, and named."""

from collections.abc import Callable
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
import yaml

from mutants.harness import Answer, Ask, Behaviour, Server, say
from support.twins import client_of, differences, first, learn, plain
from veeam_contracts.paths import VERSIONS, is_at
from veeam_contracts.twin.comparing import compare, record
from veeam_mock import MockServer

OPERATIONS = (
    *("getServiceInstance", "getOrganizations", "getOrganization"),
    *("getDeviceCode", "getOrganizationDeviceCode", "checkDeviceCode", "getAzureDeviceCode"),
)
REFUSALS = {
    "forbidden": say(403, {"message": "Your role does not allow this.", "errorCode": "AccessDenied"}),
    "not there": say(404),
    "another method": say(405).with_header("Allow", "HEAD"),
    "not implemented": say(501, {"Message": "Not here."}),
    "a conflict": say(409, {"message": "The organization uses modern authentication."}),
    "a page to log in": say(200).with_body(b"<h1>Log in</h1>").with_header("Content-Type", "text/html"),
}


def that_refuses(operation: str, answer: Answer, *, at_once: bool = False) -> Behaviour:
    """Refuses an operation whoever asks: once it has seen who does, or `at_once`."""
    method = VERSIONS[-1].places[operation][0]

    def behave(server: Server, ask: Ask) -> Answer:
        if not is_at(ask.path, operation) or ask.method != method:
            return server.answer(ask)
        given = server.answer(ask)
        return answer if at_once or given.status < 300 else given

    return behave


def refuse_and_learn(operation: str, refusal: str, at_once: bool, folder: Path) -> None:
    behave = that_refuses(operation, REFUSALS[refusal], at_once=at_once)
    real = record(client_of(behave, {}, "v8"))
    assert compare(real, plain("v8")) != []
    assert differences(real, "v8", learn(behave, {}, "v8", folder)) == []


@pytest.mark.parametrize(
    ("operation", "refusal", "at_once"),
    [
        ("getOrganizations", "a page to log in", True),
        *first(3, zip(OPERATIONS, cycle(REFUSALS), cycle((False, True, True)), strict=False)),
    ],
)
def test_an_operation_that_is_refused_whoever_asks_is_learned(
    operation: str, refusal: str, at_once: bool, tmp_path: Path
) -> None:
    refuse_and_learn(operation, refusal, at_once, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize("at_once", [False, True], ids=["after the token", "at once"])
def test_each_operation_that_is_refused_in_any_way_is_learned(
    operation: str, refusal: str, at_once: bool, tmp_path: Path
) -> None:
    refuse_and_learn(operation, refusal, at_once, tmp_path)


def test_a_refusal_of_good_requests_is_written_for_its_operation_alone(tmp_path: Path) -> None:
    behave = that_refuses("getOrganizations", REFUSALS["forbidden"])
    profile = yaml.safe_load(learn(behave, {}, "v4", tmp_path).read_text("utf-8"))
    refused = [each for each in profile["refusals"] if each["case"] == "good-request"]
    assert [(each["operation"], each["status"]) for each in refused] == [("getOrganizations", 403)]
    assert "Your role does not allow this." in refused[0]["body"]
    assert "getOrganizations" not in [each["operation"] for each in profile["answers"]]
    assert "ended-token" not in [each["case"] for each in profile["refusals"]]


@pytest.mark.parametrize("api", ["v4", "v8"])
def test_what_is_refused_by_a_profile_is_not_done(api: str, tmp_path: Path) -> None:
    profile = tmp_path / "profile.yaml"
    refusal = "{operation: addOrganization, case: good-request, status: 403, body: 'no license'}"
    profile.write_text(f"profile: 1\nrefusals:\n- {refusal}\n", "utf-8")
    with MockServer(http=True, profile=str(profile), organizations=[]) as server:
        session = server.session()
        code = session.post(f"{server.url}/{api}/DeviceCode", json={"targetRegion": "worldwide"}).json()["userCode"]
        server.device_codes.approve(code)
        new = {"type": "Office365", "region": "Worldwide", "deviceCode": {"userCode": code}}
        answer = session.post(f"{server.url}/{api}/Organizations", json=new)
        assert (answer.status_code, answer.text) == (403, "no license"), answer.text
        assert server.device_codes.newest.state == "approved"
        assert session.post(f"{server.url}/{api}/Organizations", json={"type": 7}).status_code == 403


def forbids_what_there_is(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    return say(403) if is_at(ask.path, "getOrganization") and answer.status == 200 else answer


def test_an_id_that_names_nothing_stays_a_case_of_its_own(tmp_path: Path) -> None:
    profile = learn(forbids_what_there_is, {}, "v4", tmp_path)
    twin = client_of(Server.answer, {"profile": str(profile)}, "v4")
    assert twin.get(twin.path_of("getOrganization", organizationId=twin.organization_id() or "")).status == 403
    assert (
        twin.get(twin.path_of("getOrganization", organizationId="7d4f62c1-93be-4e0a-b58d-26a1f07c9e34")).status == 404
    )


def on_code(when: Callable[[Ask, Answer], bool], make: Callable[[Server, Ask, Answer], Answer]) -> Behaviour:
    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        return make(server, ask, answer) if ask.is_code and ask.method == "POST" and when(ask, answer) else answer

    return behave


def says(text: str) -> Callable[[Ask, Answer], bool]:
    return lambda ask, answer: text.encode() in answer.body


def taken(server: Server, ask: Ask, answer: Answer) -> Answer:
    return server.answer(ask.with_json({}))


def refused_region(server: Server, ask: Ask, answer: Answer) -> Answer:
    refusal = server.answer(ask.with_json({"targetRegion": "Atlantis"}))
    return refusal.with_body(refusal.body.replace(b"Atlantis", ask.json["targetRegion"].encode()))


def with_status(status: int) -> Callable[[Server, Ask, Answer], Answer]:
    return lambda server, ask, answer: replace(answer, status=status)


def no_content(server: Server, ask: Ask, answer: Answer) -> Answer:
    return replace(answer, status=204, body=b"").with_header("Content-Length", None).with_header("Content-Type", None)


HABITS: dict[str, tuple[Behaviour, dict[str, Any]]] = {
    "any region": (on_code(says("is not one of"), taken), {"taken": ["unknown-region"]}),
    "no body": (on_code(says("body: is required"), taken), {"taken": ["no-body"]}),
    "malformed JSON": (on_code(says("is not JSON"), taken), {"taken": ["malformed-body"]}),
    "a region is refused": (
        on_code(lambda ask, answer: b"Germany" in ask.body and answer.status == 200, refused_region),
        {"refused_regions": ["Germany"]},
    ),
    "an unknown region is refused with 200": (on_code(says("is not one of"), with_status(200)), {}),
    "no body is refused with 204": (on_code(says("body: is required"), no_content), {}),
}


@pytest.mark.parametrize(("habit", "api"), first(3, zip(HABITS, cycle(["v4", "v8"]), strict=False)))
def test_what_a_server_takes_and_refuses_is_learned(habit: str, api: str, tmp_path: Path) -> None:
    behave, parts = HABITS[habit]
    real = record(client_of(behave, {}, api))
    assert compare(real, plain(api)) != []
    profile = learn(behave, {}, api, tmp_path)
    assert differences(real, api, profile) == []
    written = yaml.safe_load(profile.read_text("utf-8"))
    assert {key: written.get(key) for key in ("taken", "refused_regions") if key in written} == parts


@pytest.mark.parametrize("answer", first(2, [b"<h1>{x}</h1>", b"null", b"", b"7 {x}", b"true", b'"ok"']))
def test_a_good_answer_that_is_no_object_is_learned_as_text(answer: bytes, tmp_path: Path) -> None:
    def behave(server: Server, ask: Ask) -> Answer:
        given = server.answer(ask)
        is_good = is_at(ask.path, "getServiceInstance") and given.status == 200
        return given.with_body(answer).with_header("Content-Type", "text/html") if is_good else given

    real = record(client_of(behave, {}, "v4"))
    assert differences(real, "v4", learn(behave, {}, "v4", tmp_path)) == []


def test_an_answer_to_a_refresh_that_differs_is_learned(tmp_path: Path) -> None:
    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        if not (ask.is_login and b"refresh_token" in ask.body and answer.status == 200):
            return answer
        return answer.with_json({key: value for key, value in answer.json.items() if key != "userName"})

    real = record(client_of(behave, {}, "v4"))
    assert [each.aspect for each in compare(real, plain("v4"))] == ["body members"]
    profile = learn(behave, {}, "v4", tmp_path)
    assert differences(real, "v4", profile) == []
    cases = [each.get("case") for each in yaml.safe_load(profile.read_text("utf-8"))["answers"]]
    assert cases.count("refresh") == 1


def in_a_page(answer: Answer) -> Answer:
    return answer.with_json({"offset": 0, "limit": 30, "results": answer.json})


def in_a_list(answer: Answer) -> Answer:
    return answer.with_json(answer.json["results"])


def without_host(answer: Answer) -> Answer:
    return answer.with_body(answer.body.replace(b"https://faulty.test:4443", b""))


def with_host(answer: Answer) -> Answer:
    return answer.with_body(answer.body.replace(b'"/v8/', b'"https://faulty.test:4443/v8/'))


@pytest.mark.parametrize(
    ("api", "change"), first(2, [("v4", in_a_page), ("v8", with_host), ("v4", without_host), ("v8", in_a_list)])
)
def test_lists_and_links_as_those_of_another_version_are_learned(
    api: str, change: Callable[[Answer], Answer], tmp_path: Path
) -> None:
    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        is_read = is_at(ask.path, "getOrganizations") and ask.method == "GET"
        return change(answer) if is_read and answer.status == 200 else answer

    real = record(client_of(behave, {}, api))
    assert compare(real, plain(api)) != []
    profile = learn(behave, {}, api, tmp_path)
    assert differences(real, api, profile) == []
    twin = client_of(Server.answer, {"profile": str(profile)}, api)
    assert twin.organization_id() is not None
    assert twin.get(twin.path_of("getOrganization", organizationId=twin.organization_id() or "")).status == 200


def test_one_page_for_all_regions_is_learned_whatever_other_operations_name(tmp_path: Path) -> None:
    page = "https://login.example/device"

    def change(server: Server, ask: Ask, answer: Answer) -> Answer:
        return replace(answer.with_members(verificationUrl=page, message="Type it."), status=201)

    behave = on_code(lambda ask, answer: answer.status == 200, change)
    real = record(client_of(behave, {}, "v4"))
    assert differences(real, "v4", learn(behave, {}, "v4", tmp_path)) == []


@pytest.mark.parametrize("operation", ["getServiceInstance", "getOrganizations", "getAzureDeviceCode"])
def test_what_fails_once_is_not_refused_always(operation: str, tmp_path: Path) -> None:
    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        is_second = is_at(ask.path, operation) and answer.status == 200 and server.count(operation) == 2
        return say(502) if is_second else answer

    refusals = yaml.safe_load(learn(behave, {}, "v8", tmp_path).read_text("utf-8"))["refusals"]
    assert [entry for entry in refusals if entry["case"] == "good-request"] == []


def test_a_region_that_fails_once_is_not_refused_always(tmp_path: Path) -> None:
    def behave(server: Server, ask: Ask) -> Answer:
        if ask.is_code and b"Germany" in ask.body and server.count("Germany") == 1:
            return say(409)
        return server.answer(ask)

    assert "refused_regions" not in learn(behave, {}, "v4", tmp_path).read_text("utf-8")


@pytest.mark.parametrize("reading", ["optional", "required"])
def test_a_code_beside_a_warning_is_taken_and_given(reading: str, tmp_path: Path) -> None:
    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        if not (ask.is_code and b"is not one of" in answer.body):
            return answer
        return server.answer(ask.with_json({"targetRegion": "worldwide"})).with_members(warning="unknown region")

    settings = {"ambiguities": {"region-required": reading}}
    profile = learn(behave, settings, "v4", tmp_path)
    twin = client_of(Server.answer, {"profile": str(profile)}, "v4")
    assert len(twin.device_code("Lemuria").member("userCode")) == 9
    assert twin.post_json(twin.path_of("getDeviceCode"), {}).status == (200 if reading == "optional" else 400)


def refuses_codes(status: int, code: str) -> Behaviour:
    """Refuses codes after it has seen who asks, with this status; and bad bodies with 400, in words of its own."""

    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        if not ask.is_code or answer.status in (401, 405):
            return answer
        words = "That is no body." if answer.status == 400 else "Your account may not ask for codes."
        return say(400 if answer.status == 400 else status, {"message": words, "errorCode": code})

    return behave


@pytest.mark.parametrize("status", first(1, [401, 400, 403]))
def test_refusals_with_one_status_and_other_words_are_told_apart(status: int, tmp_path: Path) -> None:
    behave = refuses_codes(status, "Refused")
    real = record(client_of(behave, {}, "v8"))
    profile = learn(behave, {}, "v8", tmp_path)
    assert differences(real, "v8", profile) == []
    with MockServer(http=True, profile=str(profile)) as server:
        refused = server.session().post(f"{server.url}/v8/Organizations", json={"type": 7})
    assert (refused.status_code, refused.json()["message"]) == (400, "That is no body.")


def test_a_region_is_repeated_only_by_a_server_that_repeats_it_whatever_the_status(tmp_path: Path) -> None:
    def change(server: Server, ask: Ask, answer: Answer) -> Answer:
        return say(200, {"code": 7, "detail": "Only Worldwide, not Atlantis, is here."})

    profile = learn(on_code(says("is not one of"), change), {}, "v4", tmp_path)
    twin = client_of(Server.answer, {"profile": str(profile)}, "v4")
    answer = twin.device_code("Lemuria")
    assert (answer.status, answer.member("detail")) == (200, "Only Worldwide, not Atlantis, is here.")


def shows_a_page(*statuses: int) -> Behaviour:
    """A proxy that shows a page in place of some refusals."""

    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        page = say(200).with_body(b"<h1>Log in</h1>").with_header("Content-Type", "text/html")
        return page if answer.status in statuses else answer

    return behave


def test_a_page_in_place_of_refusals_is_learned_and_no_reading_is_told_by_it(tmp_path: Path) -> None:
    behave, settings = shows_a_page(404, 405), {"ambiguities": {"path-case": "exact", "path-slash": "refused"}}
    real = record(client_of(behave, settings, "v4"))
    profile = learn(behave, settings, "v4", tmp_path)
    assert differences(real, "v4", profile) == []
    twin = client_of(Server.answer, {"profile": str(profile)}, "v4")
    for path in ("/v4/SERVICEInstance", "/v4/ServiceInstance/", "/v4/Nothing"):
        assert twin.get(path, token=twin.token).text == "<h1>Log in</h1>"


def test_a_cloud_that_is_refused_is_refused_under_each_of_its_names(tmp_path: Path) -> None:
    profile = tmp_path / "profile.yaml"
    profile.write_text("profile: 1\nrefused_regions: [USGovernment]\nambiguities: {bad-body-status: '422'}\n", "utf-8")
    with MockServer(http=True, profile=str(profile)) as server:
        session = server.session()
        answers = [
            session.post(f"{server.url}/{path}", json={"targetRegion": region, "targetApplicationId": "7" * 8})
            for path, region in (
                *(("v4/DeviceCode", name) for name in ("USgovCommunity", "usgovernment", "USDefence", "Atlantis")),
                ("v8/DeviceCode", "USGovernment"),
            )
        ]
    assert [answer.status_code for answer in answers] == [422, 422, 200, 422, 422]


@pytest.mark.parametrize("results", [[], [{"id": "7"}]])
def test_the_list_of_a_page_is_that_of_its_results(results: list[Any], tmp_path: Path) -> None:
    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        if not (is_at(ask.path, "getOrganizations") and answer.status == 200):
            return answer
        return answer.with_json({"warnings": ["x"], "results": results and answer.json})

    settings = {} if results else {"organizations": []}
    real = record(client_of(behave, settings, "v4"))
    profile = learn(behave, settings, "v4", tmp_path)
    assert differences(real, "v4", profile) == []
    twin = client_of(Server.answer, {"profile": str(profile)}, "v4")
    assert (twin.organization_id() is not None) is bool(results)


def test_of_a_server_that_no_token_opens_the_logins_are_learned(tmp_path: Path) -> None:
    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        return say(401) if answer.status == 200 and not ask.is_login else answer

    written = yaml.safe_load(learn(behave, {}, "v4", tmp_path).read_text("utf-8"))
    assert [entry["operation"] for entry in written["answers"]] == ["getToken"]
