"""Bodies that are compressed, for clients that take them so."""

import gzip
import zlib
from collections.abc import Callable, Mapping

from veeam_mock.messages import Reply, Request, takes

COMPRESSORS: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": lambda body: gzip.compress(body, mtime=0),
    "deflate": zlib.compress,
}
"""By the name of the encoding (RFC 9110 section 8.4.1)."""


def compress(reply: Reply, request: Request) -> None:
    """Compress a finished reply, if its manner is so and the client takes it."""
    encoding = reply.manner.compression
    if not encoding or not reply.body or not takes(request, encoding):
        return
    reply.body = COMPRESSORS[encoding](reply.body)
    reply.headers = reply.headers.copy()
    reply.headers["Content-Encoding"] = encoding
    if "Content-Length" in reply.headers:
        reply.headers["Content-Length"] = str(len(reply.body))
