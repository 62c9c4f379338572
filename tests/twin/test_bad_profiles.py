"""Profiles that do not fit: told with their place, or read and served, and never a traceback."""

import copy
import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from werkzeug.test import Client

from mutants.harness import PASSWORD, Server
from support.twins import client_of
from veeam_contracts.paths import VERSIONS
from veeam_contracts.twin.probing import probe
from veeam_mock import Settings, SettingsError, create_app
from veeam_mock.settings.yaml_text import LONGEST_FILE

VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 1.5, 10**30, "", "x", "{", "{nowhere}", "{{", "a\r\nb: c", "\0", "\ud7ff", "x" * 70_000),
    *([], {}, [[]], [{}], {"": {}}, {"profile": 1}, ["x"] * 3, "(text)", "(0000-00-00T00:00:00Z)", "uuid", "hex of 9"),
)


@cache
def learned() -> str:
    """The profile of the mock."""
    return probe(client_of(Server.answer, {}, "v8"), VERSIONS).write()


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in a value."""
    yield path
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in below:
        yield from places(inner, (*path, key))


def mutated(whole: dict[str, Any], draw: random.Random) -> dict[str, Any]:
    """A profile with something else somewhere: another value, a key more, one less, or one under another name."""
    whole = copy.deepcopy(whole)
    for _ in range(draw.randint(1, 3)):
        path = draw.choice([path for path in places(whole) if path])
        parent: Any = whole
        for key in path[:-1]:
            parent = parent[key]
        match draw.randrange(4):
            case 0 | 1:
                parent[path[-1]] = draw.choice(VALUES)
            case 2:
                del parent[path[-1]]
            case 3 if isinstance(parent, dict):
                name = draw.choice(["", "colour", "status", "Body", "a.b", "0", 7, 1.5, None, "x" * 300])
                parent[name] = parent.pop(path[-1])
    return whole


def try_profile(path: Path) -> str:
    """Serve by a profile; what was told, where it was refused."""
    try:
        app = create_app(Settings(profile=str(path), password=PASSWORD))
    except SettingsError as error:
        assert all(str(path) in str(problem) for problem in error.problems if problem.where == "profile")
        return str(error)
    client = Client(app)
    login = {"grant_type": "password", "username": "administrator", "password": PASSWORD}
    granted = client.post("/v8/Token", data={**login, "disable_antiforgery_token": "true"})
    token = (granted.get_json(silent=True) or {}).get("access_token") if granted.status_code < 300 else None
    headers = {"Authorization": f"Bearer {token}"}
    answers = [
        granted,
        client.get("/v8/Organizations"),
        client.get("/v8/Organizations?extendedView=true", headers=headers),
        client.post("/v8/DeviceCode", json={"targetRegion": "worldwide"}, headers=headers),
        client.post("/v8/DeviceCode", json={"targetRegion": "Lemuria"}, headers=headers),
    ]
    assert b"The mock failed" not in b"".join(answer.data for answer in answers)
    return ""


@pytest.mark.parametrize("seed", range(60))
def test_a_profile_with_something_else_in_it_is_refused_or_served(seed: int, tmp_path: Path) -> None:
    path = tmp_path / "profile.yaml"
    path.write_text(yaml.safe_dump(mutated(yaml.safe_load(learned()), random.Random(seed))), "utf-8")
    try_profile(path)


SIGNS = ("", "\t", "'", '"', "{", "- ", ": ", "&a ", "*a", "\n", "!x ")


@pytest.mark.parametrize("seed", range(40))
def test_a_profile_with_other_letters_in_it_is_refused_or_served(seed: int, tmp_path: Path) -> None:
    draw, text = random.Random(seed), learned()
    for _ in range(draw.randint(1, 4)):
        at, size = draw.randrange(len(text)), draw.choice((0, 1, 5))
        text = (
            text[:at] + draw.choice(("", "\t", "'", '"', "{", "- ", ": ", "&a ", "*a", "\n", "!x ")) + text[at + size :]
        )
    path = tmp_path / "profile.yaml"
    path.write_text(text, "utf-8")
    try_profile(path)


ANSWER = "profile: 1\nanswers:\n- operation: getToken\n  status: 200\n"
DEEP = ANSWER + "  body: "


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("profile: 1\nprofile: 1\n", "a key is there a second time, line 2"),
        ("profile: 1\nrefusals: &a\n- *a\n", "profile: "),
        ("[1]\n", "must hold a mapping"),
        ("profile: '1'\n", ", line 1: profile: '1' is not one of 1"),
        (
            "profile: 1\nanswers:\n- {operation: getToken, status: 200, case: no-token}\n",
            "answers.0.case: 'no-token' is",
        ),
        ("profile: 1\nanswers:\n- {operation: getToken, status: 400}\n", "status: "),
        ("profile: 1\nrefusals:\n- {case: no-token, status: 199, body: ''}\n", "status: "),
        ("profile: 1\nrefusals:\n- {case: good-request, status: 403, body: ''}\n", "refusals.0.operation: is required"),
        ("profile: 1\nrefusals:\n- {case: refresh, status: 400, body: ''}\n", "refusals.0.operation: is required"),
        (
            "profile: 1\nanswers:\n- {operation: getOrganization, case: refresh, status: 200}\n",
            "answers.0.operation: 'getOrganization' is not",
        ),
        (
            "profile: 1\nrefusals:\n- {operation: getToken, case: refresh, status: 400, body: ''}\n"
            "answers:\n- {operation: getToken, case: refresh, status: 200}\n",
            ", line 5: answers.0: is told in refusals.0 already",
        ),
        ("profile: 1\nrefused_regions: [Mars]\n", ", line 2: refused_regions.0: 'Mars' is not one of"),
        (DEEP + "[" * 40 + "]" * 40 + "\n", "is nested in more than 16 levels"),
        (DEEP + "{a: {b.c: ['{nowhere}']}}\n", ", line 5: answers.0.body.a.b.c.0: '{nowhere}' is no place"),
        ("profile: 1\nforms: {code: octal of 7}\n", ", line 2: forms.code: 'octal of 7' is not a form such as"),
        ("profile: 1\nlimits: [{number: 0, seconds: 1}]\n", ", line 2: limits.0.number: "),
        ("profile: 1\norganizations: [{id: 7}]\n", ", line 2: organizations.0"),
        (
            "profile: 1\nambiguities: {error-shape: nought}\n",
            ", line 2: ambiguities.error-shape: 'nought' is not",
        ),
        ("profile: 1\nlifetimes: {code: 0s}\n", ", line 2: lifetimes.code: must be from 1s"),
        ("profile: 1\nx: '" + "x" * LONGEST_FILE + "'\n", f"it has more than {LONGEST_FILE} bytes"),
        ("profile: 1\n\x00\n", "a character that YAML does not allow"),
        ("\xff", "must hold a mapping"),
        ("profile: 1\nversions: []\n", ", line 2: versions: "),
        ("profile: 1\nlatency: {getToken: {median: .nan}}\n", "latency.getToken.median"),
        ("profile: 1\nlatency: {getTokens: {median: 1}}\n", "latency: unknown key 'getTokens'; did you mean getToken?"),
        (ANSWER.replace("getToken", "getTokn"), ", line 3: answers.0.operation: 'getTokn' is not one of getToken, "),
        (
            "profile: 1\nlimits:\n- {operation: getTokn, number: 1, seconds: 1}\n",
            ", line 3: limits.0.operation: 'getTokn' is",
        ),
        (ANSWER + "  content-type: 'text/{nowhere}'\n", ", line 5: answers.0.content-type: '{nowhere}' is no place"),
        (ANSWER + ANSWER.partition("answers:\n")[2], ", line 5: answers.1: is told in answers.0 already"),
        (
            "profile: 1\nrefusals:\n" + "- {case: no-token, status: 401, body: ''}\n" * 2,
            ", line 4: refusals.1: is told in refusals.0 already",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "profile.yaml"
    path.write_text(text, "utf-8")
    found = try_profile(path)
    assert told in found
    assert str(path) in found


def test_a_profile_that_does_not_fit_any_more_changes_nothing_of_a_server_that_reads_it_again(tmp_path: Path) -> None:
    path = tmp_path / "profile.yaml"
    path.write_text("profile: 1\nlifetimes: {code: 60s}\n", "utf-8")
    mock = create_app(Settings(profile=str(path))).extensions["veeam"]
    path.write_text("profile: 1\nlifetimes: {code: 5s}\nforms: {code: none}\n", "utf-8")
    profile = mock.installation.profile
    with pytest.raises(SettingsError, match="forms.code"):
        mock.restart(Settings(profile=str(path)))
    assert mock.installation.profile is profile
    assert mock.settings.code_lifetime == 60
