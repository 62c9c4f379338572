"""The record of what was asked: complete, searchable, bounded, and without secrets."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from support.api_client import ApiClient
from support.spellings import EXACT
from support.wire import Wire
from veeam_mock import MockServer
from veeam_mock.control.client import ControlFailure
from veeam_mock.door.door import Patience
from veeam_mock.journal.journal import ENTRY_COST, LONGEST_BODY, Journal, Told
from veeam_mock.journal.lines import json_line, logger, text_line
from veeam_mock.journal.masking import Masker, without_credentials
from veeam_mock.messages import Delivery, Reply, Request
from veeam_mock.mock import Mock
from veeam_mock.secrecy.secret_names import MASK, SECRET_HEADERS, SECRET_NAMES
from veeam_mock.settings.settings import Settings

PASSWORD = 'pä55 wörd"\\&=%+/?'
ADMIN_KEY = "Admin-Key+of/this=server"
LOGGED: list[str] = []
REFRESHED = "a-refresh-token-of-elsewhere"


def test_an_exchange_is_kept_whole(server: MockServer, client: ApiClient) -> None:
    sent = client.device_code("China", headers={"X-Trace": "1"})
    (kept,) = server.requests.list(operation="getDeviceCode")
    assert kept["request"]["method"] == "POST"
    assert kept["request"]["path"] == "/v4/DeviceCode"
    assert kept["request"]["headers"]["x-trace"] == "1"
    assert json.loads(kept["request"]["body"]) == {"targetRegion": "China"}
    assert json.loads(kept["reply"]["body"]) == sent.json()
    assert (kept["reply"]["status"], kept["outcome"], kept["faults"]) == (200, "whole", [])


def test_exchanges_are_filtered(server: MockServer, client: ApiClient) -> None:
    client.device_code()
    client.send("GET", "/v4/Organizations")
    client.call("GET", "/v4/Organizations?limit=1")
    everything = server.requests.list()
    assert [each["operation"] for each in everything] == [
        "getToken",
        "getDeviceCode",
        "getOrganizations",
        "getOrganizations",
    ]
    assert server.requests.list(operation="getOrganizations", status=401) == [everything[2]]
    assert server.requests.list(method="POST") == everything[:2]
    assert server.requests.list(path="/v4/org*") == everything[2:]
    assert server.requests.list(after=everything[1]["id"]) == everything[2:]
    assert server.requests.list(limit=1) == everything[3:]
    server.requests.clear()
    assert server.requests.list() == []


def test_refused_http_is_kept(serve: Callable[..., MockServer]) -> None:
    server = serve(http=False, patience=Patience(linger=0.2, stop=0))
    for data in (b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000 + b"\r\n\r\n"):
        with Wire(server.url, server.ca_cert) as wire:
            wire.send(data)
            wire.rest()
    with Wire(server.url, server.ca_cert) as wire:
        wire.send(b"POST /v4/Token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000\r\n\r\n")
        wire.rest()
    assert [each["reply"]["status"] for each in server.requests.list()] == [400, 431, 413]


def test_a_verification_counts(server: MockServer, client: ApiClient) -> None:
    client.device_code("China")
    client.device_code("Germany")
    assert server.requests.verify(2, operation="getDeviceCode") == 2
    assert server.requests.verify(operation="getDeviceCode", body={"/targetRegion": "China"}, status=200) == 1
    assert server.requests.verify(0, method="DELETE") == 0
    with pytest.raises(AssertionError, match="expected 1 request .* the server saw 2"):
        server.requests.verify(1, operation="getDeviceCode")


def test_a_verification_that_falls_short_names_the_nearest_misses_and_how_they_differ(
    server: MockServer, client: ApiClient
) -> None:
    client.send("GET", "/nowhere?a=1", headers={"X-Trace": "2"})
    client.device_code("worldwide", headers={"X-Trace": "2"})
    with pytest.raises(AssertionError) as short:
        server.requests.verify(
            2,
            operation="getDeviceCode",
            header={"X-Trace": "1", "Accept": None},
            query={"a": "2"},
            body={"/targetRegion": "China"},
            status=500,
        )
    lines = str(short.value).splitlines()
    assert lines[0].endswith("the server saw 0")
    assert lines[1:7] == [
        "  near miss: POST /v4/DeviceCode",
        "    header x-trace is '2', not '1'",
        "    header accept is '*/*', not missing",
        "    query a is missing, not '2'",
        "    body /targetRegion is 'worldwide', not 'China'",
        "    status is 200, not 500",
    ]
    assert "  near miss: GET /nowhere" in lines
    assert "    operation is none, not getDeviceCode" in lines
    assert "    body is not JSON, or more than is kept of one" in lines


def secrets_in(text: str, tokens: list[str]) -> list[str]:
    """The secrets that stand in a text, in whatever form."""
    wanted = [PASSWORD, ADMIN_KEY, REFRESHED, *tokens]
    forms = [form for secret in wanted for form in (secret, quote(secret), quote(secret, safe=""), quote_plus(secret))]
    forms += [json.dumps(secret)[1:-1] for secret in wanted]
    forms += [form.encode().decode("latin-1") for form in forms] + [form.lower() for form in forms if "%" in form]
    return [form for form in forms if form in text]


@pytest.fixture
def guarded(serve: Callable[..., MockServer]) -> Iterator[tuple[MockServer, ApiClient, list[str]]]:
    """A server with secrets, a client that has used them in every place, and the tokens it got."""
    veeam = serve(password=PASSWORD, admin_key=ADMIN_KEY)
    veeam.mock.installation.journal.listeners += [logger("text", LOGGED.append), logger("json", LOGGED.append)]
    client = ApiClient(veeam.url)
    pair = client.log_in(password=PASSWORD).json()
    pair = client.refresh(pair["refresh_token"]).json()
    tokens = [pair["access_token"], pair["refresh_token"]]
    bearer = {"Authorization": f"Bearer {tokens[0]}", "X-Admin-Key": ADMIN_KEY, "Cookie": f"a={tokens[0]}"}
    for secret in (PASSWORD, ADMIN_KEY, *tokens):
        client.log_in(username=secret, password="x")
        client.log_in(password=secret + "x")
        client.send(
            "POST", f"/v4/Token?{urlencode({'password': secret})}", json={"grant_type": secret, "password": [secret]}
        )
        client.send("POST", f"/v4/{quote(secret, safe='')}", headers={**bearer, "X-Other": quote(secret)})
        client.send("GET", "/v4/Organizations", headers={"Referer": f"/?refresh_token={quote(secret)}"})
        client.send(
            "POST", "/v4/DeviceCode", headers=bearer, json={"targetRegion": secret, "applicationSecret": {"a": secret}}
        )
        for place in range(8192 - len(secret), 8192, 7):
            client.send("POST", "/v4/DeviceCode", headers=bearer, data=b"x" * place + secret.encode())
            client.send(
                "POST", "/v4/DeviceCode", headers=bearer, data=tokens[0].encode() * 300 + b"x" * place + secret.encode()
            )
    client.refresh(REFRESHED)
    yield veeam, client, tokens


def test_no_secret_is_in_the_journal_the_logs_or_any_answer_of_the_control_api(
    guarded: tuple[MockServer, ApiClient, list[str]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    veeam, client, tokens = guarded
    key = {"X-Admin-Key": ADMIN_KEY}
    hidden = {
        "header": {"Authorization": f"Bearer {tokens[0]}"},
        "body": {"/password": PASSWORD, "/targetRegion": PASSWORD},
    }
    answers = [
        client.send(
            "POST",
            "/__admin/faults",
            headers=key,
            json={"kind": "status", "status": 503, "body": tokens, "match": hidden},
        ),
        client.send("POST", "/__admin/faults", headers=key, json={"kind": PASSWORD, "preset": tokens[0]}),
        client.send("POST", "/__admin/requests/verify", headers=key, json={"match": hidden}),
        client.send(
            "POST", "/__admin/requests/verify", headers=key, json={"match": {"body": {"/refresh_token": REFRESHED}}}
        ),
        client.send("GET", f"/__admin/{quote(ADMIN_KEY)}", headers=key),
        client.send("PATCH", "/__admin/settings", headers=key, json={"verification_url": PASSWORD}),
        client.send("GET", "/__admin/clock", headers={**key, "X-Mock-World": quote(PASSWORD)}),
        *(
            client.send("GET", f"/__admin/{part}", headers=key)
            for part in ("settings", "faults", "requests", "device-codes")
        ),
    ]
    assert len(veeam.requests.list()) > 50
    for answer in answers:
        assert secrets_in(answer.text, tokens) == []
    logged = "\n".join(LOGGED)
    assert "/v4/DeviceCode" in logged
    assert secrets_in(logged + caplog.text, tokens) == []
    kept = [(entry, entry.request) for entry in veeam.mock.installation.journal.entries("")]
    everything = repr([(entry, request.query, request.headers, request.body) for entry, request in kept])
    assert "/v4/DeviceCode" in everything and "***" in everything
    assert secrets_in(everything, tokens) == []


@pytest.mark.parametrize("name", [*SECRET_NAMES, "Password"])
@pytest.mark.parametrize("value", [13371337, ["Open-13371337"], {"a": "Open-13371337"}, "Open-13371337" * 6000])
def test_a_secret_that_is_refused_is_not_repeated(name: str, value: object) -> None:
    mock = Mock(Settings())
    login = mock.answer(token_request(b'{"grant_type": "password", "username": "administrator", "password": "veeam"}'))
    bearer = {"authorization": f"Bearer {json.loads(login.body)['access_token']}"}
    named = {name: value}
    bodies = [
        named,
        [named],
        {"exchangeOnlineSettings": named},
        {"exchangeOnlineSettings": [named]},
        f"{name}=13371337",
    ]
    for body in bodies:
        for path in ("/v4/Organizations", "/v4/DeviceCode", "/v4/Token"):
            reply = mock.answer(token_request(json.dumps(body).encode(), path, **bearer))
            assert reply.status in (200, 400), reply.body
            assert "13371337" not in reply.body.decode() or isinstance(body, str)
    kept = mock.installation.journal.entries("")
    assert len(kept) == 16
    assert "13371337" not in repr([(entry.reply_body, entry.request.body) for entry in kept])


def token_request(body: bytes, path: str = "/v4/Token", **headers: str) -> Request:
    return Request("POST", path, headers={"content-type": "application/json", **headers}, body=body)


NAMED = st.sampled_from([*SECRET_NAMES, "mock-access-", "mock-refresh-", "pass", "application", "_token", "userCode"])
PIECE = st.one_of(
    NAMED,
    NAMED.map(str.upper),
    NAMED.map(lambda name: f"%{ord(name[0]):02x}{name[1:]}"),
    NAMED.map(lambda name: f"{name[:-1]}\\u{ord(name[-1]):04X}"),
    st.sampled_from(['"', '": "', "=", "&", " ", ":", "a1", "ſ", "-", "_", "%", "\\"]),
)


@given(st.lists(PIECE, max_size=8).map("".join))
def test_the_quick_look_for_secrets_overlooks_none(text: str) -> None:
    looked_at_closely = Masker().text("% " + text)  # for what may be written in another way
    assert Masker().text(text) == looked_at_closely[2:]


SECRET = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="<>"), min_size=4)
LIKE_AN_ESCAPE = st.text("0035\\%&#un;\"'/+ \n", min_size=4, max_size=8)


@given(SECRET | LIKE_AN_ESCAPE, st.sampled_from(EXACT))
@example("000%", quote)
@example("000\\", EXACT[4])
@example("00\\0", EXACT[11])
@example("0%000", EXACT[10])
@example('"5"n&#5', EXACT[18])
def test_a_chosen_secret_is_masked_however_it_is_spelled(secret: str, spelled: Callable[[str], str]) -> None:
    assert Masker([secret]).text(f"<{spelled(secret)}>") == "<***>"


@pytest.mark.parametrize("secret", ["kL6R7zZm\u00e4xzbe", "\\\u00dfkEaNRwJxRBL"])
def test_a_chosen_secret_is_masked_however_two_spellings_meet(secret: str) -> None:
    masker = Masker([secret])
    for text in (json.dumps(" ".join(secret)), "\\" + quote(json.dumps(secret)[1:-1], safe="")):
        shown = masker.text(text)
        assert "***" in shown and not any(part in shown for part in ("z b e", "zbe", "R B L", "RBL"))


@pytest.mark.parametrize("name", SECRET_NAMES)
@pytest.mark.parametrize("spelled", EXACT[:12])
def test_what_stands_under_the_name_of_a_secret_is_masked_however_the_name_is_spelled(
    name: str, spelled: Callable[[str], str]
) -> None:
    for text in (f"a=1&{spelled(name)}=13371337&b=2", f'{{"a": 1, "{spelled(name)}": "13371337"}}'):
        assert "13371337" not in Masker().text(text)


def test_a_secret_under_an_encoded_name_is_not_in_the_journal() -> None:
    mock = Mock()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    body = b"grant_type=password&username=administrator&p%61ssword=veeam"
    assert mock.answer(Request("POST", "/v4/Token", "access%5Ftoken=1337", headers, body)).status == 200
    [kept] = mock.installation.journal.entries("")
    assert (kept.request.query, kept.request.body[-15:]) == ("access%5Ftoken=***", b"&p%61ssword=***")


@pytest.mark.parametrize("name", sorted(SECRET_HEADERS))
def test_credentials_in_header_fields_are_masked(name: str) -> None:
    assert without_credentials({name: "Open-Sesame-1"}) == {name: "***"}


def test_of_a_cookie_nothing_is_shown() -> None:
    assert without_credentials({"cookie": "session=Open-Sesame-1; other=2"}) == {"cookie": "***"}


def test_a_body_that_is_no_utf_8_is_masked_and_shown() -> None:
    assert Masker(["Open-Sesame"]).body(b"\xff Open-Sesame \xfe") == b"\\xff *** \\xfe"


def test_the_passwords_of_all_users_are_masked() -> None:
    secrets = ("Open-Sesame-1", "Open-Sesame-2")
    mock = Mock(Settings(users=[{"username": secret[-1], "password": secret} for secret in secrets]))
    for secret in secrets:
        mock.answer(Request("GET", f"/v4/{secret}", headers={"x-other": secret}))
    kept = mock.installation.journal.entries("")
    assert len(kept) == 2
    assert "Sesame" not in repr([(entry.request.path, entry.request.headers, entry.reply_body) for entry in kept])


def test_what_is_no_secret_stays_readable(server: MockServer, client: ApiClient) -> None:
    client.send("GET", "/v4/Organizations", headers={"Authorization": "Bearer mock-access-none"})
    assert server.requests.verify(1, header={"authorization": "Bearer ***"}) == 1
    client.log_in()
    assert "username=administrator" in server.requests.list()[-1]["request"]["body"]


def entry(journal: Journal, **parts: Any) -> None:
    """Record one exchange."""
    request = Request("GET", "/", **parts)
    journal.record(request, request.body, Reply(200, body=b"{}"), at=0.0)


def test_the_oldest_entries_go_at_either_bound() -> None:
    journal = Journal(3, 1_000_000, Masker())
    for number in range(5):
        entry(journal, query=str(number))
    assert [each.request.query for each in journal.entries("")] == ["2", "3", "4"]
    journal = Journal(1000, 10 * ENTRY_COST, Masker())
    for _ in range(50):
        entry(journal)
    assert len(journal.entries("")) == 9


@pytest.mark.parametrize(
    "part",
    [
        {"body": b"x" * 8000},
        {"query": "x" * 8000},
        {"headers": {"x": "x" * 8000}},
        {"headers": {"x" * 8000: "x"}},
        {"headers": {f"{number}": "" for number in range(60)}},
    ],
    ids=["body", "query", "field", "name", "fields"],
)
def test_whatever_is_long_counts_for_the_bytes(part: dict[str, Any]) -> None:
    journal = Journal(1000, 100_000, Masker())
    for _ in range(50):
        entry(journal, **part)
    assert 8 <= len(journal.entries("")) <= 12


def test_what_is_forgotten_makes_room() -> None:
    journal = Journal(1000, 10 * ENTRY_COST, Masker())
    for world in ("a", "b"):
        for _ in range(9):
            journal.record(Request("GET", "/"), b"", Reply(200), at=0.0, world=world)
        journal.forget("a")
    assert len(journal.entries("b")) == 9


def test_listeners_stay_when_the_settings_change() -> None:
    mock = Mock()
    heard: list[object] = []
    mock.installation.journal.listeners.append(heard.append)
    mock.restart(Settings())
    mock.answer(Request("GET", "/"))
    assert len(heard) == 1


def test_of_a_long_body_the_beginning_is_shown_and_all_is_matched(server: MockServer, client: ApiClient) -> None:
    long = {"targetRegion": "China", "note": "x" * 100_000, "last": "here"}
    assert client.call("POST", "/v4/DeviceCode", json=long).status_code == 200
    assert server.requests.verify(1, body={"/last": "here"}) == 1
    assert len(server.requests.list()[-1].request.body) == LONGEST_BODY


def test_no_half_of_a_secret_is_left_at_the_end_of_what_is_shown(server: MockServer, client: ApiClient) -> None:
    for before in range(LONGEST_BODY - 40, LONGEST_BODY, 3):
        client.call("POST", "/v4/DeviceCode", json={"note": "x" * before, "password": "Open-Sesame-1"})
    assert "Open" not in str(server.requests.list())


def test_the_body_of_a_reply_is_kept_in_part(server: MockServer, client: ApiClient) -> None:
    server.faults.add("status", status=503, body={"password": "Open-Sesame-1", "text": "x" * 100_000})
    client.send("GET", "/v4/Organizations")
    reply = server.requests.list()[-1].reply
    assert reply is not None
    assert len(reply.body) == LONGEST_BODY
    assert "Sesame" not in reply.body


@given(
    before=st.integers(0, 300),
    hidden=st.integers(0, 40),
    spell=st.sampled_from([str, quote, lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text)]),
)
def test_the_beginning_of_a_body_has_no_half_of_a_secret(before: int, hidden: int, spell: Callable[[str], str]) -> None:
    secret = "Öpen Sésame/1+2"
    body = ("x" * before + spell(secret) * hidden + "y" * 150 + spell(secret) * 5000).encode()
    shown = Masker([secret]).beginning(body, 200).decode("utf-8", "replace")
    assert shown.startswith("x" * min(before, 200))
    assert set(shown) <= set("xy" + MASK), shown


@pytest.mark.parametrize(
    ("body", "fits"),
    [
        (b'\xef\xbb\xbf{"targetRegion": "China"}', True),
        (b'{"targetRegion": "China",}', True),
        (b'{"targetRegion": "China"', False),
    ],
)
def test_a_body_is_matched_as_the_api_reads_it(server: MockServer, client: ApiClient, body: bytes, fits: bool) -> None:
    server.faults.add("status", status=418, request_body={"/targetRegion": "China"}, times=1)
    sent = client.call("POST", "/v4/DeviceCode", data=body, headers={"Content-Type": "application/json"})
    assert sent.status_code == (418 if fits else 400)
    assert len(server.requests.list(body={"/targetRegion": "China"})) == fits


def test_each_value_of_a_parameter_that_comes_twice_is_matched(server: MockServer, client: ApiClient) -> None:
    client.call("GET", "/v4/Organizations?limit=1&limit=2")
    for value in ("1", "2"):
        assert server.requests.verify(1, query={"limit": value}) == 1
    with pytest.raises(AssertionError, match="'1' and '2', not '3'"):
        server.requests.verify(1, query={"limit": "3"})
    assert server.requests.verify(1, query={"offset": None}, path="/v4/Organizations") == 1


def test_what_the_journal_has_forgotten_is_not_taken_for_what_never_was(serve: Callable[..., MockServer]) -> None:
    server = serve(journal_entries=5)
    client = ApiClient(server.url)
    for _ in range(6):
        client.send("GET", "/v4/Organizations")
    assert server.requests.verify(path="/v4/Organizations") == 5
    with pytest.raises(AssertionError, match=r"1 exchanges are forgotten.*requests\.clear"):
        server.requests.verify(0, operation="getDeviceCode")
    server.requests.clear()
    assert server.requests.verify(0, operation="getDeviceCode") == 0


@pytest.mark.parametrize("bound", ["journal_entries", "journal_bytes"])
def test_a_journal_that_is_off_says_so_where_it_would_be_read(serve: Callable[..., MockServer], bound: str) -> None:
    server = serve(**{bound: 0})
    client = ApiClient(server.url, server.ca_cert or True)
    assert client.device_code().status_code == 200
    for read in (server.requests.list, lambda: server.requests.get(1), lambda: server.requests.verify(0)):
        with pytest.raises(ControlFailure, match=r"journal is off.*journal_entries") as refused:
            read()
        assert refused.value.status == 409
    server.requests.clear()
    assert "The journal is off" in client.send("GET", "/__admin/").text


def test_the_log_goes_on_without_a_journal() -> None:
    mock = Mock(Settings(journal_entries=0))
    lines: list[str] = []
    mock.installation.journal.listeners.append(logger("text", lines.append))
    assert mock.answer(Request("GET", "/v4/ServiceInstance")).status == 401
    assert len(lines) == 1
    assert lines[0][8:].startswith("  401  GET /v4/ServiceInstance  getServiceInstance  ")
    assert mock.installation.journal.entries("") == []


def test_the_log_is_one_line_a_request_for_people_or_for_programs(server: MockServer, client: ApiClient) -> None:
    lines: list[str] = []
    listeners = server.mock.installation.journal.listeners
    listeners += [logger("text", lines.append), logger("json", lines.append)]
    try:
        client.send("GET", "/~mine/v4/Organizations?a=%0Ab", headers={"Prefer": "code=418"})
    finally:
        listeners.clear()
    text, program = lines
    shown = (
        r"  418  GET /v4/Organizations\?a=%0Ab  getOrganizations  struck by code=418  ~mine  127\.0\.0\.1  \d+\.\d ms  "
    )
    told = json.loads(program)
    assert re.fullmatch(shown + re.escape(told["message"]), text[8:])
    assert told["message"]
    assert told["client"] == "127.0.0.1"
    assert told["milliseconds"] > 0
    assert (told["world"], told["status"], told["path"], told["faults"]) == (
        "mine",
        418,
        "/v4/Organizations",
        ["code=418"],
    )


def logged(request: Request, reply: Reply, *, colour: bool = False, masker: Masker | None = None) -> str:
    """The line of one exchange, without its time."""
    lines: list[str] = []
    journal = Journal(10, 10_000, masker or Masker())
    journal.listeners.append(logger("text", lines.append, colour=colour))
    journal.record(request, b"", reply, at=0.0)
    return lines[0].partition("  ")[2]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"message": "No such code."}', "No such code."),
        (b'{"Message": "No such code."}', "No such code."),
        (b'{"error": "invalid_grant", "error_description": "No such code."}', "No such code."),
        (b'{"message": "the key is geheim"}', "the key is ***"),
        (b'{"message": "' + b"x" * 300 + b'"}', "x" * 200),
        (b'{"message": "red \\u001b[31m"}', r"red \x1b[31m"),
        (b'{"message": 5}', ""),
        (b"[]", ""),
        (b"no JSON", ""),
        (b"", ""),
    ],
)
def test_the_line_of_a_refusal_ends_with_what_it_says(body: bytes, told: str) -> None:
    line = logged(Request("GET", "/a"), Reply(400, body=body), masker=Masker(["geheim"]))
    assert line == f"400  GET /a  -{'  ' if told else ''}{told}"


def test_the_line_of_an_answer_says_nothing_of_its_body() -> None:
    assert logged(Request("GET", "/a"), Reply(200, body=b'{"message": "To sign in"}')) == "200  GET /a  -"
    broken = Reply(500, body=b'{"message": "late"}', delivery=Delivery(ending="reset"))
    assert logged(Request("GET", "/a"), broken) == "reset  GET /a  -"


@pytest.mark.parametrize(("status", "colour"), [(200, 32), (308, 32), (404, 33), (500, 31)])
def test_in_colour_the_outcome_alone_is_coloured(status: int, colour: int) -> None:
    line = logged(Request("GET", "/a\x1b[1m"), Reply(status), colour=True)
    assert line == f"\x1b[{colour}m{status}\x1b[0m  GET /a\\x1b[1m  -"


def test_the_duration_has_the_delay_of_a_fault() -> None:
    mock = Mock(Settings(faults=[{"kind": "delay", "delay": "2s"}]))
    heard: list[Told] = []
    mock.installation.journal.listeners.append(heard.append)
    mock.answer(Request("GET", "/v4/ServiceInstance"))
    assert heard[0].took is not None
    assert heard[0].took >= 2


def test_json_of_the_log_can_be_read_whatever_came() -> None:
    written: list[str] = []
    journal = Journal(10, 10_000, Masker())
    journal.listeners.append(logger("json", written.append))
    journal.record(Request("GET", "/\x7f\x85\u2028\U000e0001"), b"", Reply(200), at=0.0)
    assert written[0].isprintable()
    assert json.loads(written[0])["path"] == "/\x7f\x85\u2028\U000e0001"


@pytest.mark.parametrize("form", [text_line, json_line])
def test_a_line_of_the_log_stays_one_line(form: Callable[..., str]) -> None:
    journal = Journal(10, 10_000, Masker())
    written: list[str] = []
    journal.listeners.append(logger("json" if form is json_line else "text", written.append))
    journal.record(Request("GET", "/a\nb\x1b[31m\u2028"), b"", Reply(200), at=0.0)
    assert written[0].isprintable()
