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
from veeam_mock.also.routes import Routes
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
        {
            "type": "array",
            "minItems": 900,
            "items": {"type": "array", "minItems": 40, "items": {"enum": [*range(9999)]}},
        },
        {"allOf": [{"properties": {f"part{number}": {"type": "string"}}} for number in range(5000)]},
        {"type": "array", "minItems": 100, "items": {"type": "string", "pattern": "^[\\u0000-\\ud7ff]{600}$"}},
    ],
    ids=["two of itself", "lists", "text", "stars", "counts", "properties", "options", "parts", "sets"],
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


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "integer", "minimum": 1e20}, "is less than the minimum of 1e+20"),
        ({"type": "integer", "minimum": 1e308}, "is less than the minimum of 1e+308"),
        ({"type": "number", "multipleOf": 5e-324, "minimum": 1}, "is less than the minimum of 1"),
        ({"type": "integer", "minimum": 2, "maximum": 1}, "is greater than the maximum of 1"),
        ({"type": "string", "pattern": "^[\\ud800-\\udfff]$"}, "surrogates not allowed"),
        ({"type": "array", "minItems": 1, "items": ITSELF}, "has 0 items, at least 1 are needed"),
    ],
)
def test_what_no_value_has_is_said_so(answer_to: Callable[..., Any], schema: object, said: str) -> None:
    status, message = answer_to(schema)
    assert status == 500 and said in message


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "number", "minimum": -1.7e308, "maximum": 1.7e308},
        {"type": "integer", "multipleOf": -3, "minLength": True, "maxItems": -1, "required": [{}, 5], "type ": [{}]},
        {"type": [{}], "example": "x"},
        {"type": "array", "items": True, "minItems": 2.0},
        {"type": "string", "pattern": "[[a]]"},
        {"type": "string", "pattern": "(" * 50_000},
        {"type": "string", "pattern": "^[\\u0000-\\ud7ff]{500}$"},
    ],
)
def test_an_odd_schema_is_answered(answer_to: Callable[..., Any], schema: object) -> None:
    assert isinstance(answer_to(schema), int | float | str | list)


@pytest.mark.parametrize("status", ["100", "101", "600", "2" * 5000, "0", "٢٠٠"])
def test_a_status_that_no_answer_has_is_passed_over(
    client_of: Callable[..., ApiClient], tmp_path: Path, status: str
) -> None:
    (tmp_path / "one.json").write_text(
        json.dumps({"openapi": "3.1.0", "paths": {"/v8/One": {"get": {"responses": {status: {}}}}}})
    )
    assert client_of(also=[str(tmp_path / "one.json")]).send("GET", "/v8/One").status_code == 200


def test_an_answer_without_a_body_has_none_whatever_its_schema(
    client_of: Callable[..., ApiClient], tmp_path: Path
) -> None:
    answers = {"204": {"content": {"application/json": {"schema": {"type": "string"}}}}}
    (tmp_path / "one.json").write_text(
        json.dumps({"openapi": "3.1.0", "paths": {"/v8/One": {"get": {"responses": answers}}}})
    )
    client = client_of(also=[str(tmp_path / "one.json")])
    assert [client.send("GET", "/v8/One").status_code for _ in range(2)] == [204, 204]


@pytest.mark.parametrize("media", ["text/plain\r\nX-Own: yes", "a\r\nX-Own: yes; a/json", "text/\u2603"])
def test_a_media_type_that_is_none_reaches_no_answer(
    client_of: Callable[..., ApiClient], tmp_path: Path, media: str
) -> None:
    good = {"200": {"content": {media: {"schema": {"type": "string"}, "example": "hi"}}}}
    (tmp_path / "one.json").write_text(
        json.dumps({"openapi": "3.1.0", "paths": {"/v8/One": {"get": {"responses": good}}}})
    )
    answer = client_of(also=[str(tmp_path / "one.json")]).send("GET", "/v8/One")
    assert (answer.status_code, answer.content) == (200, b"") and "X-Own" not in answer.headers


def test_a_schema_of_too_many_others_takes_anything(
    client_of: Callable[..., ApiClient], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    schemas = {f"S{number}": {"allOf": [{"$ref": f"#/components/schemas/S{number + 1}"}]} for number in range(20_000)}
    media = {"schema": {"$ref": "#/components/schemas/S0"}, "example": "any"}
    good = {"200": {"content": {"application/json": media}}}
    document = {"openapi": "3.1.0", "paths": {"/v8/One": {"get": {"responses": good}}}}
    (tmp_path / "one.json").write_text(json.dumps(document | {"components": {"schemas": schemas | {"S20000": True}}}))
    assert client_of(also=[str(tmp_path / "one.json")]).send("GET", "/v8/One").json() == "any"
    assert any("it refers to more than 300 other schemas" in message for message in caplog.messages)


def test_a_segment_of_many_variables_is_read_in_linear_time() -> None:
    routes: Routes[str] = Routes()
    routes.at("/v8/" + "".join(f"{{v{number}}}" for number in range(25)) + "!").by_method["GET"] = "many"
    routes.at("/v8/x{one}-{two}y").by_method["GET"] = "two"
    assert routes.find("/v8/" + "a" * 5000) == ({}, {})
    assert routes.find("/v8/X1-2-3y") == ({"GET": "two"}, {"one": "1", "two": "2-3"})
    assert routes.find("/v8/x-3y") == ({}, {})


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


@pytest.mark.parametrize(
    "parameter",
    [
        {"name": "q", "in": "query", "schema": {"type": "array", "items": True}},
        {"name": "q", "in": ["query"]},
        {"name": "q", "in": "query", "schema": {"type": [["string"]]}},
        {"$ref": "#/tags/" + "9" * 5000},
        None,
    ],
)
def test_an_odd_parameter_stops_no_answer(answer_to: Callable[..., Any], parameter: object) -> None:
    assert answer_to({"type": "integer"}, "/v8/One?q=1,2", {"parameters": [parameter]}) >= 0


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
        ("# " + "x" * 17_000_000, "it has more than 16777216 bytes of YAML"),
        ('{"": ' + " " * 68_000_000 + "1}", "it has more than 67108864 bytes"),
    ],
    ids=["deep JSON", "deep YAML", "aliases", "endless", "long YAML", "long"],
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
