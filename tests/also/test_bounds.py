"""No document makes an answer that does not end, or one that fills the memory."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.api_client import ApiClient
from veeam_mock import Settings
from veeam_mock.mock import Mock
from veeam_mock.settings.settings import SettingsError

ITSELF = {"$ref": "#/components/schemas/Itself"}
PARTS = {"B": {"required": ["b"], "properties": {"b": {"const": 1}}}, "C": {"required": ["c"]}}
TOO_MUCH = "asks for too much in one answer"


def nested(count: int) -> dict[str, Any]:
    return {"type": "array", "minItems": 500, "items": nested(count - 1) if count else {"type": "integer"}}


@pytest.fixture
def answer_to(client_of: Callable[..., ApiClient], tmp_path: Path) -> Callable[..., Any]:
    """Serve one operation whose answer has a schema, and read its answer."""

    def answered(schema: object, path: str = "/v8/One", operation: object = None) -> Any:
        good = {"200": {"content": {"application/json": {"schema": schema}}}}
        item = {"get": {"responses": good, **(operation if isinstance(operation, dict) else {})}}
        document = {
            "openapi": "3.1.0",
            "paths": {"/v8/One": item},
            "components": {"schemas": {"Itself": schema} | PARTS},
        }
        file = tmp_path / "one.json"
        file.write_text(json.dumps(document))
        answer = client_of(also=[str(file)], seed=1).send("GET", path)
        return answer.json() if answer.status_code == 200 else (answer.status_code, answer.json()["message"])

    return answered


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "required": ["one", "two"], "properties": {"one": ITSELF, "two": ITSELF}},
        nested(3),
        {"type": "string", "minLength": 2_000_000_000},
        {"type": "string", "pattern": "^((((a*)*)*)*)*$"},
        {"type": "string", "pattern": "^((((a{90}){90}){90}){90}){90}$"},
        {
            "type": "object",
            "minProperties": 1_000_000,
            "additionalProperties": {"type": "object", "minProperties": 1000},
        },
    ],
    ids=["two of itself", "lists", "text", "stars", "counts", "properties"],
)
def test_what_asks_for_too_much_is_said_so(answer_to: Callable[..., Any], schema: object) -> None:
    status, message = answer_to(schema)
    assert status == 500 and TOO_MUCH in message


def test_a_list_that_is_too_long_is_said_so(answer_to: Callable[..., Any]) -> None:
    status, message = answer_to({"type": "array", "minItems": 2_000_000_000})
    assert status == 500 and "at least 2000000000 are needed" in message


@pytest.mark.parametrize(
    ("schema", "answer"),
    [
        ({"type": "object", "properties": {f"part{number}": ITSELF for number in range(60)}}, {}),
        ({"allOf": [{"$ref": "#/components/schemas/B"}, {"$ref": "#/components/schemas/C"}]}, {"b": 1, "c": ""}),
    ],
    ids=["wide", "two parts"],
)
def test_what_can_be_made_is_made(answer_to: Callable[..., Any], schema: object, answer: dict[str, Any]) -> None:
    made = answer_to(schema)
    assert made.keys() == answer.keys()
    assert all(isinstance(value, str | int) for value in made.values())


def test_a_bound_that_is_none_is_passed_over(answer_to: Callable[..., Any]) -> None:
    assert answer_to({"type": "integer", "exclusiveMinimum": 1, "maximum": 4, "minimum": "few", "multipleOf": 4}) == 4


def test_a_pattern_that_asks_for_many_characters_gets_them(answer_to: Callable[..., Any]) -> None:
    assert len(answer_to({"type": "string", "pattern": "^[0-9a-f]{128}$"})) == 128


def test_lists_that_refer_to_one_another_end(client_of: Callable[..., ApiClient], tmp_path: Path) -> None:
    """Their examples do not fit, so their ids are made."""
    paths = {}
    for own, other in (("Cats", "dogId"), ("Dogs", "catId")):
        item = {
            "type": "object",
            "required": ["id", other],
            "properties": dict.fromkeys(("id", other), {"type": "string"}),
        }
        media = {"schema": {"type": "array", "items": item}, "example": [1]}
        paths[f"/v8/{own}"] = {"get": {"responses": {"200": {"content": {"application/json": media}}}}}
    (tmp_path / "pets.json").write_text(json.dumps({"openapi": "3.0.0", "paths": paths}))
    client = client_of(also=[str(tmp_path / "pets.json")])
    cats, dogs = client.send("GET", "/v8/Cats").json(), client.send("GET", "/v8/Dogs").json()
    assert {cat["dogId"] for cat in cats} <= {dog["id"] for dog in dogs}


@pytest.mark.parametrize(
    "query", ["limit=1.5", "limit=few", "limit=nan&offset=inf", "offset=-3", "limit=99999999999999"]
)
def test_a_page_is_given_whatever_is_asked_for(answer_to: Callable[..., Any], query: str) -> None:
    parameters = [
        {"name": name, "in": "query", "schema": {"type": ["number", "string"]}} for name in ("limit", "offset")
    ]
    whole = answer_to({"type": "array", "items": {"type": "integer"}}, f"/v8/One?{query}", {"parameters": parameters})
    assert len(whole) == 3


def test_a_parameter_whose_schema_is_itself_takes_anything(answer_to: Callable[..., Any]) -> None:
    parameters = [{"name": "any", "in": "query", "schema": {"$ref": "#/components/schemas/Itself"}}]
    assert answer_to(ITSELF, "/v8/One?any=1", {"parameters": parameters})


DEEP = "[" * 200 + "]" * 200
ALIASES = "a0: &a0 [1, 2]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f'{{"openapi": {DEEP}}}', "it has more than 100 levels"),
        (f"openapi: {DEEP}", "it has more than 100 levels"),
        (ALIASES, "its aliases make more of it than its text has bytes"),
        ("openapi: &all [*all]", "its aliases make more of it"),
    ],
    ids=["deep JSON", "deep YAML", "aliases", "endless"],
)
def test_a_document_that_is_too_large_is_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "large"
    file.write_text(text)
    with pytest.raises(SettingsError) as raised:
        Mock(Settings(also=[str(file)]))
    assert f"also: {file} cannot be read: {said}" in str(raised.value.problems[0])


def test_a_server_without_documents_does_not_load_what_serves_them() -> None:
    script = "import sys; from veeam_mock.mock import Mock; Mock(); print('veeam_mock.also.also' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30)
    assert (result.stdout, result.stderr) == ("False\n", "")
