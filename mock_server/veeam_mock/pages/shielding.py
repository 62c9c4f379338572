"""The header fields that shield a page in the browser, and where a form may come from."""

from urllib.parse import urlsplit

from flask import Response, request
from werkzeug.exceptions import Forbidden

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""`no-referrer` would make browsers send our own forms with `Origin: null` (Fetch standard, the Origin header)."""


def shield(response: Response) -> Response:
    """Let no page of ours be framed, run foreign code, or be kept; what is static may be kept if it is asked about."""
    response.headers.update(HEADERS)
    response.headers["Cache-Control"] = "no-cache" if (request.endpoint or "").endswith(".static") else "no-store"
    return response


def require_own_origin() -> None:
    """`Forbidden` for a form that a page of another origin sends; clients that are no browsers send no Origin."""
    origin = request.headers.get("Origin")
    if origin is not None and _host_of(origin) != request.host:
        raise Forbidden("A page of another origin may not send this form.")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("A page of another origin may not send this form.")


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc or None
    except ValueError:
        return None
