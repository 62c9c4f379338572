"""Planted defects of what answers tell: of databases, crashes, hosts, files, and secrets; and of header fields."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

from mutants.defects import code_defect, defect, login_defect
from mutants.defects_of_content import leak
from mutants.defects_of_versions import enter, on
from mutants.defects_of_wire import enter as enter_v4
from mutants.defects_of_wire import on as on_get
from mutants.harness import PASSWORD, USERNAME, Answer, Ask, Behaviour, Server
from veeam_contracts.paths import is_at

for name, text in {
    "a table of PostgreSQL in a refusal": 'relation "organizations" does not exist',
    "a statement of SQL Server in a refusal": "Unclosed quotation mark after the character string 'x'.",
    "a key of SQL Server in a refusal": "Cannot insert duplicate key row in object 'dbo.Organizations'.",
    "an error of SQLite in a refusal": 'near "x": syntax error',
    "a key of MongoDB in a refusal": "E11000 duplicate key error collection: veeam.orgs index: _id_",
    "a constraint in a refusal": 'null value in column "region" violates not-null constraint',
    "a share in a refusal": r"Access to the path '\\FILESRV01\backup$\repo' is denied.",
    "the words of a crash of .NET in a refusal": "Object reference not set to an instance of an object.",
    "the words of a crash of Rust in a refusal": "thread 'main' panicked at src/main.rs:42:9",
    "the words of a crash of Node in a refusal": "Cannot read properties of undefined (reading 'toLowerCase')",
    "the words of a crash of Python in a refusal": "'NoneType' object has no attribute 'lower'",
    "a local address of IPv6 in a refusal": "connect to [fd12:3456:789a::7]:9191 failed",
    "an address of the link in a refusal": "http://169.254.169.254/metadata is not reached",
    "a port of the server itself in a refusal": "connect ECONNREFUSED 127.0.0.1:9191",
}.items():
    leak(name, text)


@defect("answers", "answers.no-leak")
def the_path_of_a_source_file_in_a_header_field(server: Server, ask: Ask) -> Answer:
    return server.answer(ask).with_header("X-SourceFiles", "=?UTF-8?B?QzpcVXNlcnNcZGV2XHNvdXJjZVxWZWVhbQ==?=")


def with_member(name: str, value: Any) -> Callable[[Answer], Answer]:
    """An organization, or the first of a list, with one more member."""

    def change(answer: Answer) -> Answer:
        told = answer.json
        first = told["results"][0] if "results" in told else told[0] if isinstance(told, list) else told
        first[name] = value
        return answer.with_json(told)

    return change


enter("v8", "the password of a tenant", "answers.no-leak",
      on("GET", "getOrganization", with_member("onlineSettings", {"password": "P4ss!"})))  # fmt: skip
enter("v6", "the secret of a tenant's application in the list", "answers.no-leak",
      on("GET", "getOrganizations", with_member("applicationSecret", "Qx8~Zr4u7x1A9dC2fGhJkLmNpQr")))  # fmt: skip
enter("v8", "a connection string of the installation", "answers.no-leak",
      on("GET", "getServiceInstance", with_member("ConnectionString", "Host=db;Username=veeam")))  # fmt: skip
enter("v6", "the device code beside that of an Azure account", "answers.no-leak",
      on("POST", "getAzureDeviceCode", with_member("flow", {"device_code": "GAQABAAEAAAD--DLA3VO"})))  # fmt: skip
enter_v4("markup in the second name of an organization", "organizations", "organizations.names",
         on_get("getOrganizations", lambda s, a: with_member("officeName", "<img src=x>")(a)))  # fmt: skip


# Header fields.


@code_defect("answers.framing")
def a_field_with_a_nul(server: Server, answer: Answer) -> Answer:
    return answer.with_header("X-Note", "one\0two")


@defect("answers", "answers.framing")
def a_coding_that_nobody_asked_for(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    return answer.with_header("Content-Encoding", "compress") if ask.path.endswith("/ServiceInstance") else answer


def repeats_region(name: str, rule: str, change: Callable[[str], str]) -> None:
    """Enter a server that writes the region that was sent into a header field."""

    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        region = ask.json.get("targetRegion") if ask.is_code and isinstance(ask.json, dict) else None
        return _with_lines(answer, change(region)) if isinstance(region, str) else answer

    behave.__name__ = name.replace(" ", "_")
    defect("answers", rule)(behave)


def _with_lines(answer: Answer, value: str) -> Answer:
    """A field of this value, as a client reads it: what follows a line break is a field of its own."""
    first, *rest = value.encode("latin-1", "replace").decode("latin-1").replace("\0", "").split("\r\n")
    answer = answer.with_header("X-Region", first)
    for line in rest:
        name, _, told = line.partition(": ")
        answer = answer.with_header(name, told)
    return answer


repeats_region("a line break in a region makes a header field", "answers.no-injection", lambda region: region[:100])
repeats_region("a long region is repeated in a header field", "answers.no-echo", lambda region: region.split("\r")[0])


@defect("answers", "answers.origins")
def a_foreign_page_may_ask_for_codes(server: Server, ask: Ask) -> Answer:
    answer, origin = server.answer(ask), ask.headers.get("Origin")
    if origin is None or not ask.is_code:
        return answer
    return answer.with_header("Access-Control-Allow-Origin", origin).with_header(
        "Access-Control-Allow-Credentials", "true"
    )


@login_defect("answers.no-secret")
def a_cookie_with_user_name_and_password(server: Server, answer: Answer) -> Answer:
    return answer.with_header("Set-Cookie", f"auth={b64encode(f'{USERNAME}:{PASSWORD}'.encode()).decode()}")


@login_defect("answers.no-secret")
def the_password_as_windows_encodes_it(server: Server, answer: Answer) -> Answer:
    return answer.with_members(state=b64encode(f"1{PASSWORD}".encode("utf-16-le")).decode())


@defect("answers", "answers.no-secret")
def what_was_presented_is_traced_in_base64(server: Server, ask: Ask) -> Answer:
    given = ask.headers.get("Authorization", "")
    return server.answer(ask).with_header("X-Trace", b64encode(f"auth={given}".encode()).decode())


LOGIN_PAGE = b"<html><form>Log in</form></html>"


@defect("credentials", "credentials.absent", "answers.no-html")
def a_page_to_log_in_with_200(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    if answer.status != 401:
        return answer
    return Answer(200, answer.headers, LOGIN_PAGE).with_header("Content-Type", "text/html").with_body(LOGIN_PAGE)


def bare_404(operation_id: str) -> Behaviour:
    """An operation that the framework does not know."""

    def behave(server: Server, ask: Ask) -> Answer:
        if not is_at(ask.path, operation_id):
            return server.answer(ask)
        return Answer(404, server.answer(ask).headers, b"").with_header("Content-Type", None).with_body(b"")

    return behave


enter("v8", "no logout", "operations.served", bare_404("logOut"))
enter("v6", "no code of an Azure account, and nothing said", "operations.served", bare_404("getAzureDeviceCode"))
