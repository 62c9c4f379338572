"""A small server of device codes, written from what the documents say alone: no line of the mock. What it answers is
plain data; each stack reads requests and writes answers in its own way."""

import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Any

USERNAME, PASSWORD = "administrator", "a long enough password"
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
ORGANIZATION = {
    "id": "7b1c4a52-3f0e-4d0c-9a55-2c6d5e1f0a11",
    "name": "contoso.onmicrosoft.com",
    "type": "Office365",
    "region": "Worldwide",
}
REGIONS = ("worldwide", "germany", "china", "usgovcommunity", "usgovdefence")
LIFE = 3600

Reply = tuple[int, Any]
"""A status, and the JSON value of the body."""


def refuse(status: int, message: str) -> Reply:
    """A refusal as the API words it."""
    return status, {"message": message}


@dataclass
class Small:
    """What the server remembers. `address` is where it is asked, for its links."""

    address: str = ""
    access: set[str] = field(default_factory=set)
    refresh: set[str] = field(default_factory=set)

    def token(self, form: dict[str, str]) -> Reply:
        """The answer to a login."""
        match form.get("grant_type"):
            case "password":
                good = (form.get("username"), form.get("password")) == (USERNAME, PASSWORD)
            case "refresh_token":
                given = form.get("refresh_token", "")
                good = given in self.refresh
                self.refresh.discard(given)
            case _:
                return 400, {"error": "unsupported_grant_type"}
        if not good:
            return 400, {"error": "invalid_grant", "error_description": "The grant is not good."}
        pair = secrets.token_urlsafe(48), secrets.token_urlsafe(48)
        self.access.add(pair[0])
        self.refresh.add(pair[1])
        return 200, {
            "access_token": pair[0],
            "token_type": "bearer",
            "expires_in": LIFE,
            "refresh_token": pair[1],
        }

    def is_let_in(self, authorization: str) -> bool:
        """Whether a header field holds a token that was given."""
        scheme, _, token = authorization.partition(" ")
        return scheme.lower() == "bearer" and token in self.access

    def organization(self) -> dict[str, Any]:
        """The only one there is."""
        own = f"{self.address}/v4/Organizations/{ORGANIZATION['id']}"
        return {**ORGANIZATION, "_links": {"self": {"href": own}}}

    def code(self) -> Reply:
        """A device code."""
        code, url = "".join(secrets.choice(ALPHABET) for _ in range(9)), "https://microsoft.com/devicelogin"
        message = f"To sign in, use a web browser to open the page {url} and enter the code {code} to authenticate."
        return 200, {"userCode": code, "verificationUrl": url, "expiresIn": 900, "message": message}

    def code_for(self, body: bytes) -> Reply:
        """A device code for a region in a body."""
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            return refuse(400, "The body is no JSON.")
        region = value.get("targetRegion") if isinstance(value, dict) else None
        if not isinstance(region, str) or region.lower() not in REGIONS:
            return refuse(400, "The region is not known.")
        return self.code()

    def route(self, method: str, path: str, authorization: str, body: bytes) -> Reply:
        """The answer to anything but a login, for stacks that do not route themselves."""
        operations = {
            ("GET", r"/v4/serviceinstance"): lambda _: (200, {"version": "4.0.0.2812"}),
            ("GET", r"/v4/organizations"): lambda _: (200, [self.organization()]),
            ("GET", r"/v4/organizations/([^/]+)"): self._single,
            ("POST", r"/v4/organizations/([^/]+)/devicecode"): self._single_code,
            ("POST", r"/v4/devicecode"): lambda _: self.code_for(body),
            ("POST", r"/v4/restoresessions/([^/]+)/organization/restoredevicecode"): lambda _: refuse(
                404, "No session."
            ),
        }
        known = [(verb, found, act) for (verb, pattern), act in operations.items()
                 if (found := re.fullmatch(pattern, path, re.I))]  # fmt: skip
        if not known:
            return refuse(404, "There is nothing here.")
        if not self.is_let_in(authorization):
            return refuse(401, "A token is wanted.")
        for verb, found, act in known:
            if verb == method:
                return act(found[1] if found.lastindex else "")
        return refuse(405, "This method is not served here.")

    def _single(self, id: str) -> Reply:
        known = id.lower() == ORGANIZATION["id"]
        return (200, self.organization()) if known else refuse(404, "There is no such organization.")

    def _single_code(self, id: str) -> Reply:
        return self.code() if id.lower() == ORGANIZATION["id"] else refuse(404, "There is no such organization.")
