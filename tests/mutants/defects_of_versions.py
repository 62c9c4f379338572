"""Planted defects that are just what sets one version apart from its neighbours."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mutants.defects import defect, on_codes, on_logins
from mutants.harness import Answer, Ask, Behaviour, Server
from veeam_contracts.paths import is_at

Change = Callable[[Answer], Answer]


def enter(api: str, name: str, rule: str, behave: Behaviour) -> None:
    """Enter a server of one version into the table."""
    behave.__name__ = name.replace(" ", "_")
    defect("versions", rule, api=api)(behave)


def on(method: str, operation_id: str, change: Change) -> Behaviour:
    """Change the successes of an operation."""

    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        mine = ask.method == method and is_at(ask.path, operation_id) and answer.status < 300
        return change(answer) if mine else answer

    return behave


def status(number: int) -> Change:
    """Another status, with a body where one may have it."""
    return lambda answer: replace(answer, status=number).with_body(b"" if number == 204 else answer.body)


def with_links(prefix: str) -> Change:
    """Links that begin with `prefix` in place of what stands before the version."""

    def rewrite(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: prefix + inner[inner.index("/v") :] if key == "href" else rewrite(inner)
                for key, inner in value.items()
            }
        return [rewrite(item) for item in value] if isinstance(value, list) else value

    return lambda answer: answer.with_json(rewrite(answer.json))


def in_milliseconds(server: Server, answer: Answer) -> Answer:
    return answer.with_members(expiresIn=answer.json["expiresIn"] * 1000)


def without(name: str) -> Behaviour:
    """Logins without a member."""
    return on_logins(
        lambda server, answer: answer.with_json({k: value for k, value in answer.json.items() if k != name})
    )


def refusals_say(code: str) -> Behaviour:
    """Refusals with this `errorCode`."""

    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        bad = answer.status in (400, 404) and not ask.is_login and "json" in answer.headers.get("Content-Type", "")
        return answer.with_members(errorCode=code) if bad else answer

    return behave


def in_another_version(old: str, new: str) -> Change:
    return lambda answer: answer.with_body(answer.body.replace(f"/{old}/".encode(), f"/{new}/".encode()))


def as_page(answer: Answer) -> Answer:
    return answer.with_json({"offset": 0, "limit": 30, "results": answer.json})


def as_array(answer: Answer) -> Answer:
    return answer.with_json(answer.json["results"])


HOST = "https://veeam.example:4443"

for version in ("v4", "v5"):
    enter(version, "an organization is added with 201", "life.approved", on("POST", "addOrganization", status(201)))
    enter(version, "links without a host", "organizations.links", on("GET", "getOrganizations", with_links("")))
    enter(version, "organizations in a page", "organizations.list", on("GET", "getOrganizations", as_page))
enter("v4", "an organization is removed with 204", "life.removed", on("DELETE", "deleteOrganization", status(204)))
enter("v5", "an organization is removed with 200", "life.removed", on("DELETE", "deleteOrganization", status(200)))
for version in ("v6", "v7"):
    enter(version, "links with a host", "organizations.list", on("GET", "getOrganizations", with_links(HOST)))
    enter(version, "a login without a user name", "token.shape", without("userName"))
    enter(version, "an organization is added with 201", "life.approved", on("POST", "addOrganization", status(201)))
enter("v6", "the check says that somebody signed in", "code.check",
      on("POST", "checkDeviceCode", lambda answer: answer.with_json({"authenticated": True})))  # fmt: skip
enter("v6", "an Azure account gets what organizations get", "code.azure",
      on("POST", "getAzureDeviceCode", lambda answer: answer.with_body(
          answer.body.replace(b"verificationUri", b"verificationUrl"))))  # fmt: skip
enter("v7", "a life in milliseconds", "code.expires-in", on_codes(in_milliseconds))
enter("v7", "a logout is answered with 204", "token.logout", on("POST", "logOut", status(204)))
enter("v7", "an error code of v8", "answers.error-shape", refusals_say("ResourceNotFound"))
enter("v8", "organizations in an array", "organizations.list", on("GET", "getOrganizations", as_array))
enter("v8", "an organization is added with 200", "life.approved", on("POST", "addOrganization", status(200)))
enter("v8", "links with a host", "organizations.list", on("GET", "getOrganizations", with_links(HOST)))
enter("v8", "links of v7", "organizations.links", on("GET", "getOrganizations", in_another_version("v8", "v7")))
enter("v8", "a life in milliseconds", "code.expires-in", on_codes(in_milliseconds))
enter("v8", "a login without dates", "token.shape", without(".issued"))
enter("v8", "an error code that nobody knows", "answers.error-shape", refusals_say("Oops"))
enter("v8", "a logout is answered with 200", "token.logout", on("POST", "logOut", status(200)))


@defect("versions", "token.logout", api="v8")
def a_logout_ends_nothing(server: Server, ask: Ask) -> Answer:
    if not is_at(ask.path, "logOut"):
        return server.answer(ask)
    seen = server.answer(replace(ask, method="GET", path="/v8/ServiceInstance", body=b""))
    return replace(seen, status=204).with_body(b"") if seen.status == 200 else seen
