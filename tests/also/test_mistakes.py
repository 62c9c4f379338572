"""What a user reads when documents or chosen answers do not fit; and the answers that do."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.api_client import UNKNOWN, ApiClient
from veeam_mock import MockServer, Settings
from veeam_mock.mock import Mock
from veeam_mock.settings.settings import SettingsError

SHOP = str(Path(__file__).parents[1] / "support" / "shop.yaml")


def problems(**settings: Any) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        Mock(Settings(**settings))
    return [str(problem) for problem in raised.value.problems]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"openapi": ', "this is not JSON, line 1"),
        ("openapi: a: b", "this is not YAML, line 1"),
        ('{"swagger": "2.0", "paths": {}}', "this is Swagger 2.0; convert it to OpenAPI 3.0 or 3.1 first"),
        ('{"openapi": "2.9", "paths": {}}', "openapi: '2.9' is not served, which are 3.0 and 3.1"),
        ('{"openapi": "3.0.1"}', "paths: is not a mapping of paths"),
        ("[]", "this is not an OpenAPI document"),
    ],
)
def test_a_document_that_cannot_be_read_is_named_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "broken"
    file.write_text(text)
    (problem,) = problems(also=[str(file)])
    assert problem.startswith(f"also: {file} cannot be read: {said}")


@pytest.mark.skipif(sys.platform == "win32", reason="knows no such pipes")
def test_a_pipe_that_nobody_writes_to_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (problem,) = problems(also=[str(tmp_path / "pipe")])
    assert problem == f"also: {tmp_path / 'pipe'} cannot be read: it is no regular file"


def test_a_prefix_that_no_path_has_is_refused() -> None:
    assert problems(also=[f"{SHOP}:/v6=/v4"]) == [f"also: {SHOP} has no path below /v6"]


def test_the_command_ends_with_one_line_and_status_2(tmp_path: Path) -> None:
    arguments = ["--also", str(tmp_path / "none.json"), "--port", "0", "--http", "--port-file", str(tmp_path / "port")]
    result = subprocess.run(
        [sys.executable, "-m", "veeam_mock", *arguments], capture_output=True, text=True, timeout=30
    )
    assert result.returncode == 2
    assert f"also: {tmp_path / 'none.json'} cannot be read: No such file or directory" in result.stderr
    assert not (tmp_path / "port").exists() and "Traceback" not in result.stderr


def test_what_is_broken_is_told_once_and_the_rest_is_served(
    serve: Callable[..., MockServer], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    schema = {"type": "object", "properties": {"gone": {"$ref": "#/components/schemas/Gone"}}}
    good = {"responses": {"200": {"content": {"application/json": {"schema": schema}}}}}
    paths = {"/v8/A/{id}": {"get": good}, "/v8/A/{other}": {"get": good}, "/v8/B": {"get": {}, "post": good}}
    file = tmp_path / "broken.json"
    file.write_text(json.dumps({"openapi": "3.0.1", "paths": paths}))
    server = serve(also=[str(file)])
    serve(also=[str(file)])
    place = "paths./v8/A/{id}.get.responses.200.content.application/json.schema.properties.gone"
    told = [record.getMessage() for record in caplog.records]
    assert told.count(f"{file}: {place}: #/components/schemas/Gone points to nothing") == 1
    first = f"{file}: GET /v8/A/{{id}}"
    assert f"{file}: paths./v8/A/{{other}}.get: is on one path with {first}, which is served" in told
    assert f"{file}: paths./v8/B.get: is not an operation with responses" in told
    client = ApiClient(server.url)
    assert client.send("GET", "/v8/A/1").status_code == 200
    assert client.send("POST", "/v8/B").status_code == 200


def test_of_many_broken_places_some_are_told_and_the_others_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "twice.json"
    file.write_text('{"openapi": "3.1.0", "paths": {' + '"/v8/\\u001b[31mA": {},' * 20_000 + '"/v8/B": {}}}')
    Mock(Settings(also=[str(file)]))
    told = [message for message in caplog.messages if message.startswith(str(file))]
    assert len(told) == 2 and told[-1] == f"{file}: paths./v8/B: is not a path with operations"
    assert told[0] == f"{file}: paths./v8/\\x1b[31mA: is not a path with operations"
    file.write_text('{"openapi": "3.1.0", "paths": {\n' + '"/v8/A": {},\n' * 20_000 + '"/v8/B": {}}}')
    caplog.clear()
    Mock(Settings(also=[str(file)]))
    told = [message for message in caplog.messages if message.startswith(str(file))]
    assert told[2] == f"{file}: line 3: /v8/A is there a second time, the last one counts"
    assert told[20:] == [f"{file}: and 19981 more of such places"]


def test_a_path_that_is_written_twice_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "twice.json"
    file.write_text('{"openapi": "3.1.0", "paths": {\n"/v8/A": {},\n"/v8/A": {"get": {"responses": {}}}}}')
    Mock(Settings(also=[str(file)]))
    assert f"{file}: line 3: /v8/A is there a second time, the last one counts" in caplog.messages


ANSWERS: list[tuple[str, dict[str, Any], str]] = [
    ("getClosing", {"headers": {"X\r\nSet-Cookie": "a=b"}}, "is not keyed by names of header fields"),
    ("getClosing", {"headers": {"Content-Length": 5}}, "is not keyed by names of header fields"),
    ("getClosing", {"headers": {"X-A": "a\r\nSet-Cookie: a=b"}}, "is not the value of a header field"),
    ("getClosing", {"status": 204, "body": {"day": 7}}, "an answer with 204 has no body"),
    ("getPicture", {"body-file": os.devnull}, f"{os.devnull} cannot be read: it is no regular file"),
    ("getPicture", {"body-file": "a\0b"}, "cannot be read: embedded null byte"),
    ("getSheep", {"status": 200}, "names no operation or path of a document in also"),
    ("getClosing", {"body": {"day": 1}}, f"breaks the schema of {SHOP}: GET /v8/Closing: day: 1 is less than"),
    ("getClosing", {"body-file": "none.json"}, "none.json cannot be read: No such file"),
]


@pytest.mark.parametrize(("key", "answer", "said"), ANSWERS)
def test_an_answer_that_does_not_fit_is_named_with_its_place(key: str, answer: dict[str, Any], said: str) -> None:
    (problem,) = problems(also=[SHOP], answers={key: answer})
    assert problem.startswith(f"answers.{key}") and said in problem


def test_an_answer_is_chosen_for_an_operation_a_path_or_one_thing(
    client_of: Callable[..., ApiClient], tmp_path: Path
) -> None:
    file = tmp_path / "day.json"
    file.write_text('{"day": 7}')
    client = client_of(
        also=[SHOP],
        answers={
            "getShelves": {"status": 503, "headers": {"Retry-After": 9}, "body": {"message": "closed"}},
            "/v8/Closing": {"body-file": str(file)},
            f"DELETE /v8/Shelves/{UNKNOWN}": {"status": 409},
            "getOpening": {"headers": {"X-Shop": "yes"}},
        },
    )
    shelves = client.call("GET", "/v8/Shelves")
    assert (shelves.status_code, shelves.headers["Retry-After"], shelves.json()) == (503, "9", {"message": "closed"})
    assert client.call("GET", "/v8/Closing").json() == {"day": 7}
    assert client.call("DELETE", f"/v8/Shelves/{UNKNOWN}").status_code == 409
    assert client.call("DELETE", f"/v8/Shelves/{UNKNOWN[:-1]}0").status_code == 204
    opening = client.call("GET", "/v8/Opening")
    assert (opening.headers["X-Shop"], opening.json()) == ("yes", {"open": "always"})


def test_a_fault_in_the_settings_may_name_an_operation_of_a_document(client_of: Callable[..., ApiClient]) -> None:
    client = client_of(also=[SHOP], faults=[{"kind": "status", "status": 500, "match": {"operation": "getShelves"}}])
    assert client.call("GET", "/v8/Shelves").status_code == 500
    (problem,) = problems(also=[SHOP], faults=[{"kind": "status", "status": 500, "match": {"operation": "getSheep"}}])
    assert problem.startswith("faults.0.match.operation") and problem.endswith(f"an operation of {SHOP}")
