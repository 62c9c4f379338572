"""Add an organization by a device code: log in, get a code, wait until somebody signs in with it, spend it.

VEEAM_URL=https://localhost:4443 VEEAM_CA_CERT=~/.config/veeam-mock/ca.pem python adding.py
"""

import os
import sys
import time
from collections.abc import Callable
from typing import Any

import requests

PENDING, EXPIRED, DECLINED = "AADSTS70016", "AADSTS70019", "AADSTS65004"
POLL_INTERVAL = 5  # seconds
TRIES = 5
CODES = 3
CAN_CHECK = ("v6", "v7", "v8")


class Declined(Exception):
    """The person who was asked to sign in declined."""


class VeeamClient:
    """Speaks one version of the API. `show` is given each message for the person who signs in."""

    def __init__(
        self, url: str, login: tuple[str, str], *, verify: str | bool = True, show: Callable[[str], object] = print
    ) -> None:
        self._url = url.rstrip("/")
        self._can_check = self._url.endswith(CAN_CHECK)
        self._login = {"grant_type": "password", "username": login[0], "password": login[1]}
        self._session = requests.Session()
        self._session.trust_env, self._session.verify = False, verify
        self.show = show

    def add_organization(self, application: str, region: str = "Worldwide") -> Any:
        """The organization of whoever signs in; `Declined`, or `TimeoutError` when nobody does."""
        for _ in range(CODES):
            code = self._ask("DeviceCode", {"targetRegion": region})
            self.show(code["message"])
            added = self._wait_for(code, application)
            if added is not None:
                return added
        raise TimeoutError(f"nobody signed in with one of {CODES} codes")

    def _wait_for(self, code: dict[str, Any], application: str) -> Any:
        """The organization, or None when the code has expired."""
        wanted = {"userCode": code["userCode"], "newApplicationName": application}
        for left in range(code["expiresIn"] - POLL_INTERVAL, -POLL_INTERVAL, -POLL_INTERVAL):
            time.sleep(POLL_INTERVAL)
            if self._can_check and left > POLL_INTERVAL and not self._has_signed_in(code):
                continue  # up to the last time, when the attempt below tells whether somebody declined
            reply = self._call("Organizations", wanted)
            if reply.ok:
                return reply.json()
            if DECLINED in reply.text:
                raise Declined(code["userCode"])
            if EXPIRED in reply.text:
                return None
            if PENDING not in reply.text:
                reply.raise_for_status()
        return None

    def _has_signed_in(self, code: dict[str, Any]) -> bool:
        return bool(self._ask("DeviceCode/check", {"userCode": code["userCode"]})["authenticated"])

    def _ask(self, path: str, body: dict[str, Any]) -> Any:
        reply = self._call(path, body)
        reply.raise_for_status()
        return reply.json()

    def _call(self, path: str, body: dict[str, Any]) -> requests.Response:
        """A call with a live token, repeated while the server throttles or cannot answer."""
        for _ in range(TRIES):
            reply = self._session.post(f"{self._url}/{path}", json=body, timeout=30)
            if reply.status_code == 401:
                self._log_in()
            elif reply.status_code in (429, 503):
                time.sleep(int(reply.headers.get("Retry-After", "1")))
            else:
                break
        return reply

    def _log_in(self) -> None:
        reply = self._session.post(f"{self._url}/Token", data=self._login, timeout=30)
        if reply.status_code not in (429, 503):  # then the call that needs the token waits
            reply.raise_for_status()
            self._session.headers["Authorization"] = f"Bearer {reply.json()['access_token']}"


if __name__ == "__main__":
    login = os.environ.get("VEEAM_USERNAME", "administrator"), os.environ.get("VEEAM_PASSWORD", "veeam")
    client = VeeamClient(f"{os.environ['VEEAM_URL']}/v8", login, verify=os.environ.get("VEEAM_CA_CERT") or True)
    sys.stdout.write(f"{client.add_organization('Backup')['name']}\n")
