"""The header fields of an answer: found in any case, sent as they were given, and more than one of a name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from support.api_client import ApiClient
from support.redis_server import RedisServer
from veeam_mock import InterceptedServer, MockServer, create_app
from veeam_mock.messages import Fields
from veeam_mock.settings.settings import Settings

SHOP = str(Path(__file__).parents[1] / "support" / "shop.yaml")
PAGE = "https://page.test"
COOKIES = {"Set-Cookie": "a=1; Path=/", "set-cookie": "b=2; Expires=Sat, 03 Feb 2131 04:05:06 GMT"}


def all_of(reply: requests.Response, name: str) -> list[str]:
    """The values of all fields of a name, as they came."""
    return list(reply.raw.headers.getlist(name))


@pytest.fixture
def shop(client_of: Callable[..., ApiClient]) -> Callable[..., ApiClient]:
    """A client of a server whose `getOpening` answers with these header fields."""

    def start(fields: dict[str, str], **settings: Any) -> ApiClient:
        return client_of(also=[SHOP], answers={"getOpening": {"headers": fields, "body": {"open": "now"}}}, **settings)

    return start


@pytest.fixture
def learned(client_of: Callable[..., ApiClient], tmp_path: Path) -> Callable[..., ApiClient]:
    """A client of a server whose good codes were learned to come with these header fields."""

    def start(fields: dict[str, str], more: dict[str, Any] | None = None, **settings: Any) -> ApiClient:
        entry = {"operation": "getDeviceCode", "status": 200, "headers": fields, **(more or {})}
        file = tmp_path / "profile.yaml"
        file.write_text(yaml.safe_dump({"profile": 1, "answers": [entry]}))
        return client_of(profile=str(file), **settings)

    return start


@pytest.mark.parametrize(
    ("name", "value"), [("content-type", "text/csv"), ("date", "Sat, 03 Feb 2131 04:05:06 GMT"), ("DATE", "now")]
)
def test_a_field_of_a_chosen_answer_takes_the_place_of_ours(
    shop: Callable[..., ApiClient], name: str, value: str
) -> None:
    assert all_of(shop({name: value}).send("GET", "/v8/Opening"), name) == [value]


def test_a_page_reads_an_answer_that_allows_origins_itself(shop: Callable[..., ApiClient]) -> None:
    chosen = {"access-control-allow-origin": "https://other.test"}
    reply = shop(chosen, cors=[PAGE]).send("GET", "/v8/Opening", headers={"Origin": PAGE})
    assert all_of(reply, "Access-Control-Allow-Origin") == [PAGE]


@pytest.mark.parametrize("name", ["Vary", "vary"])
def test_what_an_answer_depends_on_besides_its_origin_is_still_said(
    shop: Callable[..., ApiClient], learned: Callable[..., ApiClient], name: str
) -> None:
    chosen = {name: "Accept-Encoding"}
    replies = [shop(chosen, cors=[PAGE]).send("GET", "/v8/Opening"), learned(chosen, cors=[PAGE]).device_code()]
    assert [all_of(reply, "Vary") for reply in replies] == [["Accept-Encoding", "Origin"]] * 2


def test_a_wrong_media_type_stands_alone(shop: Callable[..., ApiClient]) -> None:
    client = shop({"content-type": "text/csv"})
    assert client.send("POST", "/__admin/faults", json={"kind": "content-type"}).status_code == 201
    (told,) = all_of(client.send("GET", "/v8/Opening"), "Content-Type")
    assert told.startswith("text/html")


def test_a_preference_is_told_once(client: ApiClient) -> None:
    rule = {"kind": "status", "status": 503, "headers": {"preference-applied": "none"}, "operation": "getDeviceCode"}
    assert client.send("POST", "/__admin/faults", json=rule).status_code == 201
    reply = client.device_code(headers={"Prefer": "delay=1ms"})
    assert (reply.status_code, all_of(reply, "Preference-Applied")) == (503, ["delay=1ms"])


def test_a_compressed_answer_names_its_encoding_once(learned: Callable[..., ApiClient]) -> None:
    client = learned({}, {"compression": "gzip"})
    reply = client.device_code(headers={"Accept-Encoding": "gzip"})
    assert all_of(reply, "Content-Encoding") == ["gzip"] and reply.json()["userCode"]
    assert all_of(reply, "Content-Length") == [str(reply.raw.tell())]


def test_a_learned_name_keeps_its_case(learned: Callable[..., ApiClient]) -> None:
    reply = learned({"ETag": '"1"', "x-served-by": "a"}).device_code()
    assert {"ETag", "X-Served-By"} <= {*reply.raw.headers}


def test_several_fields_of_a_name_are_sent_as_several(
    shop: Callable[..., ApiClient], learned: Callable[..., ApiClient], client: ApiClient
) -> None:
    rule = {"kind": "status", "status": 503, "headers": COOKIES, "operation": "getDeviceCode"}
    assert client.send("POST", "/__admin/faults", json=rule).status_code == 201
    replies = [shop(COOKIES).send("GET", "/v8/Opening"), learned(COOKIES).device_code(), client.device_code()]
    assert [all_of(reply, "Set-Cookie") for reply in replies] == [[*COOKIES.values()]] * 3


def test_each_door_sends_several_fields_of_a_name() -> None:
    settings = Settings(also=(SHOP,), answers={"getOpening": {"headers": COOKIES}})
    in_process = create_app(settings).test_client().get("/v8/Opening")
    assert in_process.headers.getlist("Set-Cookie") == [*COOKIES.values()]
    with InterceptedServer(settings) as server:
        assert all_of(requests.get(f"{server.url}/v8/Opening"), "Set-Cookie") == [*COOKIES.values()]


def test_a_learned_login_still_hands_out_its_cookie(client_of: Callable[..., ApiClient], tmp_path: Path) -> None:
    entry = {"operation": "getToken", "status": 200, "headers": {"set-cookie": "node=3; Path=/"}}
    file = tmp_path / "profile.yaml"
    file.write_text(yaml.safe_dump({"profile": 1, "answers": [entry]}))
    client = client_of(profile=str(file), api=["v8"], ambiguities={"antiforgery": "cookie"})
    client.api = "v8"
    told = all_of(client.log_in(disable_antiforgery_token="false"), "Set-Cookie")
    assert [cookie.partition("=")[0] for cookie in told] == ["node", "antiforgery"]


@pytest.mark.parametrize("store", ["memory", "redis"])
def test_the_journal_tells_each_name_once_and_no_cookie(
    shop: Callable[..., ApiClient], store: str, request: pytest.FixtureRequest
) -> None:
    chosen = {**COOKIES, "Link": "</a>", "link": "</b>", "content-type": "text/csv"}
    redis: RedisServer | None = request.getfixturevalue("redis_server") if store == "redis" else None
    client = shop(chosen, **({} if redis is None else {"store": redis.url}))
    client.send("GET", "/v8/Opening")
    (told,) = client.send("GET", "/__admin/requests").json()
    fields = told["reply"]["headers"]
    assert fields["Link"] == "</a>, </b>"
    assert fields["Set-Cookie"] == "***"
    assert [*map(str.lower, fields)].count("content-type") == 1


def test_the_journal_tells_no_cookie_of_a_login(serve: Callable[..., MockServer]) -> None:
    server = serve(ambiguities={"antiforgery": "cookie"}, api=["v8"])
    client = ApiClient(server.url)
    client.api = "v8"
    cookie = client.log_in(disable_antiforgery_token="false").cookies["antiforgery"]
    told = client.send("GET", "/__admin/requests")
    assert cookie not in told.text
    assert told.json()[0]["reply"]["headers"]["Set-Cookie"] == "***"


def test_fields_are_found_in_any_case_and_keep_their_own() -> None:
    fields = Fields({"ETag": '"1"', "Vary": "Accept"})
    fields.add("vary", "Origin")
    fields["etag"] = '"2"'
    fields.setdefault("VARY", "*")
    fields.setdefault("Age", "0")
    assert (fields["ETAG"], fields.get("VARY"), fields.get("Link"), len(fields)) == ('"2"', "Accept, Origin", None, 3)
    assert fields.pairs() == [("etag", '"2"'), ("Vary", "Accept"), ("vary", "Origin"), ("Age", "0")]
    assert dict(fields) == {"etag": '"2"', "Vary": "Accept, Origin", "Age": "0"}
    assert "aGE" in fields and 1 not in fields and "Age" in repr(fields)


def test_a_copy_is_changed_alone_and_fields_that_replace_others_replace_all_of_their_name() -> None:
    fields = Fields.of_pairs([("A", "1"), ("a", "2"), ("B", "3")])
    copied = fields.copy()
    copied.replace(Fields({"a": "4", "C": ""}))
    assert copied.pairs() == [("a", "4"), ("B", "3"), ("C", "")]
    assert (fields.all("a"), fields.all("C")) == (["1", "2"], [])
