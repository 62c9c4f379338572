"""How a request names the world that it means."""

import re
from collections.abc import Collection
from dataclasses import replace

from veeam_mock.messages import Request

HEADER = "x-mock-world"
PATH_PREFIX = "/~"
NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
DEFAULT = ""
"""The name of the world of requests that name none."""

BAD_NAME = "The name of a world has 1 to 64 letters, digits, dots, dashes and underscores."
NOT_MADE = "This world is not there, and a web page of another origin makes none."
NAMELESS = " "
"""What an empty header names; no world can have this name."""


def is_world_name(name: str) -> bool:
    """Whether a world can have this name."""
    return name == DEFAULT or NAME.fullmatch(name) is not None


def split_world(path: str) -> tuple[str, str]:
    """The name of the world in a path below `/~NAME/`, and the rest of the path; an empty name when there is none."""
    if not path.startswith(PATH_PREFIX):
        return DEFAULT, path
    name, _, rest = path.removeprefix(PATH_PREFIX).partition("/")
    return (name, f"/{rest}") if name else (DEFAULT, path)


def comes_from_another_site(request: Request, allowed: Collection[str]) -> bool:
    """Whether a browser sends `request` for a page of an origin that is neither ours nor `allowed` (Fetch metadata)."""
    origin = request.headers.get("origin")
    if origin is not None and (origin in allowed or "*" in allowed or origin == request.origin):
        return False
    return origin is not None or request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin")


def enter_world(request: Request) -> tuple[str, Request]:
    """The name of the world that `request` means, and the request as that world sees it: the name is taken out of its
    path and added to its mount. An empty header names no world: who sends it has lost a name."""
    name, path = split_world(request.path)
    name = name or (request.headers[HEADER] or NAMELESS if HEADER in request.headers else DEFAULT)
    return name, replace(request, path=path, mount=request.mount + PATH_PREFIX + name) if name else request
