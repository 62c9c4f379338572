"""Mistakes are told in words: no schema that a person meets is left to the words of JSON Schema."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from veeam_mock.control.description import control_spec
from veeam_mock.faults.kinds import TYPES
from veeam_mock.faults.parsing import CONDITIONS
from veeam_mock.settings.options import OPTIONS
from veeam_mock.spec.schema import LONGEST, LONGEST_VALUE, SECRET, WANTED, Schema, in_any_case, shorten


def speechless(schema: object, where: str = "") -> Iterator[str]:
    """The places below a schema where a keyword says nothing to a person, and no words are given."""
    if isinstance(schema, list):
        for number, item in enumerate(schema):
            yield from speechless(item, f"{where}/{number}")
    elif isinstance(schema, Mapping) and WANTED not in schema:
        if {"pattern", "anyOf", "oneOf"} & {key for key, value in schema.items() if not isinstance(value, Mapping)}:
            yield where
        for key, value in schema.items():
            yield from speechless(value, f"{where}/{key}")


SCHEMAS: Mapping[str, Any] = {
    **{option.key: option.schema for option in OPTIONS},
    **{f"{kind.kind}.{key}": schema for kind in TYPES for key, schema in kind.parameters.items()},
    **CONDITIONS,
    "control": control_spec().document["components"],
    "calls": control_spec().document["paths"],
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_form_has_words(name: str) -> None:
    assert list(speechless(SCHEMAS[name])) == []


WORDED = {WANTED: "a colour such as red"}


@pytest.mark.parametrize(
    ("schema", "value", "told"),
    [
        ({"pattern": "^r", **WORDED}, "blue", "'blue' is not a colour such as red"),
        ({"anyOf": [{"const": "red"}], **WORDED}, "blue", "'blue' is not a colour such as red"),
        ({"type": "string", "format": "uuid", **WORDED}, "blue", "'blue' is not a colour such as red"),
        ({"propertyNames": {"pattern": "^r", **WORDED}}, {"blue": 1}, "{'blue': 1} is not a colour such as red"),
        ({"$ref": "#/$defs/colour", "$defs": {"colour": {"pattern": "^r", **WORDED}}}, "blue", "is not a colour such"),
        ({"pattern": "^r", "minLength": 9, **WORDED}, "rose", "has 4 characters, at least 9 are needed"),
        ({"type": "string", **WORDED}, 5, "5 is not of type string"),
        ({"pattern": "^r"}, "blue", "'blue' does not match ^r"),
        ({"minProperties": 1}, {}, "has 0 keys, at least 1 are needed"),
        (in_any_case(["Red", "Blue"]), "green", "'green' is not one of Red, Blue"),
    ],
    ids=str,
)
def test_the_words_are_those_of_the_schema(schema: Mapping[str, Any], value: object, told: str) -> None:
    [violation] = Schema(schema).violations(value, "")
    assert told in violation.message


@pytest.mark.parametrize("value", ["hunter2", ["hunter2"], [{"hunter2": 1}], [{"name": ["hunter2"]}]], ids=str)
def test_where_a_value_may_be_a_secret_no_message_repeats_it(value: object) -> None:
    item = {
        "type": "object",
        "additionalProperties": False,
        "properties": {"name": {"type": "string", WANTED: "text"}},
        WANTED: "a user",
    }
    schema = Schema({"type": "array", "items": item, WANTED: "a list of users", SECRET: True})
    messages = [violation.message for violation in schema.violations(value, "users")]
    assert messages
    assert not [message for message in messages if "hunter2" in message or " is not " not in message]


def test_of_many_mistakes_in_a_large_value_the_first_is_told() -> None:
    schema = Schema({"type": "array", "items": {"type": "object"}})
    assert len(schema.violations([1] * 5_000, "body")) == 5_000
    (violation,) = schema.violations([{}] * 3 + [1] * 300_000, "body")
    assert str(violation) == "body.3: 1 is not of type object"


def test_of_a_wide_mapping_not_every_unlawful_key_costs_a_copy_of_it() -> None:
    schema = Schema({"propertyNames": {"pattern": "^a$", **WORDED}})
    assert len(schema.violations({f"key {number}": 1 for number in range(100)}, "body")) == 100
    assert len(schema.violations({f"key {number}": 1 for number in range(1_000)}, "body")) == 1
    assert len(schema.violations({f"key {number}": "x" * 10_000 for number in range(100)}, "body")) == 1


def test_a_message_reads_no_more_of_a_value_than_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    monkeypatch.setattr("veeam_mock.secrecy.secret_names.is_secret", lambda name: bool(read.append(name)))
    assert shorten([{"name": 1}] * 100_000) == "[{'name': 1}, {'name': 1}, {'name': 1}, {'name': 1}, {'name…"
    assert len(shorten({f"{number}": {} for number in range(100_000)})) == LONGEST_VALUE
    assert len(read) < 2 * LONGEST_VALUE


@pytest.mark.parametrize(
    "value", [[], {}, [1, "a", None], {"a": [True, {"b": 1.5}], "c": "it's"}, "it's", 'a"b', 7, [[], {}]], ids=str
)
def test_a_short_value_is_shown_as_it_is(value: object) -> None:
    assert shorten(value) == repr(value)
    nest: object = value
    for _ in range(12):
        nest = [nest]
    assert shorten(nest) == "[" * 10 + "'…'" + "]" * 10


def test_a_pattern_that_never_ends_does_not_match() -> None:
    schema = Schema({"type": "array", "items": {"type": "string", "pattern": r"^(?:(.)\1?)+$"}})
    violations = schema.violations(["a" * 500 + "\n"] * 1_000, "body")
    assert {violation.keyword for violation in violations} == {"pattern"}


def test_no_message_is_longer_than_anybody_reads() -> None:
    (violation,) = Schema({"enum": [f"option {number}" for number in range(10_000)]}).violations("none", "")
    assert len(violation.message) == LONGEST and violation.message.startswith("'none' is not one of option 0, ")
