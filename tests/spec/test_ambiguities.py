"""Both sides of every question that the sources leave open: what the mock does under each reading."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from veeam_mock import Settings, create_app
from veeam_mock.spec.document import bundled_path, load_document
from veeam_mock.spec.readings import default_readings

ORGANIZATION = "00000000-0000-4000-8000-000000000001"
UNKNOWN = "00000000-0000-4000-8000-00000000dead"
CATALOGUE = load_document(bundled_path())["x-ambiguities"]
LOGIN = {"grant_type": "password", "username": "administrator", "password": "veeam"}


class User:
    """A logged-in client of a WSGI application with one reading picked."""

    def __init__(self, ambiguity: str, reading: str) -> None:
        self.http: FlaskClient = create_app(Settings(ambiguities={ambiguity: reading})).test_client()
        token = self.http.post("/v4/Token", data=LOGIN).json["access_token"]
        self.headers = {"Authorization": f"Bearer {token}"}

    def ask(self, body: Any = None, path: str = "/v4/DeviceCode") -> TestResponse:
        return self.http.post(path, json={"targetRegion": "Worldwide"} if body is None else body, headers=self.headers)

    def region(self, name: str | None) -> int:
        return self.ask({"targetRegion": name}).status_code


def codes_until_throttled(user: User) -> list[int]:
    return [user.ask().status_code for _ in range(61)]


def log_in(user: User, **form: str) -> TestResponse:
    return user.http.post("/v4/Token", data=form or LOGIN)


def opens(user: User, login: TestResponse) -> int:
    headers = {"Authorization": f"Bearer {login.json['access_token']}"}
    return user.http.get("/v4/Organizations", headers=headers).status_code


def refreshed(user: User, login: TestResponse) -> TestResponse:
    return log_in(user, grant_type="refresh_token", refresh_token=login.json["refresh_token"])


def used_twice(user: User) -> tuple[bool, int, int]:
    """Whether a refresh gives another refresh token, whether the used one is good, and the token that came of it."""
    login = log_in(user)
    once = refreshed(user, login)
    is_new = once.json["refresh_token"] != login.json["refresh_token"]
    return is_new, refreshed(user, login).status_code, opens(user, once)


def before_a_refresh(user: User) -> tuple[int, int]:
    login = log_in(user)
    return opens(user, refreshed(user, login)), opens(user, login)


def before_a_login(user: User) -> tuple[int, int, int]:
    first = log_in(user)
    second = log_in(user)
    return opens(user, first), refreshed(user, first).status_code, opens(user, second)


Observation = Callable[[User], object]
# Question -> what is looked at, and what is seen under each reading.
OBSERVED: dict[str, tuple[Observation, dict[str, object]]] = {
    "expires-unit": (
        lambda user: user.ask().json["expiresIn"] > 1000,
        {"seconds": False, "milliseconds": True},
    ),
    "organization-id": (
        lambda user: (
            user.ask().status_code,
            user.ask(path=f"/v4/DeviceCode?organizationId={ORGANIZATION}").status_code,
        ),
        {"optional": (200, 200), "required": (400, 200)},
    ),
    "unknown-organization": (
        lambda user: (
            user.ask(path=f"/v4/DeviceCode?organizationId={UNKNOWN}").status_code,
            user.ask(path="/v4/DeviceCode?organizationId=seven").status_code,
        ),
        {"refused": (404, 400), "ignored": (200, 200)},
    ),
    "region-required": (
        lambda user: (user.ask({}).status_code, user.region(None), user.region("China")),
        {"optional": (200, 200, 200), "required": (400, 400, 200)},
    ),
    "region-names": (
        lambda user: [user.region(name) for name in ("USgovDefence", "USDefence", "China", "Atlantis")],
        {"all": [200, 200, 200, 400], "v2-v5": [200, 400, 200, 400], "v6": [400, 200, 200, 400]},
    ),
    "region-case": (
        lambda user: [user.region(name) for name in ("worldwide", "CHINA", "China")],
        {"ignored": [200, 200, 200], "exact": [200, 400, 200]},
    ),
    "path-slash": (
        lambda user: user.ask(path="/v4/DeviceCode/").status_code,
        {"ignored": 200, "refused": 404},
    ),
    "json-leniency": (
        lambda user: user.ask({"TargetRegion": "China"}).status_code,
        {"read": 200, "refused": 400},
    ),
    "form-multipart": (
        lambda user: user.http.post("/v4/Token", data=LOGIN, content_type="multipart/form-data").status_code,
        {"read": 200, "refused": 415},
    ),
    "error-shape": (
        lambda user: [list(user.http.get(path).json) for path in ("/v4/Organizations", "/nowhere", "/swagger/x")],
        {"message": [["message"]] * 3, "Message": [["Message"]] * 3},
    ),
    "token-error-shape": (
        lambda user: sorted(user.http.post("/v4/Token", data={**LOGIN, "password": "wrong"}).json),
        {"oauth": ["error", "error_description"], "message": ["message"]},
    ),
    "bad-body-status": (
        lambda user: (user.region("Atlantis"), user.http.post("/v4/Token", data={}).status_code),
        {"400": (400, 400), "422": (422, 400)},
    ),
    "charset": (
        lambda user: user.ask().headers["Content-Type"],
        {"utf-8": "application/json; charset=utf-8", "none": "application/json"},
    ),
    "length": (
        lambda user: "Content-Length" in user.ask().headers,
        {"content-length": True, "chunked": False},
    ),
    "code-shape": (
        lambda user: len(user.ask().json["userCode"]),
        {"9": 9, "8": 8},
    ),
    "verification-url": (
        lambda user: user.ask({"targetRegion": "China"}).json["verificationUrl"],
        {
            "region": "https://microsoft.com/deviceloginchina",
            "worldwide": "https://microsoft.com/devicelogin",
            "link": "https://www.microsoft.com/link",
            "self": "http://localhost/devicelogin",
        },
    ),
    "path-case": (
        lambda user: [user.ask(path=path).status_code for path in ("/v4/devicecode", "/v4/DeviceCode")],
        {"ignored": [200, 200], "exact": [404, 200]},
    ),
    "extra-properties": (
        lambda user: len(user.ask().json),
        {"none": 4, "some": 5},
    ),
    "throttling": (
        lambda user: set(codes_until_throttled(user)),
        {"none": {200}, "some": {200, 429}},
    ),
    "refresh-rotation": (
        used_twice,
        {"rotated": (True, 400, 200), "kept": (True, 200, 200), "same": (False, 200, 200), "family": (True, 400, 401)},
    ),
    "refresh-access": (before_a_refresh, {"lives": (200, 200), "ends": (200, 401)}),
    "logins-per-user": (
        before_a_login,
        {"any": (200, 200, 200), "one": (401, 400, 200), "one-access": (401, 200, 200)},
    ),
}
READINGS = [(ambiguity, reading) for ambiguity, (_, seen) in OBSERVED.items() for reading in seen]


def test_every_reading_of_every_question_is_looked_at() -> None:
    assert {key: set(seen) for key, (_, seen) in OBSERVED.items()} == {
        key: set(entry["readings"]) for key, entry in CATALOGUE.items()
    }


@pytest.mark.parametrize(("ambiguity", "reading"), READINGS)
def test_a_reading_decides_what_is_seen(ambiguity: str, reading: str) -> None:
    look, seen = OBSERVED[ambiguity]
    assert look(User(ambiguity, reading)) == seen[reading]


@pytest.mark.parametrize("ambiguity", OBSERVED)
def test_the_first_reading_is_the_default(ambiguity: str) -> None:
    assert Settings().ambiguities[ambiguity] == next(iter(CATALOGUE[ambiguity]["readings"]))
    assert default_readings(load_document(bundled_path()))[ambiguity] == Settings().ambiguities[ambiguity]


def test_who_is_throttled_learns_when_to_try_again() -> None:
    user = User("throttling", "some")
    codes_until_throttled(user)
    reply = user.ask()
    assert reply.status_code == 429
    assert 1 <= int(reply.headers["Retry-After"]) <= 60


def test_a_chunked_answer_is_whole() -> None:
    reply = User("length", "chunked").ask()
    assert len(reply.json["userCode"]) == 9
