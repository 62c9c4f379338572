"""Browser clients of other origins, where the setting `cors` allows them: the CORS protocol of the Fetch standard."""

from collections.abc import Iterable

from veeam_mock.messages import Headers, Request

ANY = "*"
PREFLIGHT_SECONDS = 600
"""How long a browser may keep the answer to a preflight."""

EXPOSED = "Date, Preference-Applied, Retry-After, WWW-Authenticate"
"""Header fields of an answer that a script may read beside those that it always may."""


def origin_headers(request: Request, allowed: Iterable[str]) -> Headers:
    """What goes with every answer, so that a script of an allowed origin may read it."""
    allowed = frozenset(allowed)
    vary = {} if ANY in allowed else {"Vary": "Origin"}
    origin = request.headers.get("origin")
    if origin is None or not allowed & {origin, ANY}:
        return vary
    return {
        **vary,
        "Access-Control-Allow-Origin": ANY if ANY in allowed else origin,
        "Access-Control-Expose-Headers": EXPOSED,
    }


def preflight_headers(request: Request, allowed: Iterable[str], methods: Iterable[str]) -> Headers | None:
    """What a browser wants to know before it sends a request; None when this is no preflight of an allowed origin."""
    is_preflight = request.method == "OPTIONS" and "access-control-request-method" in request.headers
    if not is_preflight or not {request.headers.get("origin"), ANY} & frozenset(allowed):
        return None
    return {
        "Access-Control-Allow-Methods": ", ".join(methods),
        "Access-Control-Allow-Headers": request.headers.get("access-control-request-headers", ANY),
        "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
    }
