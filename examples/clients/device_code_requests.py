"""Get a device code with `requests`: waits when the server throttles, renews the token when it has expired.

VEEAM_URL=https://localhost:4443 VEEAM_CA_CERT=~/.config/veeam-mock/ca.pem python device_code_requests.py
"""

import json
import os
import sys
import time
from typing import Any

import requests

ATTEMPTS = 5
TIMEOUT = 30


class VeeamClient:
    """Calls the API with a token that it gets and renews by itself."""

    def __init__(self, url: str, username: str, password: str, verify: str | bool = True) -> None:
        self._url = url.rstrip("/")
        self._login = {"grant_type": "password", "username": username, "password": password}
        self._verify = verify
        self._tokens: dict[str, str] = {}

    def organizations(self) -> Any:
        """The organizations that the server knows."""
        return self._call("GET", "/v4/Organizations")

    def device_code(self, region: str = "worldwide") -> Any:
        """A new device code, with the address where it is typed."""
        return self._call("POST", "/v4/DeviceCode", json={"targetRegion": region})

    def _call(self, method: str, path: str, **options: Any) -> Any:
        if not self._tokens:
            self._log_in()
        for _ in range(ATTEMPTS):
            headers = {"Authorization": f"Bearer {self._tokens['access_token']}"}
            answer = self._send(method, path, headers=headers, **options)
            if answer.status_code != 401:
                answer.raise_for_status()
                return answer.json()
            self._renew()
        raise RuntimeError(f"{method} {path}: refused {ATTEMPTS} times with a new token each time")

    def _log_in(self) -> None:
        answer = self._send("POST", "/v4/Token", data=self._login)
        answer.raise_for_status()
        self._tokens = answer.json()

    def _renew(self) -> None:
        """Renew the token; log in again when the server no longer knows the refresh token either."""
        form = {"grant_type": "refresh_token", "refresh_token": self._tokens["refresh_token"]}
        answer = self._send("POST", "/v4/Token", data=form)
        if answer.ok:
            self._tokens = answer.json()
        else:
            self._log_in()

    def _send(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send a request, again after `Retry-After` seconds as long as the server throttles."""
        for _ in range(ATTEMPTS):
            answer = requests.request(method, self._url + path, verify=self._verify, timeout=TIMEOUT, **options)
            if answer.status_code != 429:
                return answer
            time.sleep(float(answer.headers.get("Retry-After", "1")))
        return answer


def main() -> None:
    """Print the organizations and a device code as JSON."""
    client = VeeamClient(
        os.environ["VEEAM_URL"],
        os.environ.get("VEEAM_USERNAME", "administrator"),
        os.environ.get("VEEAM_PASSWORD", "veeam"),
        os.environ.get("VEEAM_CA_CERT") or True,
    )
    found = {"organizations": [entry["name"] for entry in client.organizations()], **client.device_code()}
    json.dump(found, sys.stdout, indent=2)


if __name__ == "__main__":
    main()
