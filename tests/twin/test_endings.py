"""What ends tokens early: asked for within the limits, in the profile, done by the mock, and named by a comparison."""

import re
from pathlib import Path

import pytest
import requests
import yaml

from mutants.harness import Answer, Ask, FakeTime, Server
from mutants.lawful import VARIANTS
from support.twins import client_of, differences, first, learn, plain
from veeam_contracts.twin.comparing import compare, record
from veeam_contracts.twin.probing import probe
from veeam_mock import MockServer

READINGS = [
    *(("refresh-rotation", reading) for reading in ("kept", "same", "family")),
    ("refresh-access", "ends"),
    *(("logins-per-user", reading) for reading in ("one", "one-access")),
]


@pytest.mark.parametrize(("question", "reading"), first(3, READINGS))
def test_what_ends_tokens_is_learned_done_and_named_alone(question: str, reading: str, tmp_path: Path) -> None:
    settings = {"ambiguities": {question: reading}}
    real = record(client_of(Server.answer, settings, "v4"))
    profile = learn(Server.answer, settings, "v4", tmp_path)
    assert [(each.aspect, each.one) for each in compare(real, plain("v4"))] == [(question, reading)]
    assert re.search(rf"(?m)^  {question}: {reading}  # \w.+$", profile.read_text("utf-8"))
    assert differences(real, "v4", profile) == []


@pytest.mark.parametrize(
    ("name", "aspects"),
    [
        ("one login per user ends the one before", ["logins-per-user", "refresh-access"]),
        ("a refresh ends the access token before", ["refresh-access"]),
        ("a reused refresh token ends its family", ["refresh-rotation"]),
        ("a login ends all before it", ["logins-per-user"]),
    ],
)
def test_a_server_that_ends_tokens_is_told_from_one_that_does_not(name: str, aspects: list[str]) -> None:
    variant = next(variant for variant in VARIANTS if variant.name == name)
    real = record(client_of(variant.behave, {}, "v7"))
    assert [each.aspect for each in compare(real, plain("v7"))] == aspects


def test_the_twin_refuses_tokens_that_have_ended_in_the_words_of_the_server(tmp_path: Path) -> None:
    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        for told, own in ((b"has been ended", "Somebody else has logged in."), (b"token has been used", "Used up.")):
            if told in answer.body or told.decode() in answer.headers.get("WWW-Authenticate", ""):
                return answer.with_json({"message": own})
        return answer

    settings = {"ambiguities": {"logins-per-user": "one-access"}}
    profile = learn(behave, settings, "v4", tmp_path)
    cases = {entry["case"] for entry in yaml.safe_load(profile.read_text("utf-8"))["refusals"]}
    assert cases >= {"ended-token", "bad-token", "used-refresh-token", "refused-refresh-token"}
    with MockServer(http=True, profile=str(profile)) as server:
        login = {"grant_type": "password", "username": server.username, "password": server.password}
        first, _ = (requests.post(f"{server.url}/v4/Token", data=login, timeout=5).json() for _ in range(2))
        form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
        refreshes = [requests.post(f"{server.url}/v4/Token", data=form, timeout=5) for _ in range(2)]
        answers = [
            requests.get(f"{server.url}/v4/Organizations", headers={"Authorization": f"Bearer {token}"}, timeout=5)
            for token in (first["access_token"], "nobody-issued-this-token")
        ]
    assert [answer.status_code for answer in (*refreshes, *answers)] == [200, 400, 401, 401]
    assert refreshes[1].json() == {"message": "Used up."}
    assert answers[0].json() == {"message": "Somebody else has logged in."}
    assert answers[1].json() != answers[0].json()


@pytest.mark.parametrize(("question", "reading"), [("refresh-rotation", "rotated"), *READINGS])
@pytest.mark.parametrize("api", ["v4", "v8"])
def test_a_probe_keeps_to_its_limits_whatever_ends_tokens(api: str, question: str, reading: str) -> None:
    fake = FakeTime()
    client = client_of(Server.answer, {"ambiguities": {question: reading}}, api, fake, refused_logins=6)
    probe(client, [client.version])
    used = client.admission.used
    assert used.requests <= 200
    assert used.wrong_passwords == 1
    assert used.refused_logins <= 6
    assert fake.now() <= (60 if api == "v4" else 90)  # from v6 on the vendor limits logins
