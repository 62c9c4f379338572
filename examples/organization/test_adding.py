"""The client against the mock, without any waiting: behind both fixtures, in two versions of the API."""

import pytest
import requests
from adding import Declined, VeeamClient

from veeam_mock import InterceptedServer, MockServer

pytestmark = pytest.mark.veeam_no_waiting
Veeam = InterceptedServer | MockServer


@pytest.fixture(params=["veeam_mock", "veeam_server"])
def veeam(request: pytest.FixtureRequest) -> Veeam:
    """The server behind each door."""
    server: Veeam = request.getfixturevalue(request.param)
    return server


@pytest.fixture(params=["v4", "v8"])
def client(request: pytest.FixtureRequest, veeam: Veeam) -> VeeamClient:
    """A client that shows its messages to nobody."""
    login = veeam.username, veeam.password
    url = veeam.api(request.param).url
    return VeeamClient(url, login, verify=veeam.ca_cert or True, show=lambda message: None)


@pytest.mark.veeam(auto_approve="12s")
def test_an_organization_is_added_once_somebody_has_signed_in(veeam: Veeam, client: VeeamClient) -> None:
    added = client.add_organization("Backup")
    assert added["name"] == "fabrikam.onmicrosoft.com"
    assert veeam.device_codes.newest.state == "spent"


@pytest.mark.veeam(auto_approve="12s", faults=[{"preset": "throttled", "times": 2, "operation": "getDeviceCode"}])
def test_it_waits_as_long_as_it_is_told(veeam: Veeam, client: VeeamClient) -> None:
    start = veeam.clock.time()
    assert client.add_organization("Backup")
    assert veeam.clock.time() - start >= 2 * 30 + 12


@pytest.mark.veeam(token_lifetime="20s", auto_approve="60s")
def test_it_logs_in_again_when_its_token_has_expired(veeam: Veeam, client: VeeamClient) -> None:
    assert client.add_organization("Backup")
    assert len(veeam.requests.list(operation="getToken", status=200)) > 1


@pytest.mark.veeam(code_lifetime="30s")
def test_it_asks_for_another_code_when_one_has_expired(veeam: Veeam, client: VeeamClient) -> None:
    with pytest.raises(TimeoutError, match="one of 3 codes"):
        client.add_organization("Backup")
    assert [code.state for code in veeam.device_codes.list()] == ["expired"] * 3


@pytest.mark.veeam(code_lifetime="30s")
def test_it_gives_up_when_the_person_declines(veeam: Veeam, client: VeeamClient) -> None:
    client.show = lambda message: veeam.device_codes.deny(veeam.device_codes.newest.user_code)
    with pytest.raises(Declined):
        client.add_organization("Backup")
    assert len(veeam.device_codes.list()) == 1


@pytest.mark.veeam(faults=[{"preset": "azure-unreachable"}])
def test_it_tells_what_the_server_refuses(veeam: Veeam, client: VeeamClient) -> None:
    with pytest.raises(requests.HTTPError, match="500"):
        client.add_organization("Backup")
