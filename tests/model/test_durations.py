"""Durations as people write them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veeam_mock.model.durations import SCHEMA, format_duration, parse_duration
from veeam_mock.spec.schema import Schema

UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("900", 900), ("0", 0), ("15m", 900), ("1.5h", 5400), ("14d", 1209600), ("250ms", 0.25), ("30s", 30)],
)
def test_a_duration_is_a_number_and_a_unit_and_means_seconds_without_one(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1h30m", 5400),
        ("1d2h3m4s500ms", 93784.5),
        ("30m1h", 5400),
        ("PT15M", 900),
        ("PT1.5H", 5400),
        ("P1DT2H3M4S", 93784),
        ("P2W", 1209600),
    ],
)
def test_parts_add_up_also_in_the_form_of_iso_8601(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "m",
        "15 m",
        "1.s",
        ".5s",
        "-1s",
        "1h 30m",
        "15M",
        "P",
        "PT",
        "PT1D",
        "P1M",
        "1h30",
        "15m\n",
        "٣s",
        "1e3",
        "nan",
        "inf",
    ],
)
def test_other_text_is_refused_and_the_message_shows_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration such as 30s, 15m"):
        parse_duration(text)


@pytest.mark.parametrize("number", [-1, -0.5, math.nan, math.inf])
def test_a_number_that_no_clock_can_count_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(number)


@given(st.integers(0, 10**9), st.sampled_from(sorted(UNITS)))
def test_number_times_unit(number: int, unit: str) -> None:
    assert parse_duration(f"{number}{unit}") == pytest.approx(number * UNITS[unit])


@given(st.floats(0, allow_infinity=False, allow_nan=False))
def test_a_number_is_taken_as_it_is(seconds: float) -> None:
    assert parse_duration(seconds) == seconds


@given(st.integers(0, 10**9))
def test_what_is_shown_means_the_same_when_it_is_read(seconds: int) -> None:
    assert parse_duration(format_duration(seconds)) == seconds


@given(st.text(alphabet="0123456789.mshd PTHMSDW", max_size=12))
def test_the_schema_takes_what_the_parser_takes(text: str) -> None:
    try:
        parse_duration(text)
    except ValueError:
        assert Schema(SCHEMA).violations(text, "it")
    else:
        assert Schema(SCHEMA).violations(text, "it") == []
