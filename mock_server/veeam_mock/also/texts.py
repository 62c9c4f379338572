"""Texts that fit a schema: by its format, its pattern, its lengths, and what its name says."""

import base64
import random
import re
import string
import uuid
import warnings
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from veeam_mock.also.scene import Scene

PADDING = "x"
LONGEST_PATTERN = 1000
"""Characters of a pattern for which a text is written."""

ANY = "".join(character for character in string.printable if character != "\n")
LAST_CHARACTER = 0xD7FF
"""Of a range, that is written: behind it are halves of pairs, which no text in UTF-8 has."""

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
    parsed = _parsed(pattern) if len(pattern) <= LONGEST_PATTERN else None
    if parsed is None:
        return PADDING
    try:
        return str(_writer()(chance, scene)._build_string(parsed))
    except (KeyError, ValueError, IndexError):  # what the writer does not know, or a group that took no part
        return PADDING


@lru_cache(maxsize=1000)
def _parsed(pattern: str) -> Any:
    """A pattern as Python reads it; None where it does not."""
    from rstr.xeger import sre_parse  # type: ignore[attr-defined]

    try:
        with warnings.catch_warnings(action="ignore"):
            return sre_parse.parse(pattern)
    except (re.error, OverflowError, RecursionError):
        return None


@lru_cache(maxsize=1)
def _writer() -> type[Any]:
    """What writes a text for a pattern, loaded when there is one; it counts what it writes."""
    from rstr import Rstr

    class Writer(Rstr):
        def __init__(self, chance: random.Random, scene: Scene) -> None:
            super().__init__(chance)
            self._scene = scene
            self._cases = {**self._cases, "any": lambda _: chance.choice(ANY)}

        def _handle_in(self, value: Any) -> str:
            """A character of a set, of which no list is made: it may have a million."""
            self._scene.spend()
            kinds = [opcode.name.lower() for opcode, _ in value]
            if kinds[0] == "negate":
                refused = set().union(*map(self._listed, value[1:]))
                return str(
                    self._random.choice([character for character in string.printable if character not in refused])
                )
            state = value[self._random.randrange(len(value))]
            if state[0].name.lower() == "range":
                low, high = state[1]
                return chr(self._random.randint(low, max(low, min(high, LAST_CHARACTER))))
            return str(self._random.choice(self._handle_state(state)))

        def _listed(self, state: Any) -> Iterable[str]:
            """What one part of a set has, of the characters that are written."""
            if state[0].name.lower() == "range":
                return (character for character in string.printable if state[1][0] <= ord(character) <= state[1][1])
            return str(self._handle_state(state))

        def _handle_repeat(self, start_range: int, end_range: int, value: Any) -> str:
            times = self._random.randint(start_range, max(start_range, min(end_range, MOST_REPEATS)))
            parts = []
            for _ in range(times):
                self._scene.spend()
                parts += [self._handle_state(state) for state in value]
            return "".join(parts)

    return Writer
