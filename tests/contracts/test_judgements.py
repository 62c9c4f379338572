"""What rules read out of tokens, addresses and messages: any text of a server is judged, none is a mistake of ours."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutants.defects import on_logins
from mutants.harness import Answer, Server, broken, judge
from veeam_contracts.asking.exchange import Exchange
from veeam_contracts.judging.verdict import Status
from veeam_contracts.rules.storing import HAD_IT, directives, lets_keep, lets_share, sign_of_a_cache, storable_until
from veeam_contracts.rules.test_addresses import url_mistake
from veeam_contracts.rules.test_leaks import SHARE
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
    assert sign_of_a_cache({"x-cache": f"MISS {text}"}) == "" or HAD_IT.search(text)
    assert not lets_keep({**directives(text), "no-store": ""})


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


@pytest.mark.parametrize(
    "headers",
    [
        {"x-varnish": "32770 3"},
        {"x-cache": "TCP_MEM_HIT from a23-40-1-2 (AkamaiGHost)"},
        {"x-cache": "RefreshHit from cloudfront"},
        {"x-cache-status": "STALE"},
        {"cf-cache-status": "REVALIDATED"},
        {"cache-status": "edge; hit"},
        {"server-timing": 'cdn-cache; desc="HIT", edge; dur=1'},
    ],
)
def test_a_cache_says_that_it_had_an_answer(headers: dict[str, str]) -> None:
    assert sign_of_a_cache(headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"x-varnish": "32770"},
        {"x-cache": "TCP_MISS from a23-40-1-2", "x-cache-key": "/hit/me"},
        {"x-cache": "HIT-FOR-PASS"},
        {"cf-cache-status": "DYNAMIC"},
        {"cache-status": "edge; fwd=stale; fwd-status=304"},
        {"server-timing": "cdn-cache; desc=MISS, db; desc=hit"},
    ],
)
def test_a_cache_says_that_it_asked(headers: dict[str, str]) -> None:
    assert sign_of_a_cache(headers) == ""


@pytest.mark.parametrize(
    ("field", "kept", "shared"),
    [
        ('no-cache="Set-Cookie", max-age=30', True, False),
        ("no-cache, max-age=30", False, False),
        ("public", True, True),
        ("private, max-age=60", True, False),
        ('private="x-user", s-maxage=60', True, True),
        ("max-age=60, must-revalidate", True, True),
        ("max-age=0, must-revalidate", False, False),
        ("no-store, public, max-age=600", False, False),
    ],
)
def test_what_cache_control_lets_a_cache_do(field: str, kept: bool, shared: bool) -> None:
    assert (lets_keep(directives(field)), lets_share(directives(field))) == (kept, shared)


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({"cache-control": "no-store", "cdn-cache-control": "max-age=60"}, "cdn-cache-control"),
        ({"cache-control": "no-store", "surrogate-control": "max-age=60"}, "surrogate-control"),
        ({"cache-control": "no-store", "edge-control": "cache-maxage=60s"}, "edge-control"),
        ({"x-accel-expires": "60"}, "x-accel-expires"),
        ({"x-accel-expires": "0", "cdn-cache-control": "no-store, max-age=60"}, ""),
        ({"expires": "Fri, 01 Jan 2100 00:00:00 GMT"}, "expires"),
        ({"cache-control": "no-cache", "expires": "Fri, 01 Jan 2100 00:00:00 GMT"}, ""),
        ({"cache-control": "max-age=0", "expires": "Fri, 01 Jan 2100 00:00:00 GMT"}, ""),
    ],
)
def test_a_field_lets_an_answer_be_stored(headers: dict[str, str], name: str) -> None:
    assert storable_until(headers).partition(":")[0] == name


@pytest.mark.parametrize(
    ("message", "leaks"),
    [
        (r"Access to '\\FILESRV01\backup$' is denied.", True),
        ("'\\nfirst\\nsecond' is no region", False),
        (r"'\x00\xab\ud83c' is no region", False),
        (r"\d{4}-\d{2} is how a date is written", False),
    ],
)
def test_a_share_is_told_from_what_is_escaped(message: str, leaks: bool) -> None:
    body = json.dumps({"message": message}).encode()
    exchange = Exchange("GET", "https://veeam.test/v4/Organizations/x", "/v4/Organizations/x", {}, None, 404, body=body)
    assert (SHARE.search(exchange.plain) is not None) is leaks
