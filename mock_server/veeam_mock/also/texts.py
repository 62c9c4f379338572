"""Texts that fit a schema: by its format, its pattern, its lengths, and what its name says."""

import base64
import random
import re
import uuid
from typing import Any

from veeam_mock.also.scene import Scene

PADDING = "x"


def make_text(schema: dict[str, Any], name: str, scene: Scene, chance: random.Random) -> str:
    """A text for the property `name`; it fits format and pattern, and the lengths where these leave it open."""
    made = _formatted(schema.get("format"), name, scene, chance)
    if made is not None:
        return made
    if isinstance(schema.get("pattern"), str):
        return _patterned(schema["pattern"], chance)
    text = f"{name or 'text'} {chance.randrange(16**4):04x}"
    if name.lower().endswith("id"):
        text = make_uuid(chance)
    text = text.ljust(schema.get("minLength", 0), PADDING)
    # The end is what tells two texts apart.
    most = schema.get("maxLength")
    return text if most is None or len(text) <= most else text[len(text) - most :]


def make_uuid(chance: random.Random) -> str:
    """A UUID (RFC 9562 version 4)."""
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


def _formatted(kind: object, name: str, scene: Scene, chance: random.Random) -> str | None:
    tag = f"{chance.randrange(16**4):04x}"
    match kind:
        case "uuid":
            return make_uuid(chance)
        case "date-time":
            return f"{scene.moment(chance, name):%Y-%m-%dT%H:%M:%SZ}"
        case "date":
            return f"{scene.moment(chance, name):%Y-%m-%d}"
        case "time":
            return f"{scene.moment(chance, name):%H:%M:%SZ}"
        case "duration":
            return f"PT{chance.randrange(1, 60)}M"
        case "email" | "idn-email":
            return f"user-{tag}@example.com"
        case "hostname" | "idn-hostname":
            return f"host-{tag}.example.com"
        case "ipv4":
            return f"192.0.2.{chance.randrange(1, 255)}"
        case "ipv6":
            return f"2001:db8::{tag}"
        case "uri" | "iri" | "url":
            return f"https://example.com/{tag}"
        case "uri-reference" | "iri-reference" | "json-pointer" | "uri-template":
            return f"/{tag}"
        case "regex":
            return tag
        case "byte":
            return base64.b64encode(tag.encode()).decode()
        case _:
            return None


def _patterned(pattern: str, chance: random.Random) -> str:
    from rstr import Rstr

    try:
        return str(Rstr(chance).xeger(pattern))
    except (re.error, KeyError, ValueError, OverflowError):
        return PADDING
