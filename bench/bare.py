"""A protocol of uvloop that answers without reading: what input and output alone cost in Python."""

import asyncio
import json
import sys
from typing import cast

import uvloop

from rivals import CODE

BODY = json.dumps(CODE).encode()
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
END_OF_HEAD = b"\r\n\r\n"


class Bare(asyncio.Protocol):
    """Answers the example of the vendor's page when a body has come: one that comes by itself, or with its head."""

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if not data.endswith(END_OF_HEAD):
            self.transport.write(ANSWER)


async def serve(port: int) -> None:
    """Answer on this port until the process is ended."""
    server = await asyncio.get_running_loop().create_server(Bare, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
