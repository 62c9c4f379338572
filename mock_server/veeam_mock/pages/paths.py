"""Which paths belong to the pages, in any case. They are paths as sent, below no world."""

PAGES = frozenset({"swagger", "devicelogin"})
STATE_PAGE = "__admin"
OF_THE_STATE_PAGE = frozenset({"", "exchanges", "static"})
"""The segments below `/__admin` that are pages; all others are the control API's."""


def is_page(path: str) -> bool:
    """Whether a path names a page."""
    first, _, rest = path[1:].partition("/")
    name = first.lower()
    return name in PAGES or (name == STATE_PAGE and rest.partition("/")[0] in OF_THE_STATE_PAGE)


def as_routed(path: str) -> str:
    """A path of a page as the routes have it: with the page's name in lower case."""
    name, slash, rest = path[1:].partition("/")
    return f"/{name.lower()}{slash}{rest}"
