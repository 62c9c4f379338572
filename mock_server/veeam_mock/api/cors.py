"""Browser clients of other origins, where the setting `cors` allows them: the CORS protocol of the Fetch standard."""

from collections.abc import Iterable

from veeam_mock.messages import Fields, Headers, Request

ANY = "*"
PREFLIGHT_SECONDS = 600
"""How long a browser may keep the answer to a preflight."""

EXPOSED = "Date, Preference-Applied, Retry-After, WWW-Authenticate"
"""Header fields of an answer that a script may read beside those that it always may."""


def allow_origin(fields: Fields, request: Request, allowed: Iterable[str]) -> None:
    """Say in an answer that a script of an allowed origin may read it; on whatever else it depends, it still does."""
    allowed = frozenset(allowed)
    depends_on = {name.strip().lower() for name in fields.get("Vary", "").split(",")}
    if ANY not in allowed and "origin" not in depends_on:
        fields.add("Vary", "Origin")
    origin = request.headers.get("origin")
    if origin is not None and allowed & {origin, ANY}:
        fields["Access-Control-Allow-Origin"] = ANY if ANY in allowed else origin
        fields["Access-Control-Expose-Headers"] = EXPOSED


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
