"""The vendor's own document for v8, where it is at hand; the repository has none of it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from support.api_client import ORGANIZATION, RESTORE_SESSION
from veeam_mock import Settings
from veeam_mock.also.operations import is_json
from veeam_mock.also.routes import VARIABLE
from veeam_mock.also.schemas import Schemas
from veeam_mock.messages import FORM, Reply, Request
from veeam_mock.mock import Mock
from veeam_mock.spec.spec import Match

FOLDER = Path(os.environ.get("VEEAM_VENDOR_DOCUMENTS") or Path(__file__).parents[3] / "shared" / "vendor")
"""Read before a test's own environment takes the place of the user's."""

FILE = FOLDER / "openapi-v8.json"
pytestmark = pytest.mark.skipif(
    not FILE.exists(), reason=f"{FILE} is not at hand; VEEAM_VENDOR_DOCUMENTS names the folder with openapi-v8.json"
)
LISTS = ["Jobs", "BackupRepositories", "Proxies", "JobSessions", "RestorePoints", "LicensedUsers"]
WITHOUT_DETAIL = ["LicensedUsers"]
"""Lists that the document has no path to read one item of."""


class Caller:
    """Calls a mock in this process as its first user."""

    def __init__(self, mock: Mock) -> None:
        self.mock = mock
        form = b"grant_type=password&username=administrator&password=veeam"
        login = mock.answer(Request("POST", "/v8/Token", headers={"content-type": FORM}, body=form))
        self._headers = {"authorization": f"Bearer {orjson.loads(login.body)['access_token']}"}

    def get(self, path: str, query: str = "") -> Reply:
        return self.mock.answer(Request("GET", path, query, dict(self._headers)))


@pytest.fixture(scope="module")
def caller() -> Caller:
    mock = Mock(Settings(also=[str(FILE)], seed=1))
    mock.installation.worlds.default.clock.freeze()
    return Caller(mock)


def _value(schema: dict[str, Any]) -> str:
    if schema.get("enum"):
        return str(schema["enum"][0])
    return {"integer": "1", "boolean": "true"}.get(schema.get("type", ""), ORGANIZATION)


def _gets() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path with values, query of the required parameters, and the operation, straight from the document."""
    document = orjson.loads(FILE.read_bytes())
    for template, item in document["paths"].items():
        if "get" not in item:
            continue
        given: dict[str, dict[str, str]] = {"path": {}, "query": {}}
        for parameter in [*item.get("parameters", []), *item["get"].get("parameters", [])]:
            schema = parameter["schema"]
            if "$ref" in schema:
                schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
            if parameter.get("required") and parameter["in"] in given:
                given[parameter["in"]][parameter["name"]] = _value(schema)
        values = given["path"]
        if template.lower().startswith("/v8/restoresessions/{restoresessionid}"):
            values = {**values, "restoreSessionId": RESTORE_SESSION}
        path = VARIABLE.sub(lambda found, values=values: values[found[1]], template)  # type: ignore[misc]
        yield path, "&".join(f"{name}={value}" for name, value in given["query"].items()), item["get"]


def test_every_get_operation_answers_well_with_a_body_that_fits(caller: Caller) -> None:
    schemas = Schemas(orjson.loads(FILE.read_bytes()))
    wrong, count = [], 0
    for path, query, operation in _gets():
        reply = caller.get(path, query)
        count += 1
        media, content = next(iter(operation["responses"]["200"]["content"].items()))
        if not 200 <= reply.status < 300:
            wrong.append(f"{path}: {reply.status} {reply.body[:200]!r}")
        elif is_json(media) and _is_foreign(caller, path):
            schema = schemas.compiled(schemas.plain(content["schema"]))
            wrong += [f"{path}: {violation}" for violation in schema.violations(orjson.loads(reply.body), "body")]
    assert wrong == []
    assert count == sum("get" in item for item in orjson.loads(FILE.read_bytes())["paths"].values()) > 200


def _is_foreign(caller: Caller, path: str) -> bool:
    """Whether the document answers; the mock's own answers are held to its own document elsewhere."""
    _, match = caller.mock.installation.served.find("GET", path)
    return isinstance(match, Match) and match.operation.elsewhere is not None


@pytest.mark.parametrize("name", LISTS)
def test_what_a_list_has_is_read_by_its_id(caller: Caller, name: str) -> None:
    items = orjson.loads(caller.get(f"/v8/{name}").body)["results"]
    assert items and len({item["id"] for item in items}) == len(items)
    assert orjson.loads(caller.get(f"/v8/{name}").body)["results"] == items
    organizations = orjson.loads(caller.get("/v8/Organizations").body)["results"]
    known = {organization["id"] for organization in organizations}
    assert {item["organizationId"] for item in items if "organizationId" in item} <= known
    if name not in WITHOUT_DETAIL:
        assert [orjson.loads(caller.get(f"/v8/{name}/{item['id']}").body) for item in items] == items


def test_nothing_of_the_document_is_broken(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    fresh = tmp_path / "fresh.json"
    fresh.write_bytes(FILE.read_bytes())
    Mock(Settings(also=[str(fresh)]))
    assert caplog.messages == []
