"""Words that a server says: a name, a method or a user that they happen to hold is no place, and the twin says them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mutants.harness import Answer, Ask, Behaviour, Server
from support.twins import client_of, differences, first, learn, plain
from veeam_contracts.paths import VERSIONS, is_at
from veeam_contracts.twin.comparing import compare, record
from veeam_contracts.twin.probing import probe
from veeam_mock import MockServer


def that_says(words: str, status: int = 401) -> Behaviour:
    """Refuses in these words."""

    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        is_refused = answer.status >= 400 if status == 0 else answer.status == status
        return answer.with_json({"message": words}) if is_refused and not ask.is_login else answer

    return behave


@pytest.mark.parametrize(
    "words",
    first(
        2,
        [
            "Please get a token to target this gadget of PostgreSQL.",
            "Access denied. Please contact your Administrator, or administrators.",
            "Only a Restore Administrator may do this. Ask joe@corp.example.",
            "Ask joe%40corp.example for the latest code.",
        ],
    ),
)
def test_words_stay_whole(words: str, tmp_path: Path) -> None:
    behave = that_says(words, 0)
    real = client_of(behave, {}, "v4")
    profile = learn(behave, {}, "v4", tmp_path)
    assert differences(record(real), "v4", profile) == []
    twin = client_of(Server.answer, {"profile": str(profile)}, "v4")
    said, meant = (client.device_code(token=None).member("message") for client in (twin, real))
    for address in ("joe@corp.example", "joe%40corp.example"):
        meant = meant.replace(address, "administrator")
    assert said.lower() == meant.lower()


def test_a_word_that_looks_like_a_method_is_compared(tmp_path: Path) -> None:
    one, other = (record(client_of(that_says(words), {}, "v4")) for words in ("Please get it.", "Please set it."))
    assert {found.aspect for found in compare(one, other)} == {"text 1 of 1"}


@pytest.mark.parametrize("name", first(2, ["Test", "Message", "Veeam", "Den", "error"]))
def test_a_name_of_an_organization_that_is_a_word_is_none_within_another(name: str, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"organizations": [{"name": name, "type": "OnPremises"}]}
    behave = that_says("Access has been denied in the latest version, attested by Veeamers.")
    real = client_of(behave, settings, "v4")
    profile = learn(behave, settings, "v4", tmp_path)
    assert differences(record(real), "v4", profile) == []
    twin = client_of(Server.answer, {"profile": str(profile)}, "v4")
    assert twin.device_code(token=None).value == real.device_code(token=None).value


def test_a_name_in_a_text_that_was_not_asked_for_is_made_up(tmp_path: Path) -> None:
    profile = learn(that_says("Not for contoso.onmicrosoft.com."), {}, "v4", tmp_path)
    twin = client_of(Server.answer, {"profile": str(profile)}, "v4")
    assert twin.device_code(token=None).member("message") == "Not for example.onmicrosoft.com."


@pytest.mark.parametrize("address", ["fd12:3456:789a::1", "fe80::1", "169.254.3.7", "100.64.3.7"])
def test_no_address_of_a_network_of_its_own_is_in_a_profile(address: str) -> None:
    written = probe(client_of(that_says(f"node {address} says no"), {}, "v4"), VERSIONS).write()
    assert address not in written
    assert "node {host} says no" in written


READINGS: dict[str, dict[str, Any]] = {
    "expires-unit": {"ambiguities": {"expires-unit": "milliseconds"}},
    "organization-id": {"ambiguities": {"organization-id": "required"}},
    "unknown-organization": {"ambiguities": {"unknown-organization": "ignored"}},
    "region-required": {"ambiguities": {"region-required": "required"}},
    "path-case": {"ambiguities": {"path-case": "exact"}},
    "path-slash": {"ambiguities": {"path-slash": "refused"}},
    "json-leniency": {"ambiguities": {"json-leniency": "refused"}},
    "form-multipart": {"ambiguities": {"form-multipart": "refused"}},
    "life of code": {"code_lifetime": "600s"},
    "life of token": {"token_lifetime": "7200s"},
}


@pytest.mark.parametrize("name", first(2, READINGS))
def test_what_no_answer_shows_is_compared(name: str) -> None:
    other = record(client_of(Server.answer, READINGS[name], "v4"))
    assert [found.aspect for found in compare(plain("v4"), other)] == [name]


def refuses_refreshes(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    is_refresh = ask.is_login and b"grant_type=refresh_token" in ask.body
    return Answer(400, answer.headers, b"").with_json({"error": "unsupported_grant_type"}) if is_refresh else answer


@pytest.mark.parametrize("api", first(1, ["v4", "v8"]))
def test_a_server_that_refuses_each_refresh_has_a_twin_that_does(api: str, tmp_path: Path) -> None:
    profile = learn(refuses_refreshes, {}, api, tmp_path)
    assert differences(record(client_of(refuses_refreshes, {}, api)), api, profile) == []
    twin = client_of(Server.answer, {"profile": str(profile)}, api)
    assert twin.granted is not None
    refreshed = twin.form({"grant_type": "refresh_token", "refresh_token": twin.granted.member("refresh_token")})
    assert (refreshed.status, refreshed.value) == (400, {"error": "unsupported_grant_type"})


def by_operation(change: Callable[[Answer], Answer]) -> Behaviour:
    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        return change(answer) if is_at(ask.path, "getDeviceCode") and answer.status == 401 else answer

    return behave


def test_credentials_that_are_refused_in_other_words_by_one_operation_are_learned(tmp_path: Path) -> None:
    behave = by_operation(lambda answer: answer.with_header("X-Realm", "codes").with_json({"message": "No code."}))
    real = record(client_of(behave, {}, "v4"))
    profile = learn(behave, {}, "v4", tmp_path)
    assert differences(real, "v4", profile) == []
    text = profile.read_text("utf-8")
    assert (text.count("case: bad-token"), text.count("case: no-token")) == (2, 2)


@pytest.mark.parametrize("form", ["hex of 1", "digits of 1"])
def test_a_form_of_which_all_codes_are_given_asks_to_wait_and_answers_all_else(form: str, tmp_path: Path) -> None:
    profile = tmp_path / "profile.yaml"
    profile.write_text(f"profile: 1\nforms: {{code: {form}}}\n", "utf-8")
    with MockServer(http=True, profile=str(profile)) as server:
        session = server.session()
        statuses = {session.post(f"{server.url}/v8/DeviceCode", json={}).status_code for _ in range(20)}
        assert statuses == {200, 429}
        assert session.get(f"{server.url}/v8/ServiceInstance").status_code == 200


def test_a_page_under_its_other_name_is_that_of_the_region(tmp_path: Path) -> None:
    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        if not (ask.is_code and answer.status == 200):
            return answer
        return answer.with_members(verificationUri=answer.json["verificationUrl"])

    profile = learn(behave, {}, "v4", tmp_path)
    assert differences(record(client_of(behave, {}, "v4")), "v4", profile) == []
    answer = client_of(Server.answer, {"profile": str(profile)}, "v4").device_code("China")
    assert answer.member("verificationUri") == answer.member("verificationUrl") != ""
