"""Texts that fit a schema: by its format, its pattern, its lengths, and what its name says."""

import base64
import random
import re
import uuid
from functools import lru_cache
from typing import Any

from veeam_mock.also.scene import Scene

PADDING = "x"
MOST_REPEATS = 20
"""Repetitions in a pattern, where it does not ask for more."""


def make_text(schema: dict[str, Any], name: str, scene: Scene, chance: random.Random) -> str:
    """A text for the property `name`; it fits format and pattern, and the lengths where these leave it open."""
    made = _made(schema, name, scene, chance)
    scene.spend(len(made))
    return made


def _made(schema: dict[str, Any], name: str, scene: Scene, chance: random.Random) -> str:
    made = _formatted(schema.get("format"), name, scene, chance)
    if made is not None:
        return made
    if isinstance(schema.get("pattern"), str):
        return _patterned(schema["pattern"], scene, chance)
    text = f"{name or 'text'} {chance.randrange(16**4):04x}"
    if name.lower().endswith("id"):
        text = make_uuid(chance)
    least = schema.get("minLength", 0)
    scene.spend(least)
    text = text.ljust(least, PADDING)
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


def _patterned(pattern: str, scene: Scene, chance: random.Random) -> str:
    try:
        return str(_writer()(chance, scene).xeger(pattern))
    except (re.error, KeyError, ValueError, OverflowError, RecursionError):
        return PADDING


@lru_cache(maxsize=1)
def _writer() -> type[Any]:
    """What writes a text for a pattern, loaded when there is one; it counts what it repeats."""
    from rstr import Rstr

    class Writer(Rstr):
        def __init__(self, chance: random.Random, scene: Scene) -> None:
            super().__init__(chance)
            self._scene = scene

        def _handle_repeat(self, start_range: int, end_range: int, value: Any) -> str:
            times = self._random.randint(start_range, max(start_range, min(end_range, MOST_REPEATS)))
            parts = []
            for _ in range(times):
                self._scene.spend()
                parts += [self._handle_state(state) for state in value]
            return "".join(parts)

    return Writer
