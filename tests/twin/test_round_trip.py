"""A server, its profile, and the mock by that profile: nothing that the script shows may differ."""

import html
import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from itertools import permutations
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
import requests
import yaml

from mutants.harness import PASSWORD, Answer, Ask, Behaviour, FakeTime, Server, broken, judge
from mutants.lawful import VARIANTS, Variant
from mutants.round_trips import faulty, measured, trips
from support.twins import client_of, differences, learn, plain
from veeam_contracts.asking.target import BUNDLED, LIVE, Limits
from veeam_contracts.judging.status import Status
from veeam_contracts.paths import VERSIONS, is_at
from veeam_contracts.twin.comparing import compare, record
from veeam_contracts.twin.probing import probe
from veeam_mock import MockServer, Settings, SettingsError, create_app


def differences_of(name: str, folder: Path) -> list[str]:
    """Where a lawful server and its twin differ, over many exchanges of which most are not the probe's own."""
    real, found = trips()[name](folder)
    trip = measured(real, found)
    assert trip.exchanges > 150  # where no code can be asked for; 280 elsewhere
    assert trip.own < trip.exchanges / 4
    return [each.aspect for each in found]


@pytest.mark.long
@pytest.mark.parametrize("name", trips())
def test_a_lawful_server_and_the_mock_by_its_profile_do_not_differ(name: str, tmp_path: Path) -> None:
    assert differences_of(name, tmp_path) == []


@pytest.mark.parametrize("name", [name for number, name in enumerate(trips()) if number % 40 == 1])
def test_some_lawful_servers_and_their_twins_do_not_differ(name: str, tmp_path: Path) -> None:
    assert differences_of(name, tmp_path) == []


def test_the_table_of_round_trips_is_of_all_servers_and_none_of_them_differs() -> None:
    page = (Path(__file__).parents[2] / "docs/twin-round-trip.md").read_text("utf-8")
    rows = dict(re.findall(r"(?m)^\| (.+) \| \d+ \| \d+ \| (\d+) \|$", page))
    assert list(rows) == list(trips())
    assert set(rows.values()) == {"0"}


@pytest.mark.long
@pytest.mark.parametrize("name", list(faulty())[::8])
def test_of_a_faulty_server_differs_what_the_table_says(name: str, tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/twin-round-trip.md").read_text("utf-8").partition("## Faulty")[2]
    rows = dict(re.findall(r"(?m)^\| (.+) \| (.+) \|$", page))
    trip = measured(*faulty()[name](tmp_path))
    assert ", ".join(trip.differences) == rows.get(name, "")


@pytest.mark.parametrize(
    ("settings", "aspects"),
    [
        ({"error-shape": "Message"}, ["members of a refusal"]),
        ({"charset": "none"}, ["header content-type"]),
        ({"bad-body-status": "422"}, ["status"]),
        ({"length": "chunked"}, ["framing"]),
        ({"verification-url": "link"}, ["body.verificationUrl"]),
    ],
)
def test_two_servers_that_differ_in_one_habit_differ_in_that_alone(
    settings: Mapping[str, str], aspects: list[str]
) -> None:
    one = plain("v4")
    other = record(client_of(Server.answer, {"ambiguities": settings}, "v4"))
    # What differs for each region is told for each.
    assert list(dict.fromkeys(found.aspect for found in compare(one, other))) == aspects
    assert compare(other, record(client_of(Server.answer, {"ambiguities": settings}, "v4"))) == []


@pytest.mark.parametrize("api", ["v4", "v8"])
def test_a_profile_is_the_same_each_time_but_for_the_times(tmp_path: Path, api: str) -> None:
    first, second = (probe(client_of(Server.answer, {}, api), VERSIONS) for _ in range(2))
    first.latencies = second.latencies = {}
    assert first.write() == second.write()
    assert "latency" not in first.write()


@pytest.mark.parametrize("api", ["v4", "v8"])
@pytest.mark.parametrize("limits", [BUNDLED, LIVE], ids=["bundled", "live"])
def test_the_contracts_hold_for_the_mock_by_its_own_profile(api: str, limits: Limits, tmp_path: Path) -> None:
    profile = learn(Server.answer, {}, api, tmp_path)
    clock = FakeTime() if limits.live else None
    found = judge(Server.answer, {"profile": str(profile)}, limits=limits, clock=clock, api=api)
    assert broken(found) == set()
    assert found.status == Status.CONFORMS


@pytest.mark.long
@pytest.mark.parametrize("variant", VARIANTS, ids=[variant.name for variant in VARIANTS])
def test_the_contracts_hold_for_the_twin_of_a_lawful_server(variant: Variant, tmp_path: Path) -> None:
    profile = learn(variant.behave, variant.settings, variant.api, tmp_path)
    clock = FakeTime()

    def twin(server: Server, ask: Ask) -> Answer:
        server.advance(clock.now() - server.memory.get("now", 0.0))
        server.memory["now"] = clock.now()
        return server.answer(ask)

    found = judge(twin, {"profile": str(profile)}, limits=LIVE, clock=clock, api=variant.api)
    assert (broken(found), found.status) == (set(), Status.CONFORMS)


def telling(spell: Callable[[str], str]) -> Behaviour:
    """A server that tells all that it knows of the client in each refusal, spelled in some way."""

    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        known = [str(ask.headers.get("Authorization", "")), (ask.body or b"").decode("latin-1"), PASSWORD]
        if answer.status < 400:
            server.memory["last"] = answer.body.decode("latin-1")
            return answer
        return answer.with_body(spell(" ".join([*known, server.memory.get("last", ""), ORGANIZATION])).encode())

    return behave


SPELLINGS = {
    "as it is": str,
    "escapes": lambda text: "".join(f"\\u{ord(character):04x}" for character in text),
    "percent": lambda text: quote(text, safe=""),
    "html": html.escape,
    "json": json.dumps,
}
ORGANIZATION = "tailspintoys.onmicrosoft.com"


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_secret_host_or_tenant_is_in_a_profile(spelling: str) -> None:
    client = client_of(telling(SPELLINGS[spelling]), {}, "v4")
    written = probe(client, VERSIONS).write()
    assert client.granted is not None
    secrets = [PASSWORD, *(client.granted.member(name) for name in ("access_token", "refresh_token"))]
    secrets += [exchange.member("userCode") for exchange in client.journal if exchange.gives_code]
    plain = unquote(html.unescape(re.sub(r"\\+u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), written)))
    for text in (written, plain, plain.replace("\\", "")):
        assert [secret for secret in (*secrets, "faulty.test", ORGANIZATION) if secret in text] == []


SOMEBODY = ("jane.doe@fabrikam.example", "fabrikam.onmicrosoft.com", "192.168.7.23", "10.1.2.3", "172.20.0.9")


def test_nobody_else_is_named_in_a_profile_and_no_host_in_its_comments() -> None:
    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask).with_header("X-Served-By", f"node at {SOMEBODY[2]}:4443")
        return answer.with_body(f"Ask {', '.join(SOMEBODY)}.".encode()) if answer.status >= 400 else answer

    written = probe(client_of(behave, {"verification_url": "self"}, "v4"), VERSIONS).write()
    assert [each for each in (*SOMEBODY, "faulty.test") if each in written] == []
    assert "verification-url: self  # https://{host}" in written
    assert "version: 4.0.0.2516" in written or "8.0.2.159" in written


def in_percent(text: str) -> str:
    return "".join(f"%{ord(character):02x}" for character in text)


def in_entities(text: str) -> str:
    return "".join(f"&#{ord(character)};" for character in text)


def doubly(text: str) -> str:
    return in_entities(in_percent(text))


WAYS: tuple[Callable[[str], str], ...] = (str, SPELLINGS["escapes"], in_percent, in_entities, doubly)


@pytest.mark.parametrize("ways", [*permutations(WAYS, 2)], ids=lambda ways: " and ".join(way.__name__ for way in ways))
def test_nobody_is_named_where_some_are_spelled_in_one_way_and_some_in_another(
    ways: tuple[Callable[[str], str], ...],
) -> None:
    named = (*SOMEBODY, ORGANIZATION, "faulty.test")

    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        text = " | ".join(way(name) for way in ways for name in named)
        return answer.with_body(text.encode()) if answer.status == 404 else answer

    read = probe(client_of(behave, {}, "v4"), VERSIONS).write()
    for _ in range(2):
        read += unquote(html.unescape(re.sub(r"\\+u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), read)))
    assert [name for name in named if name in read] == []


def test_members_that_are_named_after_somebody_are_in_no_profile_and_in_the_twin(tmp_path: Path) -> None:
    names = (ORGANIZATION, f"https://faulty.test/{SOMEBODY[1]}", SOMEBODY[0], quote(f"of {ORGANIZATION}"), "{braces}")
    own = [*names, "7d4f62c1-93be-4e0a-b58d-26a1f07c9e34", "@odata.type", "administrator"]

    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        is_good = answer.status == 200 and is_at(ask.path, "getServiceInstance")
        return answer.with_members(quotas=dict.fromkeys(own, 7)) if is_good else answer

    profile = learn(behave, {}, "v4", tmp_path)
    written = profile.read_text("utf-8")
    assert [each for each in (*SOMEBODY, ORGANIZATION, "faulty.test", own[5]) if each in written] == []
    assert [each for each in ("'{braces}': ", "'@odata.type': ", "administrator: ") if each not in written] == []
    assert differences(record(client_of(behave, {}, "v4")), "v4", profile) == []


def test_of_a_long_refusal_the_profile_has_the_beginning_and_no_half_of_a_name(tmp_path: Path) -> None:
    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        # Names, braces and paths are around the place where the body is cut, whichever letter that is.
        page = "<p>" + "".join(f"{'.' * (at % 7)} {ORGANIZATION} {{{ask.path}}}" for at in range(3000))
        return (
            answer.with_body(page.encode()).with_header("Content-Type", "text/html") if answer.status == 404 else answer
        )

    profile = learn(behave, {}, "v4", tmp_path)
    bodies = {
        entry["body"] for entry in yaml.safe_load(profile.read_text("utf-8"))["refusals"] if entry["status"] == 404
    }
    assert [body for body in bodies if "tail" in body or not 48_000 < len(body) <= 48 * 1024] == []


def test_a_refusal_with_a_stack_trace_is_learned_whole(tmp_path: Path) -> None:
    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        trace = "".join(f"   at Veeam.Archiver.REST.Controller{at}.Invoke()\r\n" for at in range(80))
        return answer.with_json({"message": "Refused.", "stackTrace": trace}) if answer.status == 405 else answer

    real = record(client_of(behave, {}, "v4"))
    assert differences(real, "v4", learn(behave, {}, "v4", tmp_path)) == []


HEAD = "profile: 1\nrefusals:\n- case: no-token\n  status: 401\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("profile: 2\n", ", line 1: profile: 2 is not one of 1"),
        ("profile: 1\nanswer: []\n", ", line 2: unknown key 'answer'; did you mean answers?"),
        (HEAD + "  body: x\n  colour: red\n", ", line 6: refusals.0: unknown key 'colour'"),
        (HEAD + "  body: '{nowhere}'\n", ", line 5: refusals.0.body: '{nowhere}' is no place; known are "),
        (HEAD + "  body: x\n  headers:\n    X-A.b: '{no}'\n", ", line 7: refusals.0.headers.X-A.b: '{no}' is no place"),
        (HEAD + "  body: '{'\n", "refusals.0.body: '{' is no place"),
        (HEAD + '  body: x\n  headers: {X-A: "a\\r\\nSet-Cookie: b"}\n', "is not the value of a header field"),
        (HEAD + '  body: x\n  headers: {"X A": a}\n', "is not names of header fields"),
        (HEAD + f"  body: {'x' * 70_000}\n", "at most 65536 are allowed"),
        (HEAD, ", line 3: refusals.0.body: is required"),
        ("profile: 1\nstarting: 0\n", ", line 2: starting: 0 is less than the minimum of 1"),
        ("profile: 1\npages: {Mars: x}\n", ", line 2: pages: unknown key 'Mars'"),
        ("profile: 1\npages:\n  China: '{no}'\n", ", line 3: pages.China: '{no}' is no place"),
        ("profile: 1\nversions: [v3]\n", "'v3' is not one of v4"),
    ],
)
def test_a_profile_that_does_not_fit_is_refused_whole(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "profile.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(SettingsError, match=re.escape(told)) as refused:
        create_app(Settings(profile=str(path)))
    assert str(path) in str(refused.value)


def test_what_the_settings_say_takes_precedence_over_a_profile(tmp_path: Path) -> None:
    path = tmp_path / "profile.yaml"
    path.write_text("profile: 1\nversions: [v4, v7]\nlifetimes: {code: 60s}\nambiguities: {error-shape: Message}\n")
    with MockServer(http=True, profile=str(path), code_lifetime="5s") as server:
        assert requests.get(f"{server.url}/v8/ServiceInstance", timeout=5).status_code == 404
        assert requests.get(f"{server.url}/v7/ServiceInstance", timeout=5).json().keys() == {"Message"}
        session = server.session()
        code = session.post(f"{server.url}/v4/DeviceCode", json={"targetRegion": "worldwide"}).json()
        assert code["expiresIn"] == 5


def test_the_commands_learn_serve_and_compare(tmp_path: Path) -> None:
    profile, report = str(tmp_path / "profile.yaml"), tmp_path / "differences.json"
    with MockServer(http=True, ambiguities={"error-shape": "Message"}) as server, MockServer(http=True) as other:
        login = ["--username", server.username, "--password", server.password, "--api", "v4", "--rate", "10000"]
        learned = run("probe", server.url, "--output", profile, *login)
        assert (learned.returncode, learned.stderr) == (0, "")
        assert "1 wrong password" in learned.stdout
        assert run("compare", server.url, profile, *login).stdout == "0 differences\n"
        found = run("compare", server.url, other.url, *login, "--json", str(report))
    assert found.returncode == 1
    assert "members of a refusal: 'Message' at A, 'message' at B" in found.stdout
    assert [difference["aspect"] for difference in json.loads(report.read_text())] == ["members of a refusal"]


@pytest.mark.parametrize("b_password", [(), ("--b-password", "other")])
def test_a_password_from_standard_input_is_that_of_both_sides(b_password: tuple[str, ...]) -> None:
    with (
        MockServer(http=True, password="secret") as server,
        MockServer(http=True, password=b_password[1] if b_password else "secret") as other,
    ):
        login = ["--username", server.username, "--password-stdin", *b_password, "--api", "v4", "--rate", "1000"]
        found = run("compare", server.url, other.url, *login, given="secret\n")
    assert (found.returncode, found.stdout, found.stderr) == (0, "0 differences\n", "")


def test_a_side_that_cannot_be_asked_is_no_difference() -> None:
    login = ["--username", "a", "--password", "b"]
    found = run("compare", "http://127.0.0.1:9", "http://127.0.0.1:9", *login)
    assert found.returncode == 3
    assert found.stderr.count("http://127.0.0.1:9") == 1


def test_a_profile_that_cannot_be_read_is_a_wrong_use() -> None:
    found = run("compare", "http://127.0.0.1:9", "nowhere.yaml", "--username", "a", "--password", "b")
    assert (found.returncode, found.stderr.count("nowhere.yaml")) == (2, 1)
    assert "nowhere.yaml cannot be read: No such file or directory" in found.stderr


def test_a_server_that_answers_too_little_has_no_profile(tmp_path: Path) -> None:
    profile = tmp_path / "profile.yaml"
    with MockServer(http=True) as server:
        for operation in ("getOrganizations", "getDeviceCode", "getServiceInstance"):
            server.faults.add("empty", match={"operation": operation})
        login = ["--username", server.username, "--password", server.password, "--api", "v4", "--rate", "10000"]
        learned = run("probe", server.url, "--output", str(profile), *login)
    assert learned.returncode == 3
    assert re.fullmatch(r"veeam-contracts: \d+ of \d+ questions were answered, which shows nothing\n", learned.stderr)
    assert not profile.exists()


def run(*arguments: str, given: str = "") -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "veeam_contracts", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, input=given)
