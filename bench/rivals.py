"""The servers that are compared: the mock in its forms, other ways to fake the same answers, and a constant answer."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from servers import ROOT, BenchError, Server
from workloads import FORM, ORGANIZATION, SAME, WORKLOADS, Call, Workload

CODE = {
    "userCode": "CWE5QHLNM",
    "verificationUrl": "https://microsoft.com/devicelogin",
    "expiresIn": 899,
    "message": "To sign in, use a web browser to open the page https://microsoft.com/devicelogin and enter the code "
    "CWE5QHLNM to authenticate.",
}
TOKEN = {
    "access_token": "YbR1-vTqYyRyFZ5Wm8D4g2E0kq3CwTn9",
    "token_type": "bearer",
    "refresh_token": "p4Jt0hXW6sQ1nCk8vFzEo5uLd7BmYa2G",
    "expires_in": 3600,
}
ONE_ORGANIZATION = {"id": ORGANIZATION, "name": "contoso.onmicrosoft.com", "type": "Office365", "isBackedup": True}
REFUSAL = {"message": "body.targetRegion: not one of the regions of this server"}
REGIONS = sorted(
    {
        str(json.loads(call.body)["targetRegion"])
        for name in ("differing", "mix")
        for call in WORKLOADS[name].calls
        if call.path == SAME.path and not call.refused
    }
)
WITHOUT_MIX = {name: load for name, load in WORKLOADS.items() if name != "mix"}
WITHOUT_NEW = {name: load for name, load in WITHOUT_MIX.items() if not load.reconnect}


class Installed:
    """Where the programs are that are compared: commands in the PATH, jars as given or by the environment.

    `profile` is a file that the mock is to answer by, when it is compared with itself.
    """

    def __init__(self, jars: dict[str, str | None], profile: str | None = None) -> None:
        self._jars = jars
        self.profile = profile

    def command(self, name: str, title: str) -> str:
        """The path of a command; `BenchError` where it is not installed."""
        found = shutil.which(name)
        if found is None:
            raise BenchError(f"{title} is not installed: needs the command {name} in the PATH")
        return found

    def jar(self, name: str, title: str) -> list[str]:
        """The command line that runs a jar; `BenchError` where Java or the jar is missing."""
        variable = f"{name.upper()}_JAR"
        path = self._jars[name] or os.environ.get(variable)
        if path is None or not Path(path).is_file():
            raise BenchError(f"{title} is not here: needs its jar by --{name}-jar or {variable}")
        return [self.command("java", "Java"), "-jar", path]


def mock(
    https: bool, installed: Installed | None = None, *, frozen: bool = False, journal: bool = True, workers: int = 0
) -> Server:
    """The mock as its command starts it: credentials, both checks and the journal on; with `workers` on Redis."""

    def commands(port: int, folder: Path) -> list[list[str]]:
        options = [] if https else ["--http"]
        if not journal:
            config = folder / "mock.yaml"
            config.write_text("journal_entries: 0\n", "utf-8")
            options += ["--config", str(config)]
        before = []
        if workers:
            assert installed is not None
            path = folder / "redis"
            redis = installed.command("redis-server", "Redis")
            before = [[redis, "--port", "0", "--unixsocket", str(path), "--save", "", "--appendonly", "no"]]
            options += ["--store", f"unix://{path}", "--workers", str(workers)]
        return [*before, [sys.executable, "-m", "veeam_mock", "--port", str(port), "--quiet", *options]]

    name = "mock" if journal else "mock, no journal"
    note = "" if journal else "`journal_entries: 0`; credentials and both checks stay on"
    if frozen:
        name += ", frozen clock"
    if workers:
        if installed is not None:
            installed.command("redis-server", "Redis")
        name = f"mock on Redis, {workers} worker{'s' if workers > 1 else ''}"
        note = "`--store` on a Unix socket; the processor time of Redis is part of the figure"
    return Server(name, commands, https=https, login=True, note=note, frozen=frozen)


def twin(https: bool, installed: Installed) -> Server:
    """The mock by a profile: what it costs that it answers as a server that was learned."""
    if installed.profile is None:
        raise BenchError("the mock by a profile is not compared: needs a file by --profile")
    options = ["--profile", str(Path(installed.profile).resolve()), *([] if https else ["--http"])]
    return Server(
        "mock by a profile",
        lambda port, folder: [[sys.executable, "-m", "veeam_mock", "--port", str(port), "--quiet", *options]],
        https=https,
        login=True,
        note="`--profile`, as `veeam-contracts probe` wrote it",
    )


def constant(https: bool, installed: Installed) -> Server:
    """A constant answer from an ASGI application: what a door in Python costs alone."""
    quiet = ["--no-access-log", "--log-level", "error", "--no-server-header"]
    options = ["--http", "httptools", "--lifespan", "off", "--ws", "none", *quiet]
    return Server(
        "constant",
        lambda port, folder: [
            [
                *(sys.executable, "-m", "uvicorn", "--app-dir", str(ROOT / "bench"), "constant:answer"),
                *("--port", str(port), *options, *(_certificate() if https else [])),
            ]
        ],
        https=https,
        note="uvicorn, httptools and uvloop: nothing is looked at, nothing is made",
        workloads=WITHOUT_MIX,
    )


def bare(https: bool, installed: Installed) -> Server:
    """The same constant answer by the least that Python can do."""
    if https:
        raise BenchError("the bare protocol is compared over HTTP only")
    return Server(
        "bare",
        lambda port, folder: [[sys.executable, str(ROOT / "bench" / "bare.py"), str(port)]],
        note="a protocol of uvloop that does not even read: what input and output cost alone",
        workloads=WITHOUT_NEW,
    )


def _certificate() -> list[str]:
    from veeam_mock.door.certificates import find_certificate
    from veeam_mock.settings.settings import Settings

    found = find_certificate(Settings())
    if found is None:
        raise BenchError("the mock has no certificate to serve the constant answer with")
    return ["--ssl-certfile", str(found.chain), "--ssl-keyfile", str(found.key)]


def wiremock(https: bool, installed: Installed, *, journal: bool = False) -> Server:
    """WireMock as it starts by itself, with or without its journal; its stubs look at path, token and body."""
    java = installed.jar("wiremock", "WireMock")

    def commands(port: int, folder: Path) -> list[list[str]]:
        mappings = folder / "mappings"
        mappings.mkdir()
        mappings.joinpath("stubs.json").write_text(json.dumps({"mappings": wiremock_stubs()}), "utf-8")
        ports = ["--https-port", str(port), "--disable-http"] if https else ["--port", str(port)]
        options = ["--use-chunked-encoding", "never", *([] if journal else ["--no-request-journal"])]
        return [[*java, "--root-dir", str(folder), "--bind-address", "127.0.0.1", *ports, *options]]

    name = "WireMock with journal" if journal else "WireMock"
    note = (
        f"stubs for the five calls, {'with' if journal else 'without'} its journal; 25 s of load first; not chunked, "
        "as wrk takes a connection that is closed after a chunked answer for an error"
    )
    return Server(name, commands, https=https, warm_up=25, note=note)


def wiremock_stubs() -> list[dict[str, Any]]:
    """Stubs of WireMock for the calls of the workloads."""
    token = {"headers": {"Authorization": {"matches": "Bearer .+"}}}
    code = {"method": "POST", "urlPath": SAME.path, **token}
    region = {"matchesJsonPath": {"expression": "$.targetRegion", "matches": "|".join(REGIONS)}}
    stubs = [
        ({"method": "POST", "urlPath": "/v4/Token"}, 200, TOKEN, 5),
        ({"method": "GET", "urlPath": "/v4/Organizations", **token}, 200, [ONE_ORGANIZATION], 5),
        ({"method": "GET", "urlPathPattern": "/v4/Organizations/[^/]+", **token}, 200, ONE_ORGANIZATION, 5),
        ({**code, "bodyPatterns": [region]}, 200, CODE, 5),
        (code, 400, REFUSAL, 9),
    ]
    headers = {"Content-Type": "application/json; charset=utf-8"}
    return [
        {"priority": rank, "request": request, "response": {"status": status, "headers": headers, "jsonBody": body}}
        for request, status, body, rank in stubs
    ]


def mockserver(https: bool, installed: Installed) -> Server:
    """MockServer with expectations for the same calls."""
    java = installed.jar("mockserver", "MockServer")

    def commands(port: int, folder: Path) -> list[list[str]]:
        file = folder / "expectations.json"
        file.write_text(json.dumps(mockserver_expectations()), "utf-8")
        return [[*java, "-p", str(port), "-l", "ERROR", f"--init={file}"]]

    note = "expectations for the five calls; its event log cannot be turned off; 25 s of load first"
    return Server("MockServer", commands, https=https, warm_up=25, note=note)


def mockserver_expectations() -> list[dict[str, Any]]:
    """Expectations of MockServer for the calls of the workloads."""
    token = {"headers": {"Authorization": ["Bearer .+"]}}
    schema = {"type": "object", "properties": {"targetRegion": {"enum": REGIONS}}, "required": ["targetRegion"]}
    code = {"method": "POST", "path": SAME.path, **token}
    expectations = [
        ({"method": "POST", "path": "/v4/Token"}, 200, TOKEN, 5),
        ({"method": "GET", "path": "/v4/Organizations", **token}, 200, [ONE_ORGANIZATION], 5),
        ({"method": "GET", "path": "/v4/Organizations/[^/]+", **token}, 200, ONE_ORGANIZATION, 5),
        ({**code, "body": {"type": "JSON_SCHEMA", "jsonSchema": schema}}, 200, CODE, 5),
        (code, 400, REFUSAL, 1),
    ]
    headers = {"Content-Type": ["application/json; charset=utf-8"]}
    return [
        {
            "priority": rank,
            "httpRequest": request,
            "httpResponse": {"statusCode": status, "headers": headers, "body": json.dumps(body)},
        }
        for request, status, body, rank in expectations
    ]


def mockoon(https: bool, installed: Installed) -> Server:
    """Mockoon with routes for the same calls."""
    command = installed.command("mockoon-cli", "Mockoon")

    def commands(port: int, folder: Path) -> list[list[str]]:
        file = folder / "environment.json"
        file.write_text(json.dumps(mockoon_environment(port, https)), "utf-8")
        return [[command, "start", "--data", str(file), "--disable-log-to-file", "--disable-admin-api", "--repair"]]

    return Server("Mockoon", commands, https=https, warm_up=5, note="routes for the five calls; 5 s of load first")


def mockoon_environment(port: int, https: bool) -> dict[str, Any]:
    """An environment of Mockoon for the calls of the workloads."""
    bearer = {"target": "header", "modifier": "Authorization", "value": "Bearer .+", "operator": "regex"}
    region = {"target": "body", "modifier": "$.targetRegion", "value": "|".join(REGIONS), "operator": "regex"}
    none: list[dict[str, Any]] = []
    routes: list[tuple[str, str, list[tuple[int, object, list[dict[str, Any]]]]]] = [
        ("post", "v4/Token", [(200, TOKEN, none)]),
        ("get", "v4/Organizations", [(200, [ONE_ORGANIZATION], [bearer])]),
        ("get", "v4/Organizations/:id", [(200, ONE_ORGANIZATION, [bearer])]),
        ("post", "v4/DeviceCode", [(200, CODE, [bearer, region]), (400, REFUSAL, none)]),
    ]
    made = []
    for number, (method, path, responses) in enumerate(routes):
        answers = [
            {
                "uuid": f"00000000-0000-4000-8000-0000000{number}000{index}",
                "body": json.dumps(body),
                "statusCode": status,
                "headers": [{"key": "Content-Type", "value": "application/json; charset=utf-8"}],
                "bodyType": "INLINE",
                "rules": [{"invert": False, **rule} for rule in rules],
                "rulesOperator": "AND",
                "disableTemplating": True,
                "default": not rules or len(responses) == 1,
            }
            for index, (status, body, rules) in enumerate(responses)
        ]
        uuid = f"00000000-0000-4000-8000-00000000{number}000"
        made.append({"uuid": uuid, "type": "http", "method": method, "endpoint": path, "responses": answers})
    order = [{"type": "route", "uuid": route["uuid"]} for route in made]
    identity = {"uuid": "00000000-0000-4000-8000-000000000000", "lastMigration": 33, "name": "bench"}
    where = {"hostname": "127.0.0.1", "port": port, "tlsOptions": {"enabled": https, "type": "CERT"}}
    return {**identity, **where, "routes": made, "rootChildren": order}


def prism(https: bool, installed: Installed) -> Server:
    """Prism, serving the examples of `openapi.yaml`."""
    command = installed.command("prism", "Prism")
    if https:
        raise BenchError("Prism speaks no HTTPS")
    return Server(
        "Prism",
        lambda port, folder: [
            [
                *(command, "mock", "--host", "127.0.0.1", "--port", str(port), "-v", "error"),
                str(ROOT / "openapi.yaml"),
            ]
        ],
        warm_up=5,
        note="checks no body here: it gives up on an enum that holds null (stoplightio/prism#1931); no `mix` therefore",
        workloads=WITHOUT_MIX,
    )


def moto(https: bool, installed: Installed) -> Server:
    """moto's server, which knows AWS alone: its smallest call, as it has none of these."""
    command = installed.command("moto_server", "moto")
    if https:
        raise BenchError("moto's server is compared over HTTP only")
    ask = Call("POST", "/", FORM, "Action=GetCallerIdentity&Version=2011-06-15")
    return Server(
        "moto",
        lambda port, folder: [[command, "-H", "127.0.0.1", "-p", str(port)]],
        note="answers STS GetCallerIdentity, as it knows AWS alone; werkzeug's development server",
        workloads={"same": Workload("same", (ask,))},
    )


RIVALS: dict[str, Callable[[bool, Installed], Server]] = {
    "wiremock": wiremock,
    "wiremock-journal": lambda https, installed: wiremock(https, installed, journal=True),
    "mockserver": mockserver,
    "mockoon": mockoon,
    "prism": prism,
    "moto": moto,
    "constant": constant,
    "bare": bare,
    "no-journal": lambda https, installed: mock(https, installed, journal=False),
    "twin": twin,
    "redis-1": lambda https, installed: mock(https, installed, workers=1),
    "redis-2": lambda https, installed: mock(https, installed, workers=2),
    "redis-4": lambda https, installed: mock(https, installed, workers=4),
}
"""Makes a server to compare with, over HTTPS or not; `BenchError` when it is not installed."""
