"""How a server or a client may spell a secret."""

import html
import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote, quote_plus

Spelling = Callable[[str], str]


def percent(text: str) -> str:
    """Every character percent-encoded."""
    return "".join(f"%{byte:02X}" for byte in text.encode())


def escaped(text: str) -> str:
    """Every character as an escape of JSON."""
    return "".join(f"\\u{unit:04x}" for unit in memoryview(text.encode("utf-16-le")).cast("H"))


EXACT: list[Spelling] = [
    str,
    quote,
    quote_plus,
    lambda text: quote(text, safe=""),
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    lambda text: text.replace("/", "\\/"),
    lambda text: text.encode().decode("latin-1"),
    percent,
    escaped,
    lambda text: percent(text[0]) + text[1:],
    lambda text: text[:-1] + escaped(text[-1]),
    html.escape,
    lambda text: "".join(f"&#{ord(character)};" for character in text),
    lambda text: "".join(f"&#x{ord(character):X};" for character in text),
    lambda text: percent(text).lower(),
    lambda text: json.dumps(json.dumps(text)[1:-1])[1:-1],
    lambda text: quote(quote(text, safe=""), safe=""),
    lambda text: quote(json.dumps(text)[1:-1], safe=""),
    lambda text: text.encode().hex(),
    lambda text: text.encode().hex().upper(),
    lambda text: text.encode().hex(":"),
    lambda text: text.encode().hex("-").upper(),
    lambda text: text.encode().hex(" "),
    lambda text: "".join(f"={byte:02X}" for byte in text.encode()),
    lambda text: "".join(f"\\{byte:03o}" for byte in text.encode()),
    lambda text: escaped(text).replace("\\u", "%u"),
    lambda text: text[:-1] + escaped(text[-1]).replace("\\u", "%u"),
]
"""Each spells the secret and nothing else."""

AROUND: list[Spelling] = [
    lambda text: b64encode(text.encode()).decode(),
    lambda text: b64encode(f"ann:{text}".encode()).decode(),
    lambda text: b64encode(f"administrator:{text}!".encode()).decode(),
    lambda text: urlsafe_b64encode(f"{{'t': '{text}'}}".encode()).decode(),
    lambda text: quote(b64encode(f"bob:{text}".encode()).decode(), safe=""),
    lambda text: b64encode(text.encode("utf-16-le")).decode(),
    lambda text: b64encode(f"ann:{text}".encode("utf-16-le")).decode(),
    lambda text: b64encode(f"bob:{text}!".encode("utf-16-le")).decode(),
]
"""Each spells the secret with something around it, which may stay."""

LONG: list[Spelling] = [
    str.upper,
    str.lower,
    str.swapcase,
    " ".join,
    "\n".join,
    lambda text: f"{text[:4]}\r\n {text[4:]}",
]
"""For secrets that are longer than a word."""
