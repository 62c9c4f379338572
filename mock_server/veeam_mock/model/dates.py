"""Dates as text: RFC 3339 in JSON, RFC 9110 in header fields. Moments are Unix seconds, UTC."""

from datetime import UTC, datetime
from email.utils import formatdate
from functools import lru_cache


def date_time(moment: float, *, precise: bool = False) -> str:
    """`moment` as an RFC 3339 date-time in UTC, to the second, or `precise` to the millisecond."""
    text = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds" if precise else "seconds")
    return text.replace("+00:00", "Z")


def parse_date_time(text: str) -> float:
    """The moment of an RFC 3339 date-time; `ValueError` when it is none, or a leap second."""
    moment = datetime.fromisoformat(text.upper())
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no offset from UTC")
    return moment.timestamp()


@lru_cache(maxsize=64)
def http_date(moment: int) -> str:
    """`moment` as a date of HTTP (RFC 9110 section 5.6.7)."""
    return formatdate(moment, usegmt=True)
