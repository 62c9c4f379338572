"""Durations as people write them: `900`, `15m`, `1h30m`, `250ms`, and in the form of ISO 8601, `PT15M`."""

import math
import re

_NUMBER = r"[0-9]{1,12}(\.[0-9]{1,12})?"
PATTERN = (
    rf"^({_NUMBER}|({_NUMBER}(ms|s|m|h|d)){{1,5}}"
    rf"|P({_NUMBER}[WD]){{1,2}}|P({_NUMBER}[WD]){{0,2}}T({_NUMBER}[HMS]){{1,3}})$"
)
FORM = "a duration such as 30s, 15m, 1h30m, 14d, 250ms or PT15M"
_SECONDS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "W": 604800.0}
_PART = re.compile(r"([0-9.]+)(ms|[smhdWDHMS]?)")

SCHEMA = {"anyOf": [{"type": "string", "pattern": PATTERN}, {"type": "number", "minimum": 0}], "x-wanted": FORM}
"""The JSON Schema of a duration: text with a unit, or seconds."""


def parse_duration(given: str | float) -> float:
    """Seconds of `given`; a bare number means seconds, and parts add up. `ValueError` when it is no duration."""
    if not isinstance(given, str):
        seconds = float(given)
    elif re.fullmatch(PATTERN[1:-1], given):
        parts = _PART.findall(given)
        seconds = sum(float(number) * (_SECONDS.get(unit) or _SECONDS[unit.lower()]) for number, unit in parts)
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
