"""An ASGI application that reads the request and gives one constant answer."""

import json
from typing import Any

from rivals import CODE

BODY = json.dumps(CODE).encode()
HEADERS = [
    (b"content-type", b"application/json; charset=utf-8"),
    (b"content-length", str(len(BODY)).encode("ascii")),
]


async def answer(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer 200 and the example of the vendor's page, whatever was asked."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})
