"""What is asked of the servers: the same message, messages that differ, what a client asks, and new connections."""

import json
from dataclasses import dataclass, field
from urllib.parse import urlencode

LOGIN = {"grant_type": "password", "username": "administrator", "password": "veeam"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
ORGANIZATION = "0a4b1c1e-5d4f-4b0a-9c58-3f4d5e6a7b81"
"""The id that the servers give back that know no organizations of their own."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request, without the token that is added to it."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Workload:
    """Calls that are sent in turns on each connection, or each on a connection of its own."""

    name: str
    calls: tuple[Call, ...]
    reconnect: bool = False

    @property
    def refused(self) -> float:
        """The share of calls that a right server refuses, from 0 to 1."""
        return sum(call.refused for call in self.calls) / len(self.calls)


def device_code(body: str, *, refused: bool = False) -> Call:
    """`POST /v4/DeviceCode` with this body."""
    return Call("POST", "/v4/DeviceCode", JSON, body, refused)


SAME = device_code('{"targetRegion": "worldwide"}')
DIFFERING = tuple(
    device_code(body)
    for body in (
        '{"targetRegion": "worldwide"}',
        '{"targetRegion":"Worldwide"}',
        '{"targetRegion":"Germany"}',
        '{"targetRegion": "China"}',
        '{\r\n  "targetRegion": "USgovCommunity"\r\n}',
        '{"targetRegion": "USgovDefence", "comment": "not known to the description, and ignored"}',
        json.dumps({"targetRegion": "worldwide", "padding": "x" * 200}),
    )
)
WORKLOADS: dict[str, Workload] = {
    load.name: load
    for load in (
        Workload("same", (SAME,)),
        Workload("differing", DIFFERING),
        Workload(
            "mix",
            (
                Call("POST", "/v4/Token", FORM, urlencode(LOGIN)),
                Call("GET", "/v4/Organizations"),
                *DIFFERING[:2],
                Call("GET", f"/v4/Organizations/{ORGANIZATION}"),
                Call("GET", "/v4/Organizations"),
                *DIFFERING[2:4],
                Call("GET", f"/v4/Organizations/{ORGANIZATION}"),
                device_code('{"targetRegion": "Atlantis"}', refused=True),
            ),
        ),
        Workload("new", DIFFERING, reconnect=True),
    )
}
"""`same` message, `differing` messages, a `mix` as a client sends it (a login, two lists, four codes, two looks at one
organization, a refused body), and `new` connections for each request."""
