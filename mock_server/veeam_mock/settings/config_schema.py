"""The JSON Schema of the config file, for editors that complete and check as one types."""

from collections.abc import Mapping
from typing import Any

from veeam_mock.faults.kinds import BY_KIND
from veeam_mock.faults.parsing import BESIDE, CONDITIONS
from veeam_mock.faults.presets import PRESETS
from veeam_mock.journal.pattern import SCHEMA as PATTERN
from veeam_mock.settings.options import OPTIONS, Option
from veeam_mock.spec.document import questions
from veeam_mock.spec.schema import without_own_words


def config_schema() -> dict[str, Any]:
    """The schema (draft 2020-12). What contradicts itself over several settings is found by the mock alone."""
    properties = {}
    for option in OPTIONS:
        properties[option.key] = _described(option)
        properties[option.key.replace("_", "-")] = properties[option.key]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Config file of veeam-mock",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }


def _described(option: Option) -> dict[str, Any]:
    schema = {"faults": _FAULTS, "ambiguities": _ambiguities()}.get(option.key, option.schema)
    described = {**without_own_words(schema), "description": option.help}
    return described if option.default in (None, (), {}) or option.secret else {**described, "default": option.default}


def _ambiguities() -> dict[str, Any]:
    readings = {
        key: {"description": question["question"], "enum": [*question["readings"], *_numbers(question["readings"])]}
        for key, question in questions().items()
    }
    return {"type": "object", "additionalProperties": False, "properties": readings}


def _numbers(names: Mapping[str, Any]) -> list[int]:
    """Names that YAML reads as numbers, which are taken too."""
    return [int(name) for name in names if name.isdigit()]


_FAULTS: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "additionalProperties": False,
        "anyOf": [{"required": ["kind"]}, {"required": ["preset"]}],
        "properties": {
            "kind": {"enum": list(BY_KIND)},
            "preset": {"enum": list(PRESETS)},
            **{name: schema for kind in BY_KIND.values() for name, schema in kind.parameters.items()},
            "status": {"type": "integer", "minimum": 200, "maximum": 599},
            **{key: PATTERN["properties"][part] for key, part in BESIDE.items()},
            **CONDITIONS,
        },
    },
}
