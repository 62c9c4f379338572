"""What the control API shows of a world: logins, worlds, one exchange of the journal."""

from collections.abc import Callable

import requests

from support.api_client import ApiClient
from veeam_mock import MockServer


def get(server: MockServer, path: str, **options: object) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(f"{server.url}/__admin{path}", timeout=5, verify=server.ca_cert or True, **options)  # type: ignore[arg-type]


def test_logins_are_listed_with_their_end_and_without_tokens(server: MockServer, client: ApiClient) -> None:
    server.clock.freeze()
    token = client.log_in().json()["access_token"]
    answer = get(server, "/tokens")
    [login] = answer.json()
    assert (login["username"], login["expiresIn"]) == ("administrator", 3600)
    assert token not in answer.text and "mock-" not in answer.text
    server.clock.advance("60m")
    assert get(server, "/tokens").json() == []


def test_worlds_are_listed_when_they_have_been_used(server: MockServer, client: ApiClient) -> None:
    used = ApiClient(f"{client.url}/~blue", server.ca_cert or True)
    used.log_in()
    assert {"name": "blue", "path": "/~blue"} in get(server, "/worlds").json()
    assert get(server, "/worlds").json()[0] == {"name": "", "path": ""}
    assert get(server, "/tokens").json() == []


def test_one_exchange_is_read_by_its_id_in_its_own_world(server: MockServer, client: ApiClient) -> None:
    client.call("GET", "/v4/Organizations")
    listed = get(server, "/requests").json()[-1]
    assert get(server, f"/requests/{listed['id']}").json() == listed
    other = get(server, f"/requests/{listed['id']}", headers={"X-Mock-World": "blue"})
    assert (other.status_code, get(server, "/requests/0").status_code) == (404, 400)


def test_a_key_is_needed_for_all_of_it_where_one_is_demanded(serve: Callable[..., MockServer]) -> None:
    server = serve(admin_key="open-sesame")
    paths = ("/tokens", "/worlds", "/requests/1")
    assert [get(server, path).status_code for path in paths] == [401] * 3
    assert [get(server, path, headers={"X-Admin-Key": "open-sesame"}).status_code for path in paths] == [200, 200, 404]
