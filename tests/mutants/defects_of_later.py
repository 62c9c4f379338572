"""Planted defects of version 6 and later: pages, links, codes of other operations, what a login says of its user."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qs

from mutants.defects import code_defect, defect, login_defect, with_code
from mutants.defects_of_versions import Change, enter, on
from mutants.harness import Answer, Ask, Behaviour, Server
from veeam_contracts.paths import is_at

# Codes of other operations.


def ends(seconds: float) -> Behaviour:
    """Codes of an Azure account that end so many seconds from now."""

    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        if not is_at(ask.path, "getAzureDeviceCode") or answer.status != 200:
            return answer
        end = datetime.fromisoformat(answer.json["expiresOnUtc"]) + timedelta(seconds=seconds - 900)
        return answer.with_members(expiresOnUtc=end.isoformat())

    return behave


enter("v8", "an Azure account's code ends in local time", "code.azure", ends(900 + 7200))
enter("v6", "an Azure account's code is over", "code.azure", ends(-60))
enter("v8", "an organization's code lives for milliseconds", "answers.codes",
      on("POST", "getOrganizationDeviceCode", lambda a: a.with_members(expiresIn=900_000)))  # fmt: skip


def of_china(member: str) -> Change:
    """A code with the page of the cloud in China."""

    def change(answer: Answer) -> Answer:
        old, new = answer.json[member], "https://microsoft.com/deviceloginchina"
        return answer.with_members(**{member: new, "message": answer.json["message"].replace(old, new)})

    return change


enter("v8", "an organization is sent to the cloud in China", "answers.codes",
      on("POST", "getOrganizationDeviceCode", of_china("verificationUrl")))  # fmt: skip
enter("v6", "an Azure account is sent to the cloud in China", "answers.codes",
      on("POST", "getAzureDeviceCode", of_china("verificationUri")))  # fmt: skip


@defect("versions", "code.check", api="v7")
def who_checks_a_code_that_nobody_gave_is_told_yes(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    unknown = is_at(ask.path, "checkDeviceCode") and answer.status in (400, 404)
    return Answer(200, answer.headers, b"").with_json({"authenticated": True}) if unknown and ask.token else answer


@code_defect("code.unpredictable")
def codes_of_four_letters(server: Server, answer: Answer) -> Answer:
    number = server.count() * 2654435761 % 4**9
    return with_code(answer, "".join("BDKX"[number >> 2 * at & 3] for at in range(9)))


# The page of organizations, and links.

enter("v8", "a second page for who asks for none", "organizations.list",
      on("GET", "getOrganizations", lambda answer: answer.with_members(offset=30)))  # fmt: skip
enter("v8", "more on a page than its limit", "organizations.list",
      on("GET", "getOrganizations", lambda answer: answer.with_members(limit=1)))  # fmt: skip


def linked(link: str) -> Change:
    """Organizations whose link to themselves is this, with the id filled in."""

    def rewrite(item: dict[str, Any]) -> dict[str, Any]:
        return {**item, "_links": {"self": {"href": link.format(id=item["id"])}}}

    def change(answer: Answer) -> Answer:
        told = answer.json
        if isinstance(told, list):
            return answer.with_json([rewrite(item) for item in told])
        if "results" in told:
            return answer.with_json({**told, "results": [rewrite(item) for item in told["results"]]})
        return answer.with_json(rewrite(told))

    return change


enter("v6", "a link that browsers read as another host", "organizations.links",
      on("GET", "getOrganizations", linked("/\\evil.example/v6/Organizations/{id}")))  # fmt: skip
enter("v8", "a link without a scheme to another host", "organizations.links",
      on("GET", "getOrganizations", linked("//evil.example/v8/Organizations/{id}")))  # fmt: skip
enter("v8", "one organization alone has a link out of its version", "organizations.links",
      on("GET", "getOrganization", linked("/v8/../v5/Organizations/{id}")))  # fmt: skip
enter("v7", "one organization alone has a link to another", "organizations.links",
      on("GET", "getOrganization", linked("/v7/Organizations/00000000-0000-4000-8000-0000000000ff")))  # fmt: skip


enter("v8", "no content in place of the organizations", "operations.served",
      on("GET", "getOrganizations", lambda answer: replace(answer, status=204).with_body(b"")))  # fmt: skip


# Logins.


def refreshes(change: Callable[[Answer], Answer]) -> Behaviour:
    """Change the answers to a refresh."""

    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        mine = ask.is_login and parse_qs(ask.body.decode("latin-1")).get("grant_type") == ["refresh_token"]
        return change(answer) if mine and answer.status == 200 else answer

    return behave


enter("v8", "a refresh is for somebody else", "answers.tokens", refreshes(lambda a: a.with_members(userName="svc")))
enter("v8", "a refresh says another life than its dates", "answers.tokens",
      refreshes(lambda answer: answer.with_members(expires_in=60)))  # fmt: skip
enter("v6", "a refresh that proxies may keep", "answers.tokens",
      refreshes(lambda answer: answer.with_header("Cache-Control", "max-age=60")))  # fmt: skip


@defect("token", "token.logout", "token.refresh-unknown", "token.wrong-password", api="v8")
def a_login_is_refused_with_200(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    refused = ask.is_login and ask.method == "POST" and answer.status == 400
    return Answer(200, answer.headers, b"").with_json({"error": "invalid_grant"}) if refused else answer


@login_defect("answers.agree")
def a_login_with_dates_of_owin_in_local_time(server: Server, answer: Answer) -> Answer:
    issued = datetime.fromisoformat(answer.json[".issued"]).astimezone(UTC) + timedelta(hours=2)
    expires = issued + timedelta(seconds=answer.json["expires_in"])
    return answer.with_members(**{".issued": format_datetime(issued, usegmt=True),
                                  ".expires": format_datetime(expires, usegmt=True)})  # fmt: skip


@defect("token", "answers.tokens")
def tokens_that_differ_by_the_time_alone(server: Server, ask: Ask) -> Answer:
    tokens = server.memory.setdefault("tokens", {})
    if ask.token in tokens:
        ask = ask.with_header("Authorization", f"{ask.headers['Authorization'].split()[0]} {tokens[ask.token]}")
    answer = server.answer(ask)
    if not (ask.is_login and answer.status == 200):
        return answer
    base = server.memory.setdefault("base", token_urlsafe(24))
    token = f"{base}{(1_900_000_000_000 + server.count() * 104_729) % 10**9:09}"
    tokens[token] = answer.json["access_token"]
    return answer.with_members(access_token=token)
