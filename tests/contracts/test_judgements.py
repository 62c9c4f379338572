"""What rules read out of tokens, addresses and messages: any text of a server is judged, none is a mistake of ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutants.defects import on_logins
from mutants.harness import Answer, Server, broken, judge
from veeam_contracts.judging.verdict import Status
from veeam_contracts.rules.expectations import sign_of_a_cache, storable_until
from veeam_contracts.rules.test_addresses import url_mistake
from veeam_contracts.rules.test_messages import message_mistake
from veeam_contracts.rules.test_organizations import name_mistake
from veeam_contracts.rules.test_token import bend, shortest, told_by

TEXTS = st.text(min_size=1, max_size=80)


@given(token=TEXTS)
def test_a_bent_token_is_another_one(token: str) -> None:
    bent = bend(token)
    assert token not in bent.values()
    assert "a refresh token with something behind it" in bent


@given(text=TEXTS)
def test_any_text_can_be_judged(text: str) -> None:
    assert shortest(text) >= 20
    assert told_by(text, "") is None or "UUID" in str(told_by(text, ""))
    assert url_mistake(text) is not None
    unseen = "a character that nobody sees"
    told = (None, unseen, "a second address", "a second code", "markup", "a placeholder")
    assert message_mistake(f"Open {text} now", "ABCDEFGH2", text) in told
    assert name_mistake(text) in (None, unseen, "markup")
    assert name_mistake(f"{text}\x1b") == unseen
    assert storable_until({"expires": text, "date": text}) == ""
    assert sign_of_a_cache({"x-cache": f"MISS {text}"}) == "" or "hit" in text.lower()


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("https://microsoft.com/devicelogin", False),
        ("https://www.microsoft.com/link", False),
        ("https://login.microsoftonline.com/common/oauth2/deviceauth", False),
        ("https://aka.ms/devicelogin", False),
        ("https://login.partner.microsoftonline.cn/common/oauth2/deviceauth", False),
        ("https://microsoft.com/devicelogin?next=https%3A%2F%2Fevil.example", True),
        ("https://answers.microsoft.com/devicelogin", True),
        ("https://www.microsoft.com/download", True),
        ("https://evil.example\\.microsoft.com/devicelogin", True),
    ],
)
def test_an_address_is_one_of_a_sign_in_page(url: str, wrong: bool) -> None:
    assert (url_mistake(url) is not None) is wrong


def test_a_refresh_token_of_signs_alone_is_judged_and_fails_nothing_of_ours() -> None:
    def signs(server: Server, answer: Answer) -> Answer:
        return answer.with_members(refresh_token="-._~" * 12)

    verdict = judge(on_logins(signs))
    assert verdict.status == Status.BROKEN
    assert broken(verdict) == {"token.refresh"}
