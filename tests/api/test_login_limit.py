"""The vendor's limit on logins: off until it is asked for, and from v6 on."""

from collections.abc import Callable

import pytest

from support.api_client import ApiClient
from veeam_mock import MockServer

LOGIN = {"grant_type": "password", "username": "administrator", "password": "veeam"}


def log_in(server: MockServer, version: str, **fields: str) -> tuple[int, str | None]:
    answer = ApiClient(server.url).send("POST", f"/{version}/Token", data={**LOGIN, **fields})
    return answer.status_code, answer.headers.get("Retry-After")


@pytest.fixture
def limited(serve: Callable[..., MockServer]) -> MockServer:
    server = serve(login_limit=True)
    server.clock.freeze()
    return server


@pytest.mark.parametrize("version", ["v6", "v7", "v8"])
def test_a_second_login_within_a_second_waits_for_it(limited: MockServer, version: str) -> None:
    assert [log_in(limited, version) for _ in range(2)] == [(200, None), (429, "1")]
    limited.clock.advance("1s")
    assert log_in(limited, version) == (200, None)


def test_a_sixth_login_within_a_minute_waits_for_the_first_to_be_a_minute_old(limited: MockServer) -> None:
    for _ in range(5):
        assert log_in(limited, "v8") == (200, None)
        limited.clock.advance("2s")
    assert log_in(limited, "v8") == (429, "50")
    limited.clock.advance("50s")
    assert log_in(limited, "v8") == (200, None)


def test_refused_logins_count_as_well_and_all_limited_versions_together(limited: MockServer) -> None:
    assert log_in(limited, "v7", password="wrong") == (400, None)
    assert log_in(limited, "v8")[0] == 429


@pytest.mark.parametrize("version", ["v4", "v5"])
def test_older_versions_have_no_limit(limited: MockServer, version: str) -> None:
    assert {log_in(limited, version) for _ in range(7)} == {(200, None)}


def test_it_is_off_by_default(serve: Callable[..., MockServer]) -> None:
    server = serve()
    assert {log_in(server, "v8") for _ in range(7)} == {(200, None)}


def test_a_world_has_a_limit_of_its_own(limited: MockServer) -> None:
    for name in ("one", "two"):
        answer = ApiClient(limited.url).send("POST", f"/~{name}/v8/Token", data=LOGIN)
        assert answer.status_code == 200


def test_the_refusal_says_what_came_too_often(limited: MockServer) -> None:
    log_in(limited, "v8")
    refused = ApiClient(limited.url).send("POST", "/v8/Token", data=LOGIN)
    assert "Too many requests for a token came. Try again in 1 seconds." in refused.text


def test_a_preset_answers_as_a_limit_that_was_met(serve: Callable[..., MockServer]) -> None:
    server = serve()
    server.faults.add(preset="logins-limited", times=1)
    assert [log_in(server, "v8") for _ in range(2)] == [(429, "60"), (200, None)]
