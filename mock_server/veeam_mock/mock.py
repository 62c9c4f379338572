"""The mock as a whole: settings, pipeline, control and pages behind one way in, whichever door a request came by."""

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from veeam_mock.api.head import Head
from veeam_mock.api.installation import Installation
from veeam_mock.api.pipeline import Pipeline
from veeam_mock.control.api import Control, is_control
from veeam_mock.messages import BODY_LIMIT, BODY_TOO_LARGE, Reply, Request
from veeam_mock.model.dates import http_date
from veeam_mock.model.errors import StoreAway
from veeam_mock.pages.paths import FRONT, is_for_people, is_page
from veeam_mock.settings.settings import Settings
from veeam_mock.stores.sharing import open_shared
from veeam_mock.world_names import split_world

if TYPE_CHECKING:
    from veeam_mock.pages.app import Pages

log = logging.getLogger("veeam_mock")


class Mock:
    """Answers every request: the API's, those of the control API, and those of the pages.

    `clock` gives real time in Unix seconds, UTC; by default it is the machine's.
    """

    def __init__(self, settings: Settings | None = None, *, clock: Callable[[], float] | None = None) -> None:
        self.installation = Installation(settings, clock, open_shared)
        self.control = Control(self.installation)
        self._pipeline = Pipeline(self.installation)
        self._pages: Pages | None = None
        self._loading = threading.Lock()

    @property
    def settings(self) -> Settings:
        """The settings with which the worlds begin."""
        return self.installation.settings

    def answer(self, request: Request, *, no_socket: str | None = None) -> Reply:
        """The reply to `request`, complete with body, header fields and how it is to be delivered. Never raises.

        A door that cannot break a connection says so in `no_socket`, which is what the client then reads with 501.
        """
        return self.reply(self.read(request), request.body, no_socket=no_socket)

    def read(self, request: Request) -> Head:
        """The head of `request`, for all requests that have it."""
        return self._pipeline.read(request, is_beside_the_api=_is_beside_the_api(request))

    def is_quick(self, head: Head) -> bool:
        """Whether `reply` takes no longer than a call of the API does; for other requests a door takes a thread."""
        return not head.is_beside_the_api and (head.operation is None or head.operation.elsewhere is None)

    def reply(self, head: Head, body: bytes, *, no_socket: str | None = None) -> Reply:
        """The reply to a request with this head and body, as that of `answer`."""
        if len(body) > BODY_LIMIT:
            return self.refuse(head.asked, 413, BODY_TOO_LARGE)
        if head.is_beside_the_api and head.has_lawful_host:
            return self._answer_beside_the_api(head.asked.with_body(body))
        return self._pipeline.answer(head, body, no_socket=no_socket)

    def refuse(self, request: Request, status: int, message: str) -> Reply:
        """The reply to what a door could not read as a request (bad HTTP, too large, too slow); ends the connection."""
        return self._pipeline.refuse(request, status, message)

    def restart(self, settings: Settings) -> None:
        """Forget all worlds and exchanges, and go on with `settings`."""
        self.installation.restart(settings)

    def _answer_beside_the_api(self, request: Request) -> Reply:
        try:
            path = split_world(request.path)[1]
            reply = self._open_pages().answer(request) if is_page(path) else self.control.answer(request)
        except StoreAway as error:
            reply = self.refuse(request, 503, error.message)
            reply.headers["Retry-After"] = str(error.retry_after)
        except Exception:
            log.exception("failed to serve %s %s", request.method, request.path)
            return self.refuse(request, 500, "The mock failed to answer. Its log says why.")
        reply.headers.setdefault("Date", http_date(int(self.installation.worlds.default.clock.now())))
        return reply

    def _open_pages(self) -> "Pages":
        """The pages; Flask is loaded when the first of them is asked for."""
        with self._loading:
            if self._pages is None:
                from veeam_mock.pages.app import Pages

                self._pages = Pages(self.installation, self.control, self.refuse)
            return self._pages


FIRST_LETTERS = frozenset("~_sSdD")
"""What the paths of pages, of the control API and of worlds begin with: all others need no closer look."""


def _is_beside_the_api(request: Request) -> bool:
    if request.path[1:2] not in FIRST_LETTERS:
        return request.path == FRONT and is_for_people(request)
    path = split_world(request.path)[1]
    if path == FRONT:
        return is_for_people(request)
    return is_page(path) or is_control(path)
