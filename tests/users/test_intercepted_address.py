"""Which requests an intercepted server takes for its own."""

import pytest
import requests
import responses

from veeam_mock import InterceptedServer


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://veeam.test:4443", "https://VEEAM.test:4443/v4/ServiceInstance"),
        ("https://Veeam.Test", "https://veeam.test:443/v4/ServiceInstance"),
        ("https://veeam.test:443/", "https://veeam.test/v4/ServiceInstance"),
        ("http://veeam.test", "http://veeam.test:80/v4/ServiceInstance?a=1"),
    ],
)
def test_an_address_is_known_however_it_is_spelled(url: str, asked: str) -> None:
    with InterceptedServer(url=url):
        assert requests.get(asked, timeout=5).status_code == 401


@pytest.mark.parametrize("asked", ["http://veeam.test:4443/", "https://veeam.test:4444/", "https://a.veeam.test:4443/"])
def test_another_address_is_passed_on(asked: str) -> None:
    with InterceptedServer(), pytest.raises(requests.ConnectionError):
        requests.get(asked, timeout=5)


def test_it_is_added_to_a_mock_by_its_address() -> None:
    with responses.RequestsMock() as mocked:
        InterceptedServer(url="https://veeam.test").add_to(mocked)
        assert requests.get("https://VEEAM.test:443/v4/ServiceInstance", timeout=5).status_code == 401


@pytest.mark.parametrize(
    "url",
    ["veeam.test", "ftp://veeam.test", "https://", "https://veeam.test/v4", "https://a:b@veeam.test", "https://x?y"],
)
def test_what_is_no_address_of_a_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is no address of a server such as"):
        InterceptedServer(url=url)
