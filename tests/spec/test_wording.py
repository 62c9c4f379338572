"""Mistakes are told in words: no key that has a form of its own is left to the words of JSON Schema."""

import pytest

from veeam_mock.journal.pattern import SCHEMA as PATTERN
from veeam_mock.settings.options import OPTIONS
from veeam_mock.spec.schema import Violation
from veeam_mock.spec.wording import FORMS, JARGON, in_words


def test_every_setting_and_part_of_a_pattern_that_has_a_form_has_words_for_it() -> None:
    schemas = {option.key: option.schema for option in OPTIONS} | PATTERN["properties"]
    formed = {key for key, schema in schemas.items() if {"pattern", "anyOf", "propertyNames"} & schema.keys()}
    assert formed - FORMS.keys() == {"verification_url"}, "settings.py has words of its own for this one"


@pytest.mark.parametrize(
    ("where", "message", "told"),
    [
        ("host", "'a b' does not match ^x$", "'a b' is not a host name, or an address such as 127.0.0.1"),
        ("match.header.host", "' x ' does not match ^x$", "' x ' is not the value of a header field: "),
        ("admin_key", "the value does not match ^x$", "the value is not a key of visible ASCII"),
        ("cors.0", "'\\n does not match ^' does not match ^x$", "is not an origin such as"),
        ("colour", "'a' does not match ^x$", "'a' does not match ^x$"),
        ("host", "has 0 characters", "has 0 characters"),
    ],
)
def test_the_words_are_those_of_the_place(where: str, message: str, told: str) -> None:
    said = in_words(Violation(where, message))
    assert said.where == where
    assert told in said.message
    assert where == "colour" or not JARGON.search(said.message)
