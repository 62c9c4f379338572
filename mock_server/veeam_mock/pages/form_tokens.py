"""Tokens that bind a form to the browser that it was given to, and to what it says (against forged requests).

A cookie holds a nonce of the browser; a form holds an HMAC of that nonce, of the world and of what the step decides on.
"""

import hashlib
import re
import secrets
from typing import cast

from flask import Response, current_app, request
from itsdangerous import Signer
from werkzeug.exceptions import Forbidden

COOKIE = "veeam-mock-sign-in"
NONCE = re.compile(r"[A-Za-z0-9_-]{32}")


def make_signer(key: bytes | None = None) -> Signer:
    """What signs the tokens of one application, by a key of its own, or by that of all who share a store."""
    return Signer(key or secrets.token_bytes(32), salt="form", key_derivation="hmac", digest_method=hashlib.sha256)


def browser_nonce() -> str:
    """The nonce of the browser that asks, or a new one. Mocks on other ports of this host share the cookie."""
    nonce = request.cookies.get(COOKIE, "")
    return nonce if NONCE.fullmatch(nonce) else secrets.token_urlsafe(24)


def remember(response: Response, nonce: str) -> None:
    """Give the nonce to the browser, for this host and until it is closed, out of the reach of scripts."""
    response.set_cookie(COOKIE, nonce, httponly=True, samesite="Lax", secure=request.is_secure)


def form_token(nonce: str, *bound: str) -> str:
    """The token of a form that says `bound`, for the browser with `nonce`."""
    return _signer().get_signature(_said(nonce, bound)).decode("ascii")


def require_token(nonce: str, *bound: str) -> None:
    """`Forbidden` unless the form that was sent carries the token of `form_token`."""
    given = request.form.get("token", "").encode("utf-8", "surrogatepass")
    if not _signer().verify_signature(_said(nonce, bound), given):
        raise Forbidden("This form is not one that this page gave to this browser, or cookies are off.")


def _signer() -> Signer:
    return cast(Signer, current_app.extensions["veeam_forms"])


def _said(nonce: str, bound: tuple[str, ...]) -> bytes:
    return "\0".join([nonce, *(f"{len(text)}:{text}" for text in bound)]).encode("utf-8", "surrogatepass")
