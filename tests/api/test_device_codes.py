"""Device codes: what they look like, how long they live, and what decides their verification page."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.api_client import CHINESE_ORGANIZATION, ORGANIZATION, RESTORE_SESSION, UNKNOWN, ApiClient
from veeam_mock import MockServer

WORLDWIDE = "https://microsoft.com/devicelogin"
CHINA = "https://microsoft.com/deviceloginchina"
US_GOVERNMENT = "https://microsoft.com/deviceloginus"
RESTORE = f"/v4/RestoreSessions/{RESTORE_SESSION}/organization/restoreDeviceCode"


def test_a_device_code_has_the_four_properties_of_the_vendors_page(client: ApiClient) -> None:
    reply = client.device_code()
    code = reply.json()
    assert reply.status_code == 200
    assert code.keys() == {"userCode", "verificationUrl", "expiresIn", "message"}
    assert re.fullmatch("[A-Z0-9]{9}", code["userCode"])
    assert code["verificationUrl"] == WORLDWIDE
    assert code["expiresIn"] in (899, 900)
    assert code["message"] == (
        f"To sign in, use a web browser to open the page {WORLDWIDE} and enter the code {code['userCode']} "
        "to authenticate."
    )


def test_an_answer_is_framed_as_on_the_vendors_page(client: ApiClient) -> None:
    reply = client.device_code()
    assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
    assert int(reply.headers["Content-Length"]) == len(reply.content)
    assert reply.headers["Cache-Control"] == "no-store"


def test_codes_asked_for_by_many_at_once_are_all_different(client: ApiClient) -> None:
    assert client.bearer
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda _: client.device_code().json()["userCode"], range(200)))
    assert len(set(codes)) == 200


def test_codes_have_no_characters_that_people_confuse(client: ApiClient) -> None:
    codes = "".join(client.device_code().json()["userCode"] for _ in range(50))
    assert not set(codes) & set("0O1I")


@pytest.mark.parametrize(
    ("region", "page"),
    [
        ("Worldwide", WORLDWIDE),
        ("worldwide", WORLDWIDE),
        ("Germany", WORLDWIDE),
        ("China", CHINA),
        ("CHINA", CHINA),
        ("USgovCommunity", US_GOVERNMENT),
        ("USgovDefence", US_GOVERNMENT),
        ("USDefence", US_GOVERNMENT),
        ("USGovernment", US_GOVERNMENT),
        (None, WORLDWIDE),
    ],
)
def test_the_verification_page_follows_the_region(client: ApiClient, region: str | None, page: str) -> None:
    code = client.device_code(region).json()
    assert code["verificationUrl"] == page
    assert page in code["message"]


def test_a_null_region_is_as_good_as_none(client: ApiClient) -> None:
    assert client.call("POST", "/v4/DeviceCode", json={"targetRegion": None}).json()["verificationUrl"] == WORLDWIDE


def test_a_body_may_hold_properties_that_are_not_listed(client: ApiClient) -> None:
    assert client.call("POST", "/v4/DeviceCode", json={"targetRegion": "China", "more": [1]}).status_code == 200


@pytest.mark.parametrize("organization", [ORGANIZATION, ORGANIZATION.upper()])
def test_a_code_may_be_asked_for_an_organization(client: ApiClient, organization: str) -> None:
    assert client.device_code(params={"organizationId": organization}).status_code == 200


def test_an_unknown_organization_is_not_found(client: ApiClient) -> None:
    reply = client.device_code(params={"organizationId": UNKNOWN})
    assert reply.status_code == 404
    assert UNKNOWN in reply.json()["message"]


@pytest.mark.parametrize(("organization", "page"), [(ORGANIZATION, WORLDWIDE), (CHINESE_ORGANIZATION, CHINA)])
def test_a_code_for_the_applications_of_an_organization_is_of_its_region(
    client: ApiClient, organization: str, page: str
) -> None:
    reply = client.call("POST", f"/v4/Organizations/{organization}/DeviceCode")
    assert (reply.status_code, reply.json()["verificationUrl"]) == (200, page)


def test_there_is_no_code_for_the_applications_of_an_unknown_organization(client: ApiClient) -> None:
    assert client.call("POST", f"/v4/Organizations/{UNKNOWN}/DeviceCode").status_code == 404


@pytest.mark.parametrize(
    ("body", "page"),
    [
        ({}, WORLDWIDE),
        ({"targetRegion": "China"}, CHINA),
        ({"targetOrganizationName": "wingtiptoys.partner.onmschina.cn"}, CHINA),
        ({"targetOrganizationName": "wingtiptoys.partner.onmschina.cn", "targetRegion": "Worldwide"}, WORLDWIDE),
        ({"targetOrganizationName": "unknown.onmicrosoft.com"}, WORLDWIDE),
        ({"targetApplicationId": None, "targetOrganizationName": None, "targetRegion": None}, WORLDWIDE),
    ],
)
def test_a_code_for_a_restore_is_of_the_target_region(client: ApiClient, body: dict[str, str], page: str) -> None:
    reply = client.call("POST", RESTORE, json=body)
    assert (reply.status_code, reply.json()["verificationUrl"]) == (200, page)


def test_there_is_no_code_for_an_unknown_restore_session(client: ApiClient) -> None:
    reply = client.call("POST", RESTORE.replace(RESTORE_SESSION, UNKNOWN), json={})
    assert reply.status_code == 404
    assert UNKNOWN in reply.json()["message"]


def test_codes_are_bound_to_what_they_were_asked_for(server: MockServer, client: ApiClient) -> None:
    client.device_code("China", params={"organizationId": ORGANIZATION})
    client.call("POST", f"/v4/Organizations/{CHINESE_ORGANIZATION}/DeviceCode")
    client.call("POST", RESTORE, json={"targetRegion": "USDefence"})
    bound = [(c["region"], c["organizationId"], c["restoreSessionId"]) for c in server.device_codes.list()]
    assert bound == [
        ("China", ORGANIZATION, None),
        ("China", CHINESE_ORGANIZATION, None),
        ("USDefence", None, RESTORE_SESSION),
    ]


def test_a_code_dies_at_the_end_of_its_lifetime_not_before(server: MockServer, client: ApiClient) -> None:
    server.clock.freeze()
    client.device_code()
    server.clock.advance("899.999s")
    assert server.device_codes.list()[0]["state"] == "pending"
    server.clock.advance("1ms")
    assert server.device_codes.list()[0]["state"] == "expired"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, {899, 900}),
        ({"code_lifetime": "5m"}, {299, 300}),
        ({"code_lifetime": "1s"}, {1}),
        ({"code_lifetime": "90s", "expires_unit": "milliseconds"}, set(range(89_000, 90_001))),
    ],
)
def test_expires_in_is_the_lifetime_left_in_the_unit_that_is_set(
    client_of: Callable[..., ApiClient], settings: dict[str, str], expected: set[int]
) -> None:
    assert client_of(**settings).device_code().json()["expiresIn"] in expected


def test_with_a_seed_the_same_run_gives_the_same_codes_and_tokens(client_of: Callable[..., ApiClient]) -> None:
    def run(**settings: object) -> tuple[list[str], str]:
        client = client_of(**settings)
        return [client.device_code().json()["userCode"] for _ in range(3)], client.bearer["Authorization"]

    assert run(seed=7) == run(seed=7)
    assert run(seed=7) != run(seed=8)
    assert run() != run()


@pytest.mark.parametrize(
    ("url", "expected"),
    [("https://login.example.com/device", "https://login.example.com/device"), ("https://x.test", "https://x.test")],
)
def test_the_verification_page_can_be_set(client_of: Callable[..., ApiClient], url: str, expected: str) -> None:
    assert client_of(verification_url=url).device_code("China").json()["verificationUrl"] == expected


def test_the_verification_page_can_be_the_mocks_own(client_of: Callable[..., ApiClient]) -> None:
    client = client_of(verification_url="self", http=False)
    assert client.device_code().json()["verificationUrl"] == f"{client.url}/devicelogin"


def test_who_is_throttled_is_served_again_when_the_answer_said_and_not_before(serve: Callable[..., MockServer]) -> None:
    server = serve(ambiguities={"throttling": "some"})
    server.clock.freeze()
    client = ApiClient(server.url)
    assert {client.device_code().status_code for _ in range(60)} == {200}
    wait = int(client.device_code().headers["Retry-After"])
    server.clock.advance(wait - 1.001)
    assert client.device_code().status_code == 429
    server.clock.advance(1.001)
    assert client.device_code().status_code == 200


def test_no_more_codes_are_kept_than_the_settings_allow(serve: Callable[..., MockServer]) -> None:
    server = serve(most_codes=2)
    client = ApiClient(server.url)
    codes = [client.device_code().json()["userCode"] for _ in range(3)]
    assert [code["userCode"] for code in server.device_codes.list()] == codes[1:]


def test_what_many_worlds_keep_is_bounded_together_and_a_busy_one_takes_nothing_from_the_others(
    serve: Callable[..., MockServer],
) -> None:
    server = serve(most_codes=4)
    quiet, busy = (MockServer.attach(server.url, world=name) for name in ("quiet", "busy"))
    kept = [ApiClient(quiet.url).device_code().json()["userCode"]]
    codes = [ApiClient(busy.url).device_code().json()["userCode"] for _ in range(9)]
    assert [code["userCode"] for code in quiet.device_codes.list()] == kept
    assert [code["userCode"] for code in busy.device_codes.list()] == codes[-3:]
    busy.reset()
    kept += [ApiClient(quiet.url).device_code().json()["userCode"] for _ in range(3)]
    assert [code["userCode"] for code in quiet.device_codes.list()] == kept
