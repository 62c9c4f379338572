"""Durations as people write them: `900`, `15m`, `1.5h`, `250ms`."""

import math
import re

PATTERN = r"^[0-9]{1,12}(\.[0-9]{1,12})?(ms|s|m|h|d)?$"
FORM = "a duration such as 30s, 15m, 1.5h, 14d or 250ms"
_SECONDS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}

SCHEMA = {"anyOf": [{"type": "string", "pattern": PATTERN}, {"type": "number", "minimum": 0}], "x-wanted": FORM}
"""The JSON Schema of a duration: text with a unit, or seconds."""


def parse_duration(given: str | float) -> float:
    """Seconds of `given`; a bare number means seconds. `ValueError` when it is no duration."""
    if not isinstance(given, str):
        seconds = float(given)
    elif re.fullmatch(PATTERN[1:-1], given):
        unit = given.lstrip("0123456789.")
        seconds = float(given.removesuffix(unit)) * _SECONDS[unit]
    else:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise ValueError(f"{given!r} is not {FORM}")
    return seconds


def format_duration(seconds: float) -> str:
    """`seconds` in the largest unit that keeps it a whole number."""
    for unit in ("d", "h", "m", "s"):
        if seconds >= _SECONDS[unit] and seconds % _SECONDS[unit] == 0:
            return f"{int(seconds / _SECONDS[unit])}{unit}"
    return f"{seconds:g}s"
