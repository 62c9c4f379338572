"""Habits of lawful servers of version 6 and later, two or three at once where they meet in real stacks."""

import hashlib
import json
import random
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

from mutants.harness import Answer, Ask, Behaviour, Server, say
from mutants.lawful_habits import text
from veeam_contracts.paths import GIVE_CODES, is_at

Step = Callable[[Server, Ask, Callable[[Ask], Answer]], Answer]
"""A habit as a layer: what it does with a request, and with what the layer below answers."""

LATER: list[tuple[str, str, Behaviour, dict[str, Any]]] = []
"""What a server does, its version, how, and with which settings of the mock."""


def habits(name: str, api: str, *steps: Step, **settings: Any) -> None:
    """Enter a server with these layers, the outermost first."""

    def behave(server: Server, ask: Ask, at: int = 0) -> Answer:
        if at == len(steps):
            return server.answer(ask)
        return steps[at](server, ask, lambda further: behave(server, further, at + 1))

    LATER.append((name, api, lambda server, ask: behave(server, ask), settings))


def fields(**told: str) -> Step:
    """Header fields on each answer."""

    def step(server: Server, ask: Ask, below: Callable[[Ask], Answer]) -> Answer:
        answer = below(ask)
        for name, value in told.items():
            answer = answer.with_header(name.replace("_", "-"), value)
        return answer

    return step


def changed(operation_id: str, change: Callable[[Any], Any]) -> Step:
    """Another value in the successes of an operation."""

    def step(server: Server, ask: Ask, below: Callable[[Ask], Answer]) -> Answer:
        answer = below(ask)
        mine = ask.method == "GET" and is_at(ask.path, operation_id) and answer.status == 200
        return answer.with_json(change(answer.json)) if mine else answer

    return step


def told(words: str) -> Step:
    """Codes with a message in these words."""

    def step(server: Server, ask: Ask, below: Callable[[Ask], Answer]) -> Answer:
        answer = below(ask)
        if not is_at(ask.path, *GIVE_CODES) or answer.status != 200:
            return answer
        url = answer.json.get("verificationUrl") or answer.json.get("verificationUri")
        return answer.with_members(message=words.format(url=url, code=answer.json["userCode"]))

    return step


def at_page(url: str) -> Step:
    """Codes with another page of Microsoft's."""

    def step(server: Server, ask: Ask, below: Callable[[Ask], Answer]) -> Answer:
        answer = below(ask)
        if not is_at(ask.path, *GIVE_CODES) or answer.status != 200:
            return answer
        name = "verificationUri" if "verificationUri" in answer.json else "verificationUrl"
        message = answer.json["message"].replace(answer.json[name], url)
        return answer.with_members(**{name: url, "message": message})

    return step


def ending(ends: Callable[[Server, Ask, Answer], set[str]]) -> Step:
    """Tokens that end early, for a reason."""

    def step(server: Server, ask: Ask, below: Callable[[Ask], Answer]) -> Answer:
        ended = server.memory.setdefault("ended", set())
        if ask.token in ended:
            return say(401)
        if ask.is_login and _refresh_in(ask) in ended:
            answer = say(400, {"message": "The token was used before."})
        else:
            answer = below(ask)
        ended |= ends(server, ask, answer)
        return answer

    return step


def _refresh_in(ask: Ask) -> str:
    return parse_qs(ask.body.decode("latin-1")).get("refresh_token", [""])[0]


def a_family(server: Server, ask: Ask, answer: Answer) -> set[str]:
    """A refresh token that is used twice ends all that came of its login (RFC 9700 section 4.14.2)."""
    families = server.memory.setdefault("families", {})
    given = _refresh_in(ask) if ask.is_login else ""
    if ask.is_login and answer.status == 200:
        family = families.get(given) or object()
        families.update(dict.fromkeys((answer.json["access_token"], answer.json["refresh_token"]), family))
        return {given} & set(families)
    return {token for token, family in families.items() if given in families and family is families[given]}


def the_one_before(server: Server, ask: Ask, answer: Answer) -> set[str]:
    """A refresh ends the access token that came with it."""
    if not ask.is_login or answer.status != 200:
        return set()
    beside = server.memory.setdefault("beside", {})
    beside[answer.json["refresh_token"]] = answer.json["access_token"]
    return {beside[token] for token in {_refresh_in(ask)} & set(beside)}


def all_of_the_user(server: Server, ask: Ask, answer: Answer) -> set[str]:
    """A logout ends every login of the user."""
    given = server.memory.setdefault("given", set())
    if ask.is_login and answer.status == 200:
        given |= {answer.json["access_token"], answer.json["refresh_token"]}
    return set(given) if is_at(ask.path, "logOut") and answer.status < 300 else set()


def all_before(server: Server, ask: Ask, answer: Answer) -> set[str]:
    """A login ends all that the user was given before."""
    given = server.memory.setdefault("given", set())
    if not ask.is_login or answer.status != 200:
        return set()
    before = set() if _refresh_in(ask) else set(given)
    given |= {answer.json["access_token"], answer.json["refresh_token"]}
    return before


def all_but_two(server: Server, ask: Ask, answer: Answer) -> set[str]:
    """A user has two logins at most."""
    given = server.memory.setdefault("given", [])
    if ask.is_login and answer.status == 200:
        given.append({answer.json["access_token"], answer.json["refresh_token"]})
    return set().union(*given[:-2])


def json_web_tokens(server: Server, ask: Ask, below: Callable[[Ask], Answer]) -> Answer:
    """Access tokens as JSON Web Tokens, which have much in common."""
    known = server.memory.setdefault("known", {})
    if ask.token in known:
        ask = ask.with_header("Authorization", f"{ask.headers['Authorization'].split()[0]} {known[ask.token]}")
    answer = below(ask)
    if not (ask.is_login and answer.status == 200):
        return answer
    claims = {"iss": "https://veeam.example", "sub": "administrator", "exp": server.count("tokens")}
    head, body = ({"alg": "RS256", "kid": "A1"}, claims)
    signed = ".".join(urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (head, body))
    sign = urlsafe_b64encode(hashlib.sha512(f"{signed} key".encode()).digest() * 4).rstrip(b"=").decode()
    known[f"{signed}.{sign}"] = answer.json["access_token"]
    return answer.with_members(access_token=f"{signed}.{sign}")


def in_another_order(value: Any) -> Any:
    """Organizations in another order each time, with what changes from call to call."""
    listed = value["results"] if isinstance(value, dict) else value
    random.shuffle(listed)
    for item in listed:
        item["lastBackuptime"] = f"2026-11-27T00:00:00.{random.randrange(10**7):07}Z"
    return {**value, "setId": str(uuid4())} if isinstance(value, dict) else listed


def capital_ids(value: Any) -> Any:
    """Ids in capital letters, in a summary."""
    listed = value["results"] if isinstance(value, dict) else value
    short = [{"id": item["id"].upper(), "name": item["name"]} for item in listed]
    return {**value, "results": short} if isinstance(value, dict) else short


def with_query(value: Any) -> Any:
    """A link in small letters with a query."""
    return {**value, "_links": {"self": {"href": f"/v8/organizations/{value['id']}?extendedView=true"}}}


def starts_up(server: Server, ask: Ask, below: Callable[[Ask], Answer]) -> Answer:
    """The gateway says with a page that the server is not ready, twice."""
    page = text(say(503), b"<html><body><h1>503 Service Unavailable</h1></body></html>")
    return page.with_header("Retry-After", "1") if server.count() <= 2 else below(ask)


def limits_logins(server: Server, ask: Ask, below: Callable[[Ask], Answer]) -> Answer:
    """Every third request for a token comes too soon."""
    soon = ask.is_login and ask.method == "POST" and server.count("logins") % 3 == 0
    return say(429).with_header("Retry-After", "1") if soon else below(ask)


def routed_nowhere(server: Server, ask: Ask, below: Callable[[Ask], Answer]) -> Answer:
    """The framework knows no other methods, and says 404 without a body."""
    answer = below(ask)
    return (
        replace(answer.with_body(b""), status=404).with_header("Content-Type", None) if answer.status == 405 else answer
    )


def words_of_the_gateway(server: Server, ask: Ask, below: Callable[[Ask], Answer]) -> Answer:
    """The gateway checks tokens, and refuses in plain text."""
    answer = below(ask)
    return text(answer, b"Jwt verification fails", "text/plain") if answer.status == 401 else answer


def words_of_system_text_json(server: Server, ask: Ask, below: Callable[[Ask], Answer]) -> Answer:
    """Refusals in the words of System.Text.Json, types and places included."""
    answer = below(ask)
    words = "The JSON value could not be converted to Veeam.Archiver.REST.Region. Path: $.targetRegion | LineNumber: 0."
    return answer.with_members(message=words) if answer.status == 400 and not ask.is_login else answer


CLOUDFLARE = fields(CF_Cache_Status="DYNAMIC", CF_RAY="8c1a2b3c4d5e6f70-FRA", NEL='{"report_to":"cf-nel"}', Age="0")
FASTLY = fields(X_Cache="MISS, MISS", X_Cache_Hits="0, 0", X_Timer="S1700000000.123456,VS0,VE12", Age="0")
AKAMAI = fields(X_Cache="TCP_MISS from a23-40-1-2.deploy", Server_Timing="cdn-cache; desc=MISS, edge; dur=12")
VARNISH = fields(X_Varnish="32770", Via="1.1 varnish", X_Cache="HIT-FOR-PASS")
SPRING = fields(Cache_Control="no-cache, no-store, max-age=0, must-revalidate", Pragma="no-cache", Expires="0")
AZURE = fields(Set_Cookie=f"ARRAffinity={hashlib.sha256(b'x').hexdigest()};Path=/;HttpOnly", X_Cache="CONFIG_NOCACHE")

habits("a server behind Cloudflare with JSON Web Tokens", "v8", CLOUDFLARE, json_web_tokens)
habits("a server behind Fastly whose lists change", "v7", FASTLY, changed("getOrganizations", in_another_order))
habits("a server behind Akamai", "v6", AKAMAI)
habits("a server behind Varnish that starts up", "v8", VARNISH, starts_up)
habits("a server on Spring that limits logins", "v8", SPRING, limits_logins)
habits("a server in Azure with summaries", "v8", AZURE, changed("getOrganizations", capital_ids))
habits("a reused refresh token ends its family", "v8", ending(a_family))
habits("a reused refresh token ends its family, behind a gateway", "v6", words_of_the_gateway, ending(a_family))
habits("a refresh ends the access token before", "v7", ending(the_one_before))
habits("a logout ends every login of the user", "v8", ending(all_of_the_user))
habits("a login ends all before it", "v7", ending(all_before))
habits(
    "a login and a refresh end what was before", "v8", words_of_the_gateway, ending(all_before), ending(the_one_before)
)
habits("two logins for each user", "v6", ending(all_but_two), changed("getOrganizations", in_another_order))
habits(
    "links with a query", "v8", changed("getOrganization", with_query), changed("getOrganizations", in_another_order)
)
habits("other methods get a bare 404", "v8", routed_nowhere)
habits("a gateway that checks JSON Web Tokens", "v8", words_of_the_gateway, json_web_tokens)
habits("refusals of System.Text.Json", "v8", words_of_system_text_json, SPRING)
habits("a message with words in capital letters", "v6",
       told('IMPORTANT: to sign in to MICROSOFT AZURE open "{url}" and enter {code}. Lives 15 minutes.'))  # fmt: skip
habits("a message in Chinese", "v8", told("请使用 Web 浏览器打开页面{url}，并输入代码{code}。"))
habits("the page of Microsoft's login", "v8", at_page("https://login.microsoft.com/device"))
habits("the page of Microsoft's grant", "v6", at_page("https://login.microsoftonline.com/common/oauth2/deviceauth"))
habits("tenants whose names look like something else", "v8", organizations=[
    {"id": f"00000000-0000-4000-8000-00000000010{at}", "name": name}
    for at, name in enumerate(("Select Staffing from Heaven", "O'Reilly & Söhne <Nord>", "10.0.0.1 Hosting"))
])  # fmt: skip
