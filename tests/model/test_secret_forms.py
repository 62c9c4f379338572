"""The forms of codes and tokens: told from some, made anew, and used by a server as its own."""

import re
from collections import Counter

import pytest
import requests

from veeam_mock import MockServer, Settings, SettingsError
from veeam_mock.model.randomness import Randomness
from veeam_mock.secrecy.secret_forms import ALPHABETS, form_of, made

FORMS = [
    *(f"{name} of 64" for name in ALPHABETS if name != "base64"),
    "uuid",
    "jwt of 200",
    "jwt of 108",
    "base64url up to 64",
    "digits of 9 in groups of 3",
    "capitals of 8 in groups of 4",
]


@pytest.mark.parametrize("form", FORMS)
def test_what_is_made_in_a_form_has_that_form(form: str) -> None:
    draw = Randomness(7).text
    assert form_of([made(form, draw) for _ in range(20)]) == form


@pytest.mark.parametrize("name", ALPHABETS)
def test_no_character_of_an_alphabet_is_favoured(name: str) -> None:
    each = 2_000
    drawn = Counter(Randomness(7).text(ALPHABETS[name], each * len(ALPHABETS[name])))
    assert drawn.keys() == set(ALPHABETS[name])
    assert 0.85 * each < min(drawn.values()) <= max(drawn.values()) < 1.15 * each


@pytest.mark.parametrize(
    ("samples", "form"),
    [
        ([], None),
        ([""], None),
        (["ab cd"], None),
        (["ABCD-EFGH", "BCDFGHJK"], "base64url up to 16"),
        (["-ABC"], "base64url of 4"),
        (["abc+/w=="], "base64 of 8"),
        (["0123456789abcdef"], "hex of 16"),
        (["eyJhbGciOiJub25lIn0.eyJhIjoxfQ.c2ln", "eyJhbGciOiJub25lIn0.eyJhIjoxMX0.c2ln"], "jwt up to 48"),
    ],
)
def test_the_form_of_samples(samples: list[str], form: str | None) -> None:
    assert form_of(samples) == form


NO_FORMS = ["hex", "hex of 0", "octal of 7", "jwt of 99999", "hex of 7\n", "uuid of 3 in groups of 0"]


@pytest.mark.parametrize("form", NO_FORMS)
def test_a_form_that_is_none_is_refused(form: str) -> None:
    with pytest.raises(SettingsError, match=r"forms.code: .* is not a form such as hex of 32"):
        Settings(forms={"code": form})
    with pytest.raises(ValueError, match="is no form"):
        made(form, Randomness(1).text)


def test_a_server_gives_codes_and_tokens_of_the_chosen_forms_and_takes_them() -> None:
    forms = {"code": "digits of 8 in groups of 4", "access_token": "jwt of 300", "refresh_token": "uuid"}
    with MockServer(http=True, forms=forms) as server:
        login = {"grant_type": "password", "username": server.username, "password": server.password}
        granted = requests.post(f"{server.url}/v8/Token", data=login, timeout=5).json()
        assert form_of([granted["access_token"]]) == "jwt of 300"
        assert form_of([granted["refresh_token"]]) == "uuid"
        bearer = {"Authorization": f"Bearer {granted['access_token']}"}
        asked = {"json": {"targetRegion": "worldwide"}, "headers": bearer, "timeout": 5}
        code = requests.post(f"{server.url}/v8/DeviceCode", **asked).json()["userCode"]
        assert re.fullmatch("[0-9]{4}-[0-9]{4}", code)
        assert server.device_codes.approve(code.replace("-", " ")).user_code == code
        refresh = {"grant_type": "refresh_token", "refresh_token": granted["refresh_token"]}
        assert requests.post(f"{server.url}/v8/Token", data=refresh, timeout=5).status_code == 200
