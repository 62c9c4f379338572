"""Which paths belong to the pages, in any case. All others are the API's, served or refused by the pipeline."""

from veeam_mock.api.worlds import split_world

PAGES = frozenset({"__admin", "swagger", "devicelogin"})


def is_page(path: str) -> bool:
    """Whether the first segment of a path, as sent, names a page; the world that it may be below does not count."""
    return split_world(path)[1][1:].partition("/")[0].lower() in PAGES


def as_routed(path: str) -> str:
    """A path of a page, below no world, as the routes have it: with the page's name in lower case."""
    name, slash, rest = path[1:].partition("/")
    return f"/{name.lower()}{slash}{rest}"
