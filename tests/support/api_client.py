"""A user of a server, as the tests need one: it trusts the CA that it is given, logs in once, and sends requests."""

from typing import Any

import requests

ORGANIZATION = "00000000-0000-4000-8000-000000000001"
CHINESE_ORGANIZATION = "00000000-0000-4000-8000-000000000002"
RESTORE_SESSION = "00000000-0000-4000-8000-00000000a001"
UNKNOWN = "00000000-0000-4000-8000-00000000dead"


class ApiClient:
    """`verify` is what requests takes: the file of a CA, or True."""

    api = "v4"
    """The version of the API that it speaks."""

    def __init__(self, url: str, verify: str | bool = True) -> None:
        self.url = url
        self._verify = verify
        self._session = requests.Session()
        # REQUESTS_CA_BUNDLE would otherwise take the place of the CA that the session trusts.
        self._session.trust_env = False
        self._access_token: str | None = None

    def send(self, method: str, path: str, **options: Any) -> requests.Response:
        """One request without credentials; redirects are not followed."""
        options = {"timeout": 10, "allow_redirects": False, **options}
        return self._session.request(method, self.url + path, verify=self._verify, **options)

    def log_in(self, username: str = "administrator", password: str = "veeam", **fields: str) -> requests.Response:
        """A password grant, as a form."""
        form = {"grant_type": "password", "username": username, "password": password, **fields}
        return self.send("POST", f"/{self.api}/Token", data=form)

    def refresh(self, refresh_token: str) -> requests.Response:
        """A refresh grant, as a form."""
        return self.send(
            "POST", f"/{self.api}/Token", data={"grant_type": "refresh_token", "refresh_token": refresh_token}
        )

    @property
    def bearer(self) -> dict[str, str]:
        """The header of the default login."""
        if self._access_token is None:
            self._access_token = self.log_in().json()["access_token"]
        return {"Authorization": f"Bearer {self._access_token}"}

    def share_login(self, other: "ApiClient") -> None:
        """Use the credentials of `other`."""
        self._access_token = other.bearer["Authorization"].removeprefix("Bearer ")

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """One request with the credentials of the default login."""
        options["headers"] = {**self.bearer, **options.get("headers", {})}
        return self.send(method, path, **options)

    def device_code(self, region: str | None = "worldwide", **options: Any) -> requests.Response:
        """Ask for a device code; None leaves the region out."""
        body = {} if region is None else {"targetRegion": region}
        return self.call("POST", f"/{self.api}/DeviceCode", json=body, **options)
