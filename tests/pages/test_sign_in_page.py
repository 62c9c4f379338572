"""The sign-in page, form by form."""

import pytest
from flask import Flask

from support.sign_in_page import SignInPage
from veeam_mock import Settings, create_app
from veeam_mock.control.api import Control
from veeam_mock.control.client import ControlClient
from veeam_mock.control.transports import InProcess

BASE = "https://localhost:4443"


class Mock:
    """An application, its control, and a user of its API in one world."""

    def __init__(self, app: Flask, world: str = "") -> None:
        control: Control = app.extensions["veeam"].control
        self.app = app
        self.control = ControlClient(InProcess(control, world))
        self.prefix = f"/~{world}" if world else ""

    def page(self) -> SignInPage:
        return SignInPage(self.app.test_client(), self.prefix, base_url=BASE)

    def code(self) -> str:
        client = self.app.test_client()
        form = {"grant_type": "password", "username": "administrator", "password": "veeam"}
        token = client.post(f"{self.prefix}/v4/Token", data=form).json["access_token"]  # type: ignore[index]
        headers = {"Authorization": f"Bearer {token}"}
        answer = client.post(f"{self.prefix}/v4/DeviceCode", json={"targetRegion": "worldwide"}, headers=headers)
        return str(answer.json["userCode"])  # type: ignore[index]

    def state(self, code: str) -> tuple[str, str | None]:
        shown = self.control.device_codes.get(code)
        return shown["state"], shown["account"]


@pytest.fixture
def mock() -> Mock:
    return Mock(create_app(Settings(accounts=["ada@contoso.test", "grace@fabrikam.test"])))


def test_a_person_approves_a_code_with_one_of_the_accounts(mock: Mock) -> None:
    code = mock.code()
    page = mock.page()
    page.send(user_code=code)
    assert "ada@contoso.test" in page.text and "grace@fabrikam.test" in page.text
    page.send(account="grace@fabrikam.test")
    assert mock.state(code) == ("pending", None)
    answer = page.send(decision="approve")
    assert (answer.status_code, "You approved the code" in page.text) == (200, True)
    assert mock.state(code) == ("approved", "grace@fabrikam.test")


def test_a_person_approves_a_code_with_an_account_that_is_typed(mock: Mock) -> None:
    code = mock.code()
    mock.page().sign_in(code, "approve", " Edsger@tailspin.test ")
    assert mock.state(code) == ("approved", "Edsger@tailspin.test")


def test_a_person_declines_a_code(mock: Mock) -> None:
    code = mock.code()
    page = mock.page()
    assert page.sign_in(code, "decline").status_code == 200
    assert "You declined the code" in page.text
    assert mock.state(code)[0] == "denied"


def test_case_spaces_and_dashes_do_not_matter(mock: Mock) -> None:
    code = mock.code()
    mock.page().sign_in(f"  {code[:3].lower()}-{code[3:6]} {code[6:].lower()} ", "approve")
    assert mock.state(code)[0] == "approved"


def test_a_code_in_the_address_is_filled_in_and_nothing_is_decided_by_it(mock: Mock) -> None:
    code = mock.code()
    client = mock.app.test_client()
    shown = client.get(f"/devicelogin?user_code={code}&decision=approve")
    assert f'value="{code}"' in shown.get_data(as_text=True)
    for step in ("account", "decision", "done"):
        client.get(f"/devicelogin/{step}?user_code={code}&account=ada@contoso.test&decision=approve")
    assert mock.state(code)[0] == "pending"


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        ("expire", "has expired"),
        ("deny", "was declined"),
        ("approve", "has already signed in"),
        ("spend", "has been used"),
        (None, "has not issued that code"),
    ],
)
def test_a_code_that_cannot_be_decided_on_is_refused_in_words_at_its_field(
    mock: Mock, ending: str | None, said: str
) -> None:
    code = "AAAAAAAAA" if ending is None else mock.code()
    if ending == "spend":
        spend(mock, code)
    elif ending is not None:
        getattr(mock.control.device_codes, ending)(code)
    page = mock.page()
    assert page.send(user_code=code).status_code == 400
    assert said in page.text
    assert 'aria-invalid="true"' in page.text and 'aria-describedby="problem hint"' in page.text
    assert f'value="{code}"' in page.text


def spend(mock: Mock, code: str) -> None:
    mock.control.device_codes.approve(code)
    client = mock.app.test_client()
    form = {"grant_type": "password", "username": "administrator", "password": "veeam"}
    token = client.post("/v4/Token", data=form).json["access_token"]  # type: ignore[index]
    body = {"userCode": code, "newApplicationName": "Backup"}
    answer = client.post("/v4/Organizations", json=body, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200


def test_a_code_that_expires_between_the_steps_is_not_decided_on(mock: Mock) -> None:
    code = mock.code()
    page = mock.page()
    page.send(user_code=code)
    page.send()
    mock.control.clock.advance("15m")
    assert (page.send(decision="approve").status_code, "has expired" in page.text) == (409, True)
    assert mock.state(code) == ("expired", None)


@pytest.mark.parametrize("typed", ["", " ", "nobody", "two @ signs@x", "a@b\x00c", "a" * 250 + "@x.test"])
def test_an_account_that_is_none_is_refused_in_words_at_its_field(mock: Mock, typed: str) -> None:
    code = mock.code()
    page = mock.page()
    page.send(user_code=code)
    assert page.send(account="other", other_account=typed).status_code == 400
    assert 'id="problem" role="alert"' in page.text
    assert page.send(account="other", other_account="ada@contoso.test").status_code == 200


def test_a_step_that_is_reloaded_or_gone_back_to_shows_what_is_so_now(mock: Mock) -> None:
    code = mock.code()
    page = mock.page()
    shown = [page.send(user_code=code), page.send(), page.send(decision="approve")]
    addresses = [answer.request.full_path for answer in shown]
    again = [page.client.get(address, base_url=BASE) for address in addresses]
    assert [answer.status_code for answer in again] == [409, 409, 200]
    assert "You approved the code" in again[2].text


def test_a_world_has_its_own_page_for_its_own_codes() -> None:
    app = create_app(Settings())
    default, blue = Mock(app), Mock(app, "blue")
    code = blue.code()
    page = default.page()
    assert page.send(user_code=code).status_code == 400
    page = blue.page()
    assert page.form().action == "/~blue/devicelogin"
    assert page.sign_in(code, "approve").status_code == 200
    assert blue.state(code)[0] == "approved"


def test_a_form_is_bound_to_its_browser_its_world_and_what_it_says(mock: Mock) -> None:
    mine, other = mock.code(), mock.code()
    page = mock.page()
    page.send(user_code=mine)
    page.send()
    form = page.form()
    assert form.action == "/devicelogin/decision"
    forged = [
        (mock.app.test_client(), form.action, {}),
        (page.client, form.action, {"user_code": other}),
        (page.client, form.action, {"account": "eve@evil.test"}),
        (page.client, form.action, {"token": ""}),
        (page.client, f"/~blue{form.action}", {}),
        (page.client, "/devicelogin/account", {}),
    ]
    answers = [
        client.post(action, data={**form.fields, "decision": "approve", **changes}, base_url=BASE)
        for client, action, changes in forged
    ]
    assert [answer.status_code for answer in answers] == [403] * len(forged)
    assert [mock.state(code)[0] for code in (mine, other)] == ["pending", "pending"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.test"},
        {"Origin": "https://localhost:4444"},
        {"Origin": "null"},
        {"Origin": "https://[evil"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_from_another_origin_is_refused(mock: Mock, headers: dict[str, str]) -> None:
    code = mock.code()
    page = mock.page()
    page.send(user_code=code)
    page.send()
    page.options["headers"] = headers
    assert page.send(decision="approve").status_code == 403
    assert mock.state(code)[0] == "pending"


def test_a_form_from_its_own_origin_is_taken(mock: Mock) -> None:
    page = SignInPage(mock.app.test_client(), base_url=BASE, headers={"Origin": BASE, "Sec-Fetch-Site": "same-origin"})
    assert page.sign_in(mock.code(), "approve").status_code == 200


def test_the_cookie_is_for_this_site_alone_and_out_of_the_reach_of_scripts(mock: Mock) -> None:
    [cookie] = mock.page().shown.headers.getlist("Set-Cookie")
    parts = [part.strip() for part in cookie.split(";")[1:]]
    assert {"Secure", "HttpOnly", "SameSite=Lax"} <= set(parts)
    assert "Secure" not in SignInPage(mock.app.test_client()).shown.headers["Set-Cookie"]


def test_every_answer_is_shielded_and_not_kept(mock: Mock) -> None:
    page = mock.page()
    shown = [page.shown, page.send(user_code="no"), page.send(token="no")]
    for answer in shown:
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.content_type == "text/html; charset=utf-8"
        assert "<script" not in answer.text and "style=" not in answer.text
    assert [answer.status_code for answer in shown] == [200, 400, 403]


def test_a_form_that_is_too_large_is_refused(mock: Mock) -> None:
    assert mock.page().send(user_code="A" * 9000).status_code == 413


def test_what_is_typed_is_escaped(mock: Mock) -> None:
    script = "<script>alert(1)</script>'\"&"
    page = mock.page()
    page.send(user_code=script)
    assert "<script" not in page.text and "&lt;script&gt;" in page.text
    page.send(user_code=mock.code())
    page.send(account="other", other_account=f"{script}@x.test")
    assert "<script" not in page.text and "&lt;script&gt;" in page.text


def test_there_is_no_page_in_a_world_of_a_bad_name(mock: Mock) -> None:
    answer = mock.app.test_client().get("/devicelogin", headers={"X-Mock-World": "not a name"})
    assert (answer.status_code, "The name of a world" in answer.text) == (400, True)


@pytest.mark.parametrize(
    ("file", "kind"), [("pages.css", "text/css"), ("sign_in.css", "text/css"), ("icon.svg", "image/svg+xml")]
)
def test_its_style_comes_from_the_mock_itself(mock: Mock, file: str, kind: str) -> None:
    answer = mock.app.test_client().get(f"/devicelogin/static/{file}")
    assert (answer.status_code, answer.mimetype, answer.headers["Cache-Control"]) == (200, kind, "no-cache")
    answer.close()
