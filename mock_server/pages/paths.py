"""Which paths belong to the pages. All others are the API's, served or refused by the pipeline."""

from mock_server.worlds import split_world

PAGES = frozenset({"__admin", "swagger", "devicelogin"})


def is_page(path: str) -> bool:
    """Whether the first segment of a path, as sent, names a page; the world that it may be below does not count."""
    return split_world(path)[1][1:].partition("/")[0].lower() in PAGES
