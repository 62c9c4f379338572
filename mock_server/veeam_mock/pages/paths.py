"""Which paths belong to the pages, in any case. They are paths as sent, below no world."""

from veeam_mock.messages import Request

FRONT = "/"
"""The page for people who open the server's address; programs that ask there are told that nothing is there."""

PAGES = frozenset({"", "swagger", "devicelogin"})
STATE_PAGE = "__admin"
OF_THE_STATE_PAGE = frozenset({"", "exchanges", "static"})
"""The segments below `/__admin` that are pages; all others are the control API's."""


def is_page(path: str) -> bool:
    """Whether a path names a page."""
    first, _, rest = path[1:].partition("/")
    name = first.lower()
    return name in PAGES or (name == STATE_PAGE and rest.partition("/")[0] in OF_THE_STATE_PAGE)


def is_for_people(request: Request) -> bool:
    """Whether a browser asks to show something, by its `Accept`."""
    return request.method in ("GET", "HEAD") and "text/html" in request.headers.get("accept", "")


def as_routed(path: str) -> str:
    """A path of a page as the routes have it: with the page's name in lower case."""
    name, slash, rest = path[1:].partition("/")
    return f"/{name.lower()}{slash}{rest}"
