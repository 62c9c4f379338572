"""Servers that answer oddly: what the probe writes of them, the mock reads, and what it leaves out it tells."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from mutants.harness import Answer, Ask, Behaviour, Server
from support.twins import client_of, first
from veeam_contracts.paths import VERSIONS
from veeam_contracts.twin.probing import NothingShown, probe
from veeam_contracts.twin.profile import Profile
from veeam_mock import Settings, create_app

TEXTS = st.one_of(
    st.text(st.characters(max_codepoint=255), max_size=20),
    st.text(max_size=20),
    st.sampled_from(["one\0two", "a\r\n b", "{", "}}", "\ud800", "x" * 9000, "- a: b\n---\n# c\t'", "\x85", "(text)"]),
)
NUMBERS = st.sampled_from([0, -5, 1.5, 10**6, 10**9, 10**30, None, True])
VALUES = st.one_of(TEXTS, NUMBERS, st.lists(TEXTS, max_size=2), st.dictionaries(TEXTS, TEXTS, max_size=2))
NAMES = st.sampled_from(["userCode", "verificationUrl", "expiresIn", "message", "{", "", "x\ud800", "k" * 5000])
FIELDS = st.sampled_from(["X-Note", "Content-Type", "Retry-After", "X(", "X Y", "é", "x" * 300])
STATUSES = st.sampled_from([200, 204, 226, 404, 599, 600, 999])

Change = Callable[[Answer], Answer]


def with_field(name: str, value: str) -> Change:
    return lambda answer: answer.with_header(name, value)


def with_member(name: str, value: object) -> Change:
    return lambda answer: answer.with_body(json.dumps({**answer.json, name: value}).encode()) if answer.body else answer


CHANGES = st.one_of(
    st.builds(with_field, FIELDS, TEXTS),
    st.builds(with_member, NAMES, VALUES),
    STATUSES.map(lambda status: lambda answer: replace(answer, status=status)),
)


def that_answers(change: Change, *, well: bool) -> Behaviour:
    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        changes = ask.is_code and answer.status == 200 if well else answer.status >= 400
        return change(answer) if changes else answer

    return behave


def learned_of(behave: Behaviour) -> tuple[Profile, str]:
    profile = probe(client_of(behave, {}, "v4"), VERSIONS)
    return profile, profile.write()


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(change=CHANGES, well=st.booleans())
def test_what_the_probe_writes_the_mock_reads(change: Change, well: bool, tmp_path: Path) -> None:
    path = tmp_path / "profile.yaml"
    try:
        text = learned_of(that_answers(change, well=well))[1]
    except NothingShown:  # where no refusal is one any more
        reject()
    path.write_text(text, "utf-8")
    create_app(Settings(profile=str(path)))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda answer: replace(answer, status=600),
            "refusals getOrganizations no-token status: 600 is greater than the maximum of 599",
        ),
        (lambda answer: answer.with_header("X-Note", "one\0two"), ""),
    ],
    ids=["a status", "a field"],
)
def test_what_no_profile_may_hold_is_told(change: Change, told: str) -> None:
    profile, text = learned_of(that_answers(change, well=False))
    assert (told in profile.told()[1]) is bool(told)
    assert ("x-note: one?two" in text) is not bool(told)


@pytest.mark.parametrize("word", first(1, ["a@", "x", "a.", "-."]))
def test_a_long_word_is_learned_within_the_time_of_a_short_one(word: str) -> None:
    message = word * (200_000 // len(word))
    _, text = learned_of(that_answers(with_member("message", message), well=True))
    assert "  message: " in text
    assert len(text) < 60_000
