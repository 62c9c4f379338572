"""Hostile forms at the sign-in page: none breaks the server, none comes back unescaped."""

import random
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from support.sign_in_page import SignInPage
from veeam_mock import Settings, create_app

BASE = "https://localhost:4443"
PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' autofocus onfocus='alert(1)",
    "</title><svg/onload=alert(1)>",
    "javascript:alert(1)//<",
    "{{1234*5678}}<b>",
    "{% raw %}<i>${1234*5678}",
    "a@b\r\nSet-Cookie: evil=<1>",
    "https://evil.test/<a>",
    '//evil.test/"<a>',
    "\x00<u>\x1b[31m\x7f",
    "\u202e<s>\ufffe\U0001f600",
    "../../../etc/passwd<p>",
    "<" * 3000,
    "ada@<script>.test",
    "'\"<>&@x.test",
]
PATHS = [
    "/devicelogin",
    "/devicelogin/account",
    "/devicelogin/decision",
    "/~blue/devicelogin",
    "/~blue/devicelogin/decision",
]
FIELDS = ["user_code", "account", "other_account", "decision", "token", "<field>", ""]
RAW = [
    b"%",
    b"%zz=%00",
    b"=&=&=",
    b"\xff\xfe=\xff",
    b"user_code=%ff%fe&token=%00",
    b"a" * 9000,
    b"&" * 8000,
    b"{",
    b'{"a":"<b>"}',
    b'--x\r\nContent-Disposition: form-data; name="user_code"\r\n\r\n<b>\r\n--x--',
    b"--x\r\n",
    b"",
]
TYPES = [
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "application/json",
    "",
    "<b>",
]


class Attacker:
    """Sends forms at random, some with the tokens that the page gave."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.app = create_app(Settings())
        self.codes = list(self.issue(200))

    def issue(self, count: int) -> Iterator[str]:
        client = self.app.test_client()
        form = {"grant_type": "password", "username": "administrator", "password": "veeam"}
        token = client.post("/v4/Token", data=form).json["access_token"]  # type: ignore[index]
        headers = {"Authorization": f"Bearer {token}"}
        for _ in range(count):
            answer = client.post("/v4/DeviceCode", json={"targetRegion": "worldwide"}, headers=headers)
            yield answer.json["userCode"]  # type: ignore[index]

    def attacks(self, count: int) -> Iterator[tuple[str, TestResponse]]:
        """Each with the payload that was sent."""
        kinds = (self.raw, self.blind, self.with_token, self.with_token, self.by_address)
        for _ in range(count):
            yield self.random.choice(kinds)(self.random.choice(PAYLOADS), self.app.test_client())

    def raw(self, payload: str, client: FlaskClient) -> tuple[str, TestResponse]:
        body, kind = self.random.choice(RAW), self.random.choice(TYPES)
        return "<b>", client.post(self.random.choice(PATHS), data=body, content_type=kind, base_url=BASE)

    def blind(self, payload: str, client: FlaskClient) -> tuple[str, TestResponse]:
        names = self.random.sample(FIELDS, self.random.randrange(1, len(FIELDS)))
        headers = {"Cookie": f"veeam-mock-sign-in={payload.encode('unicode_escape').decode('ascii')}"}
        fields = dict.fromkeys(names, payload)
        return payload, client.post(self.random.choice(PATHS), data=fields, headers=headers, base_url=BASE)

    def with_token(self, payload: str, client: FlaskClient) -> tuple[str, TestResponse]:
        """Go some way as a person would, then send the payload in one field of a form of the page."""
        page = SignInPage(client, base_url=BASE)
        way = [{"user_code": self.random.choice(self.codes)}, {"account": "other", "other_account": "ada@x.test"}]
        for step in way[: self.random.randrange(3)]:
            page.send(**step)
        if 'name="token"' not in page.text:
            return payload, page.shown
        field = self.random.choice(FIELDS[:4])
        extra = {"account": "other"} if field == "other_account" else {}
        return payload, page.send(**{**extra, field: payload})

    def by_address(self, payload: str, client: FlaskClient) -> tuple[str, TestResponse]:
        step = self.random.choice(["", "/account", "/decision", "/done"])
        query = {"user_code": self.random.choice([payload, *self.codes[:2]]), "account": payload}
        return payload, client.get(f"/devicelogin{step}", query_string=query, base_url=BASE)


def storm(count: int) -> set[int]:
    statuses = set()
    for payload, answer in Attacker(seed=count).attacks(count):
        assert answer.status_code < 500, (payload, answer.status)
        body = answer.get_data(as_text=True)
        assert payload not in body and "7006652" not in body, (payload, body)
        assert "evil" not in str(answer.headers.get("Location", "")).partition("?")[0]
        assert all(cookie.startswith("veeam-mock-sign-in=") for cookie in answer.headers.getlist("Set-Cookie"))
        assert answer.content_type in ("text/html; charset=utf-8", "application/json; charset=utf-8"), answer.headers
        statuses.add(answer.status_code)
    return statuses


def test_hundreds_of_hostile_forms_break_nothing() -> None:
    assert storm(400) >= {200, 400, 403}


@pytest.mark.long
def test_ten_thousand_hostile_forms_break_nothing() -> None:
    assert storm(10_000) >= {200, 400, 403, 409, 413}
