"""The HTTPS and HTTP door: what its connections share."""

from veeam_mock.door.outbox import Outbox
from veeam_mock.messages import BODY_TOO_LARGE, HEADER_LIMIT, Reply, Request
from veeam_mock.mock import Mock

REFUSALS = {
    400: "This cannot be understood as HTTP, or its method is unknown.",
    408: "The request was not complete after {:g} s.",
    413: BODY_TOO_LARGE,
    431: f"The request line and the header fields are larger than {HEADER_LIMIT} bytes.",
    501: "The only transfer coding that is read here is chunked.",
    505: "The versions of HTTP that are spoken here are 1.0 and 1.1.",
}


class Door:
    """Answers for connections. `request_timeout` is the seconds that a client may take to send a request."""

    def __init__(self, mock: Mock, request_timeout: float) -> None:
        self.mock = mock
        self.request_timeout = request_timeout
        self.outbox = Outbox()

    def refuse(self, request: Request, status: int) -> Reply:
        """The reply to what cannot be read as a request."""
        return self.mock.refuse(request, status, REFUSALS[status].format(self.request_timeout))
