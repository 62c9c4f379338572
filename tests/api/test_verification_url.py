"""`verification_url`: where the answers send a person who has a device code."""

from collections.abc import Callable

import pytest

from support.api_client import ApiClient
from veeam_mock import MockServer, Settings


def address(client: ApiClient, region: str = "worldwide") -> str:
    answer = client.device_code(region)
    assert answer.status_code == 200, answer.text
    content = answer.json()
    assert content["verificationUrl"] in content["message"]
    return str(content["verificationUrl"])


def test_by_default_it_is_the_page_of_microsoft_for_the_region(client: ApiClient) -> None:
    assert address(client) == "https://microsoft.com/devicelogin"
    assert address(client, "China") == "https://microsoft.com/deviceloginchina"


@pytest.mark.parametrize("http", [True, False])
def test_self_is_the_page_of_the_mock_itself(client_of: Callable[..., ApiClient], http: bool) -> None:
    client = client_of(verification_url="self", http=http)
    assert address(client) == f"{client.url}/devicelogin"


def test_self_is_the_page_in_the_world_of_the_code(serve: Callable[..., MockServer]) -> None:
    client = ApiClient(f"{serve(verification_url='self').url}/~blue")
    assert address(client) == f"{client.url}/devicelogin"


def test_it_can_become_self_while_the_server_runs_and_go_back(serve: Callable[..., MockServer]) -> None:
    server = serve()
    client = ApiClient(server.url)
    server.change_settings(verification_url="self")
    assert address(client) == f"{client.url}/devicelogin"
    server.change_settings(verification_url=None)
    assert address(client) == "https://microsoft.com/devicelogin"


def test_another_address_must_be_https(client_of: Callable[..., ApiClient]) -> None:
    client = client_of(verification_url="https://sign-in.test/code")
    assert address(client) == "https://sign-in.test/code"
    with pytest.raises(ValueError, match="is not 'self', nor an https address"):
        Settings(verification_url="http://sign-in.test/code")
