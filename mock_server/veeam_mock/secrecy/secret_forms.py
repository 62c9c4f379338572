"""The forms of codes and tokens: told from some of them, and made anew. Both packages mean the same by a form.

A form is `uuid`, or an alphabet or `jwt`, with a length: `hex of 32`, `base64url up to 64`, and for codes
`capitals of 8 in groups of 4`, with a dash between the groups.
"""

import json
import re
import string
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial

CAPITALS = string.ascii_uppercase
ALPHABETS: Mapping[str, str] = {
    "digits": string.digits,
    "hex-capitals": "0123456789ABCDEF",
    "consonants": "BCDFGHJKLMNPQRSTVWXZ",
    "capitals": CAPITALS,
    "plain-capitals-and-digits": "ABCDEFGHJKLMNPQRSTUVWXYZ23456789",
    "capitals-and-digits": CAPITALS + string.digits,
    "hex": "0123456789abcdef",
    "small-letters-and-digits": string.ascii_lowercase + string.digits,
    "base64url": string.ascii_letters + string.digits + "-_",
    "base64": string.ascii_letters + string.digits + "+/",
    "visible": "".join(map(chr, range(0x21, 0x7F))),
}
"""The alphabets by name; of several that hold all characters, the smallest is meant. A code without 0, 1, I and O is
one of plain capitals and digits (RFC 8628 section 6.1); `visible` is all that a header field can hold."""

LONGEST = 8192
PATTERN = f"^(uuid|(jwt|{'|'.join(ALPHABETS)}) (of|up to) ([1-9][0-9]{{0,3}})( in groups of ([1-9]))?)$"
FORM = re.compile(PATTERN)

JWT = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
JWT_HEADER = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
JWT_SIGNATURE = 43
"""Characters of an HMAC with SHA-256 (RFC 7518 section 3.2)."""

STEP = 16
"""What lengths that differ are rounded up to, so that a form is the same each time it is told."""

Draw = Callable[[str, int], str]
"""Draws characters of an alphabet, so many."""


def form_of(samples: Sequence[str]) -> str | None:
    """The form that all `samples` have; None without any, and for what no header field can hold."""
    texts = [text for text in samples if text]
    if not texts:
        return None
    if all(re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text, re.IGNORECASE) for text in texts):
        return "uuid"
    if all(JWT.fullmatch(text) for text in texts):
        return f"jwt {_length(texts)}"
    group = _group(texts)
    plain = [text.replace("-", "") if group else text.rstrip("=") for text in texts]
    used = set("".join(plain))
    name = next((name for name, alphabet in ALPHABETS.items() if used <= set(alphabet)), None)
    if any(text.endswith("=") for text in texts) and name is not None:
        name = "base64"
    return name and f"{name} {_length(plain if group else texts)}" + (f" in groups of {group}" if group else "")


def _length(texts: Sequence[str]) -> str:
    longest = max(map(len, texts))
    if min(map(len, texts)) == longest:
        return f"of {longest}"
    return f"up to {-(-longest // STEP) * STEP}"


def _group(texts: Sequence[str]) -> int | None:
    """How many characters stand between the dashes of codes, which are short; None where there are no such groups."""
    sizes = {text.find("-") for text in texts}
    size = sizes.pop()
    if sizes or not 0 < size < 10 or max(map(len, texts)) > STEP:
        return None
    return size if all(re.fullmatch(f"[^-]{{{size}}}(-[^-]{{1,{size}}})+", text) for text in texts) else None


def made(form: str, draw: Draw) -> str:
    """A code or a token of this form. Raises `ValueError` for what is no form."""
    found = _read(form)
    if found[1] == "uuid":
        return str(uuid.UUID(hex=draw(ALPHABETS["hex"], 32), version=4))
    length = int(found[4])
    if found[3] == "up to":
        length = max(1, length - int(draw(ALPHABETS["digits"], 1)))
    if found[2] == "jwt":
        return _jwt(length, draw)
    text = draw(ALPHABETS[found[2]], length)
    size = int(found[6] or 0)
    return "-".join(text[at : at + size] for at in range(0, length, size)) if size else text


def maker(form: str, draw: Draw) -> Callable[[], str]:
    """What makes codes or tokens of this form, one a call. Raises `ValueError` for what is no form."""
    found = _read(form)
    if found[1] == "uuid" or found[2] == "jwt" or found[3] == "up to" or found[6]:
        return partial(made, form, draw)
    return partial(draw, ALPHABETS[found[2]], int(found[4]))  # in one go, as most are


@lru_cache(64)
def _read(form: str) -> re.Match[str]:
    found = FORM.fullmatch(form)
    if found is None:
        raise ValueError(f"{form!r} is no form of codes or tokens")
    return found


def _jwt(length: int, draw: Draw) -> str:
    """A token whose claims are JSON, of this length or of the next that there can be."""
    room = max(27, length - len(JWT_HEADER) - JWT_SIGNATURE - 2)
    size = room * 3 // 4
    frame = len(json.dumps({"jti": ""}))
    claims = json.dumps({"jti": draw(ALPHABETS["hex"], size - frame)})
    body = urlsafe_b64encode(claims.encode()).rstrip(b"=").decode()
    return f"{JWT_HEADER}.{body}.{draw(ALPHABETS['base64url'], JWT_SIGNATURE + room - len(body))}"
