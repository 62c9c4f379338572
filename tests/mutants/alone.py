"""schemathesis alone on a server: the document as it is, all default checks, a valid token; nothing else."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from requests.structures import CaseInsensitiveDict
from schemathesis.core.failures import FailureGroup
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from mutants.defects_of_access import LOGIN
from mutants.harness import PASSWORD, Answer, Ask, Behaviour, Server
from veeam_contracts.cli import own_environment
from veeam_mock import Settings
from veeam_mock.mock import Mock

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from schemathesis import Case

CASES = Path(__file__).parent / "alone_cases.py"
"""The tests that pytest runs; the name keeps them out of the collection of the ordinary tests."""

Finding = tuple[str, str]
"""An operation, and what schemathesis calls the failure."""


class Alone:
    """A faulty server as a WSGI application, and a pytest plugin that sends it the cases and collects what fails."""

    def __init__(self) -> None:
        self.found: set[Finding] = set()
        self.headers: dict[str, str] = {}
        self.set_up(Server.answer)

    def set_up(self, behave: Behaviour) -> None:
        """Be this server, with a fresh world and a login."""
        self._server, self._behave = Server(Mock(Settings(password=PASSWORD, seed=1))), behave
        self.found = set()
        answer = Client(self).post("/v4/Token", data=LOGIN)
        token = (answer.json or {}).get("access_token", "") if answer.status_code == 200 and answer.is_json else ""
        self.headers = {"Authorization": f"Bearer {token}"}

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        request = Request(environ)
        query = request.query_string.decode("ascii")
        path = quote(request.path) + (f"?{query}" if query else "")
        headers = CaseInsensitiveDict(dict(request.headers))
        answer: Answer = self._behave(self._server, Ask(request.method, path, headers, request.get_data()))
        response = Response(answer.body, answer.status, list(answer.headers.items()))
        return response(environ, start_response)

    def send(self, case: "Case") -> None:  # type: ignore[type-arg]
        """One case; failures are collected, so that the next case is sent as well."""
        label = case.operation.label
        try:
            case.call_and_validate(headers=self.headers)
        except FailureGroup as group:
            self.found |= {(label, failure.title) for failure in group.exceptions}
        except Exception as failure:
            self.found.add((label, type(failure).__name__))


ALONE = Alone()


def judge_alone(behave: Behaviour) -> set[Finding]:
    """What schemathesis alone finds in the mock with this behaviour."""
    ALONE.set_up(behave)
    own = ("-c", "/dev/null", f"--rootdir={CASES.parent}", "--import-mode=importlib", "--noconftest")
    quiet = ("-s", "-p", "no:terminal", "-p", "no:cacheprovider", "-o", f"python_files={CASES.name}")
    with own_environment():
        pytest.main([*own, *quiet, "-p", "schemathesis.pytest.plugin", str(CASES)])
    return ALONE.found
