"""One masking for the mock and the contracts: neither shows a secret, however it is spelled."""

import re
from base64 import b64decode
from collections.abc import Callable
from html import unescape
from urllib.parse import unquote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from support.spellings import AROUND, EXACT, LONG, Spelling, escaped, percent
from veeam_contracts.asking.secrets import Secrets
from veeam_mock.journal.masking import Masker
from veeam_mock.secrecy.showing import printable

Mask = Callable[[str, str], str]


def by_the_mock(secret: str, text: str) -> str:
    return Masker([secret]).text(text)


def by_the_contracts(secret: str, text: str) -> str:
    secrets = Secrets()
    secrets.hide(secret, "***")
    return secrets.conceal(text)


both = pytest.mark.parametrize("mask", [by_the_mock, by_the_contracts])
SECRETS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="<>"), min_size=4)
LONG_SECRETS = st.from_regex(r"[A-Za-z][A-Za-z0-9+/=._~-]{8,60}", fullmatch=True)


@both
@given(SECRETS, st.sampled_from(EXACT))
def test_a_secret_is_masked_and_nothing_else_is(mask: Mask, secret: str, spelled: Spelling) -> None:
    assert mask(secret, f"<{spelled(secret)}>") == "<***>"


def _as_references(secret: str) -> str:
    return "".join(f"&#x{ord(character):X}" for character in secret)


def _in_percent(secret: str) -> str:
    return "".join(f"%{byte:02X}" for byte in secret.encode())


def _as_units(secret: str) -> str:
    return "".join(f"\\u{ord(character):04x}" for character in secret)


@both
@pytest.mark.parametrize("spelled", [_as_references, _in_percent, _as_units])
@pytest.mark.parametrize("cut", range(8))
def test_a_secret_that_is_cut_within_an_escape_is_masked(mask: Mask, spelled: Spelling, cut: int) -> None:
    whole = spelled("byÄEUjh4cxeJf")
    assert mask("byÄEUjh4cxeJf", f"<{whole[: len(whole) - cut]}") == "<***"


@both
@given(LONG_SECRETS, st.sampled_from(["\\", "%", "\\\\", "%25"]), st.sampled_from([percent, escaped]))
def test_a_secret_whose_first_letters_happen_to_look_like_an_escape_is_masked(
    mask: Mask, secret: str, before: str, spelled: Spelling
) -> None:
    """As in `\\fish\\u0065s`: whoever undoes the second escape alone reads `\\fishes`."""
    assume(len(secret) >= 16)  # What is left of a shorter one might be a word.
    shown = mask(secret, f"<{before}{secret[:-1]}{spelled(secret[-1])}>")
    assert "***" in shown
    assert secret[2:-1] not in shown


@both
@given(SECRETS, st.sampled_from(AROUND))
def test_of_encoded_data_with_a_secret_that_is_masked(mask: Mask, secret: str, spelled: Spelling) -> None:
    shown = mask(secret, f"<{spelled(secret)}>")
    assert "***" in shown
    assert secret.encode() not in _decoded(shown.strip("<>").replace("***", ""))


def _decoded(text: str) -> bytes:
    text = re.sub(r"[^A-Za-z0-9+/]", "", unquote(text).translate(str.maketrans("-_", "+/")))
    return b64decode(text[: len(text) // 4 * 4])


@both
@given(LONG_SECRETS, st.sampled_from(LONG), st.sampled_from(EXACT[:4]))
def test_a_long_secret_is_masked_in_other_case_and_split_over_blanks(
    mask: Mask, secret: str, changed: Spelling, spelled: Spelling
) -> None:
    shown = mask(secret, f"<{spelled(changed(secret))}>")
    assert re.sub(r"[ +\n\r]|%..", "", shown) == "<***>"  # a plus may be a blank


@both
@given(st.lists(LONG_SECRETS, min_size=2, max_size=2), st.integers(1, 8))
def test_secrets_that_overlap_are_masked_as_their_union(mask: Mask, pair: list[str], shared: int) -> None:
    first, second = pair
    second = first[-shared:] + second
    if mask is by_the_mock:
        assert Masker([first, second]).text(f"<{first}{second[shared:]}>") == "<***>"
        return
    secrets = Secrets()
    secrets.hide(first, "***")
    secrets.hide(second, "***")
    assert secrets.conceal(f"<{first}{second[shared:]}>") == "<***>"


@both
@given(LONG_SECRETS, st.integers(8, 60), st.sampled_from(EXACT[:9]))
def test_a_secret_that_a_bound_has_cut_is_masked(mask: Mask, secret: str, kept: int, spelled: Spelling) -> None:
    assert mask(secret, f"<{spelled(secret[:kept])}") == "<***"


@given(LONG_SECRETS, st.text(max_size=600), st.sampled_from([*EXACT, *LONG[:4]]), st.integers(1, 400))
def test_no_half_of_a_secret_ends_an_excerpt(secret: str, before: str, spelled: Spelling, most: int) -> None:
    secrets = Secrets()
    secrets.hide(secret, "")
    shown = secrets.excerpt(before + spelled(secret) * 3, most)
    assert shown.removesuffix("…") == Secrets().mask(before)[:most].rstrip()[: len(shown.removesuffix("…"))] or (
        secret[:4].lower() not in unescape(unquote(shown)).lower().replace(before.lower(), "")
    )


@given(st.text())
def test_what_is_shown_is_one_line_that_nobody_obeys(text: str) -> None:
    assume(text.strip())
    for shown in (printable(text), Secrets().mask(text)):
        assert shown.isprintable()
        assert printable(shown) == shown


@pytest.mark.parametrize(
    "text", ["::error::x", "a\n::set-output name=a::b", " ##[error]x", "a ##vso[task.x]y", "##teamcity[x]"]
)
def test_a_command_of_a_ci_system_is_shown_and_not_given(text: str) -> None:
    for shown in (printable(text), Secrets().mask(text)):
        assert not re.search(r"(^|\s)::\w|##(\[|vso|teamcity)", shown)


@pytest.mark.parametrize("text", ["fe80::1", "a::b", "## A title", "http://[::1]:4443"])
def test_what_is_no_command_stays(text: str) -> None:
    assert printable(text) == text
