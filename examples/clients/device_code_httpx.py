"""Get a device code with `httpx`, async: waits when the server throttles, renews the token when it has expired.

VEEAM_URL=https://localhost:4443 VEEAM_CA_CERT=~/.config/veeam-mock/ca.pem python device_code_httpx.py
"""

import asyncio
import json
import os
import ssl
import sys
from collections.abc import AsyncGenerator
from typing import Any

import httpx

ATTEMPTS = 5


class VeeamAuth(httpx.Auth):
    """Logs in before the first call; waits and sends again on 429, renews the token and sends again on 401."""

    requires_response_body = True

    def __init__(self, url: str, username: str, password: str) -> None:
        self._token_url = f"{url}/v4/Token"
        self._login = {"grant_type": "password", "username": username, "password": password}
        self._tokens: dict[str, str] = {}

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Yield what is to be sent until the answer is good, or a try too many."""
        for _ in range(ATTEMPTS):
            if not self._tokens:
                answer = yield self._token_request(self._login)
                await answer.aread()
                answer.raise_for_status()
                self._tokens = answer.json()
            request.headers["Authorization"] = f"Bearer {self._tokens['access_token']}"
            answer = yield request
            if answer.status_code == 429:
                await asyncio.sleep(float(answer.headers.get("Retry-After", "1")))
            elif answer.status_code == 401:
                form = {"grant_type": "refresh_token", "refresh_token": self._tokens["refresh_token"]}
                renewed = yield self._token_request(form)
                await renewed.aread()
                self._tokens = renewed.json() if renewed.is_success else {}
            else:
                return

    def _token_request(self, form: dict[str, str]) -> httpx.Request:
        return httpx.Request("POST", self._token_url, data=form)


async def device_code(client: httpx.AsyncClient, region: str = "worldwide") -> dict[str, Any]:
    """The organizations and a device code."""
    organizations = (await client.get("/v4/Organizations")).raise_for_status().json()
    code = (await client.post("/v4/DeviceCode", json={"targetRegion": region})).raise_for_status().json()
    return {"organizations": [entry["name"] for entry in organizations], **code}


async def main() -> None:
    """Print the organizations and a device code as JSON."""
    url = os.environ["VEEAM_URL"]
    login = os.environ.get("VEEAM_USERNAME", "administrator"), os.environ.get("VEEAM_PASSWORD", "veeam")
    trust = ssl.create_default_context(cafile=os.environ.get("VEEAM_CA_CERT"))
    async with httpx.AsyncClient(base_url=url, auth=VeeamAuth(url, *login), verify=trust, timeout=30) as client:
        json.dump(await device_code(client), sys.stdout, indent=2)


if __name__ == "__main__":
    asyncio.run(main())
