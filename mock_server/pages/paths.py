"""Which paths belong to the pages. All others are the API's, served or refused by the pipeline."""

PAGES = frozenset({"__admin", "swagger", "devicelogin"})


def is_page(path: str) -> bool:
    """Whether the first segment of a path, as sent, names a page."""
    return path[1:].partition("/")[0].lower() in PAGES
