"""Habits of lawful servers that come from their stacks: ASP.NET, Express, Go, PHP, gateways and load balancers."""

import gzip
import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha1, sha256
from typing import Any
from urllib.parse import unquote
from uuid import UUID

from mutants.defects import with_code
from mutants.harness import Answer, Ask, Behaviour, Server, say
from mutants.lawful_habits import HABITS, habit, text
from veeam_contracts.paths import is_at

__all__ = ["HABITS"]


def is_odd(path: str) -> bool:
    """Whether a gateway or a router may read a path in its own way."""
    bare = path.partition("?")[0]
    return unquote(bare) != bare or "//" in bare or "/." in bare or ";" in bare or bare.endswith((".", ".json", "/"))


def on_codes(change: Callable[[Server, Answer], Answer]) -> Behaviour:
    """Change the codes of every operation that gives some, but for restores, whose codes somebody approves by name."""

    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        mine = answer.status == 200 and b'"userCode"' in answer.body and "restoresessions" not in ask.path.lower()
        return change(server, answer) if mine else answer

    behave.__name__ = change.__name__
    return behave


@habit()
def answers_are_compressed(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    if not answer.body or "gzip" not in ask.headers.get("Accept-Encoding", ""):
        return answer
    return answer.with_body(gzip.compress(answer.body)).with_header("Content-Encoding", "gzip")


@habit()
def a_weak_etag_on_every_answer_as_of_express(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    digest = sha1(answer.body, usedforsecurity=False).hexdigest()[:27]
    return answer.with_header("ETag", f'W/"{len(answer.body):x}-{digest}"').with_header("X-Powered-By", "Express")


@habit()
def private_as_asp_net_says(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask).with_header("Pragma", None).with_header("Cache-Control", "private")
    return answer.with_header("Server", "Microsoft-IIS/10.0").with_header("X-AspNet-Version", "4.0.30319")


@habit()
def expired_at_once_as_iis_says(server: Server, ask: Ask) -> Answer:
    return server.answer(ask).with_header("Cache-Control", "no-cache").with_header("Expires", "-1")


@habit()
def expired_long_ago_as_php_says(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask).with_header("Expires", "Thu, 19 Nov 1981 08:52:00 GMT")
    return answer.with_header("Cache-Control", "no-store, no-cache, must-revalidate").with_header("Pragma", "no-cache")


@habit()
def a_cache_in_front_that_kept_nothing(server: Server, ask: Ask) -> Answer:
    fields = {"X-Cache": "MISS from edge", "X-Cache-Hits": "0", "CF-Cache-Status": "DYNAMIC", "Age": "0",
              "Cache-Status": "edge; fwd=miss", "Via": "1.1 edge"}  # fmt: skip
    answer = server.answer(ask)
    for name, value in fields.items():
        answer = answer.with_header(name, value)
    return answer


@habit()
def a_load_balancer_sets_a_cookie(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask).with_header("Set-Cookie", "BIGipServerveeam=1677787402.36895.0000; path=/; Secure")
    return answer.with_header("Strict-Transport-Security", "max-age=31536000").with_header("X-Frame-Options", "DENY")


@habit()
def every_origin_may_read_without_credentials(server: Server, ask: Ask) -> Answer:
    return server.answer(ask).with_header("Access-Control-Allow-Origin", "*")


@habit()
def an_origin_is_named_without_credentials(server: Server, ask: Ask) -> Answer:
    answer, origin = server.answer(ask), ask.headers.get("Origin")
    return answer.with_header("Access-Control-Allow-Origin", origin).with_header("Vary", "Origin") if origin else answer


def in_words(name: str, words: str) -> None:
    """Enter messages in these words."""

    def change(server: Server, answer: Answer) -> Answer:
        told = words.format(url=answer.json["verificationUrl"], code=answer.json["userCode"])
        return answer.with_members(message=told)

    change.__name__ = name.replace(" ", "_")
    habit()(on_codes(change))


in_words("a message in Persian", "برای ورود، صفحهٔ {url} را باز کنید و کد {code} را وارد کنید؛ می\u200cتوانید.")
in_words("a message in Arabic that sets the code apart", "افتح \u2068{url}\u2069 وأدخل \u200e{code}\u200e للدخول.")
in_words("a message in Japanese", "ブラウザーで{url}を開き、コード {code} を入力してください。")
in_words("a message of two lines", "Open {url}\nEnter the code {code}")


@habit()
def a_second_login_gives_the_token_of_the_first(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    if not (ask.is_login and answer.status == 200 and b"grant_type=password" in ask.body):
        return answer
    kept = server.memory.get("kept")
    probe = Ask("GET", "/v4/ServiceInstance", say(200).headers, b"")
    good = kept and server.answer(probe.with_header("Authorization", f"Bearer {kept}")).status == 200
    server.memory["kept"] = kept if good else answer.json["access_token"]
    return answer.with_members(access_token=server.memory["kept"])


@habit()
def codes_of_digits_alone(server: Server, ask: Ask) -> Answer:
    def change(server: Server, answer: Answer) -> Answer:
        return with_code(answer, f"{int(sha256(answer.json['userCode'].encode()).hexdigest(), 16) % 10**9:09}")

    return on_codes(change)(server, ask)


@habit()
def codes_of_consonants_alone(server: Server, ask: Ask) -> Answer:
    def change(server: Server, answer: Answer) -> Answer:
        digest = sha256(answer.json["userCode"].encode()).digest()
        return with_code(answer, "".join("BCDFGHJKLMNPQRSTVWXZ"[byte % 20] for byte in digest[:8]))

    return on_codes(change)(server, ask)


@habit()
def pretty_bodies(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    is_json = answer.body and "json" in answer.headers.get("Content-Type", "")
    return answer.with_body(json.dumps(answer.json, indent=4).encode() + b"\r\n") if is_json else answer


@habit()
def slashes_are_escaped_as_php_does(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    is_json = "json" in answer.headers.get("Content-Type", "")
    return answer.with_body(answer.body.replace(b"/", rb"\/")) if is_json else answer


@habit()
def a_charset_in_quotes_and_capital_letters(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    is_json = "json" in answer.headers.get("Content-Type", "")
    return answer.with_header("Content-Type", 'Application/JSON;charset="UTF-8"') if is_json else answer


def with_tokens(name: str, make: Callable[[str], str]) -> None:
    """Enter a server whose tokens are made so, from those of the mock."""

    def behave(server: Server, ask: Ask) -> Answer:
        own = server.memory.setdefault("own", {})
        if ask.token in own and ask.headers["Authorization"].lower().startswith("bearer "):
            ask = ask.with_header("Authorization", f"Bearer {own[ask.token]}")
        answer = server.answer(ask)
        if ask.is_login and answer.status == 200:
            token = make(answer.json["access_token"])
            own[token] = answer.json["access_token"]
            return answer.with_members(access_token=token)
        return answer

    behave.__name__ = name.replace(" ", "_")
    habit()(behave)


def as_jwt(token: str) -> str:
    claims, signature = (urlsafe_b64encode(part).rstrip(b"=").decode() for part in _parts_of(token))
    return f"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.{claims}.{signature}"


def _parts_of(token: str) -> tuple[bytes, bytes]:
    claims = b'{"sub":"administrator","jti":"' + sha256(token.encode()).hexdigest().encode() + b'"}'
    return claims, sha256(b"key" + token.encode()).digest()


with_tokens("tokens that are signed JSON Web Tokens", as_jwt)
with_tokens(
    "tokens that are random UUIDs", lambda token: str(UUID(bytes=sha256(token.encode()).digest()[:16], version=4))
)
with_tokens("tokens of 32 hexadecimal digits", lambda token: sha256(token.encode()).hexdigest()[:32])
with_tokens("tokens of 3000 characters", lambda token: urlsafe_b64encode(sha256(token.encode()).digest() * 70).decode())


@habit()
def a_length_is_wanted(server: Server, ask: Ask) -> Answer:
    return say(411) if "Transfer-Encoding" in ask.headers else server.answer(ask)


@habit()
def a_refusal_in_the_words_of_json_net(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    if not (ask.is_code and answer.status == 400):
        return answer
    what = "Error converting value \"Atlantis\" to type 'Veeam.Archiver.REST.Model.TargetRegion'."
    return answer.with_members(message=f"{what} Path 'targetRegion', line 1, position 28.")


@habit()
def what_is_no_token_is_a_bad_request(server: Server, ask: Ask) -> Answer:
    malformed = ask.token and not re.fullmatch(r"[\w.~+/-]+=*", ask.token, re.ASCII)
    return say(400) if malformed else server.answer(ask)


@habit()
def a_refusal_has_its_message_under_two_names(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    if answer.status < 400 or ask.is_login or not answer.body or b'"message"' not in answer.body:
        return answer
    return answer.with_members(Message=answer.json["message"])


@habit()
def a_refusal_with_the_members_of_a_problem(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    more: dict[str, Any] = {"title": "Bad Request", "status": 400, "traceId": "00-4bf92f3577b34da6a3ce929d0e0e4736-01"}
    return answer.with_members(**more) if ask.is_code and answer.status == 400 else answer


@habit()
def a_gateway_refuses_odd_paths_with_a_page(server: Server, ask: Ask) -> Answer:
    page = b"<!DOCTYPE HTML><HTML><HEAD><TITLE>Bad Request</TITLE></HEAD><BODY>Bad Request - Invalid URL</BODY></HTML>"
    return text(say(400), page) if is_odd(ask.path) else server.answer(ask)


@habit()
def a_gateway_does_not_find_odd_paths_and_says_so_in_text(server: Server, ask: Ask) -> Answer:
    return (
        text(say(404), b"404 page not found\n", "text/plain; charset=utf-8") if is_odd(ask.path) else server.answer(ask)
    )


@habit()
def odd_paths_are_redirected_to_the_clean_one_as_go_does(server: Server, ask: Ask) -> Answer:
    bare = ask.path.partition("?")[0]
    if "//" not in bare and "/." not in bare:
        return server.answer(ask)
    moved = text(say(301), b'<a href="/v4/Organizations">Moved Permanently</a>.\n', "text/html; charset=utf-8")
    return moved.with_header("Location", "/v4/Organizations")


@habit()
def a_slash_too_many_is_redirected_away_as_django_does(server: Server, ask: Ask) -> Answer:
    bare = ask.path.partition("?")[0]
    if ask.method != "GET" or not bare.endswith("/"):
        return server.answer(ask)
    return say(301).with_body(b"").with_header("Location", bare.rstrip("/"))


@habit()
def nobody_and_negotiate_are_offered(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    return (
        answer.with_header("WWW-Authenticate", 'Bearer, Negotiate, NTLM, Basic realm="veeam"')
        if answer.status == 401
        else answer
    )


def of_names(name: str, given: str) -> None:
    """Enter a list whose first organization has this name."""

    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        if ask.method != "GET" or answer.status != 200 or b'"tailspintoys.onmicrosoft.com"' not in answer.body:
            return answer
        old = b'"name":"tailspintoys.onmicrosoft.com"'
        return answer.with_body(answer.body.replace(old, b'"name":' + json.dumps(given).encode()))

    behave.__name__ = name.replace(" ", "_")
    habit()(behave)


of_names("an organization with signs in its name", 'A & B <Holding> "Ltd", 100 % {best} \U0001f30d')
of_names("an organization with a Persian name", "شرکت می\u200cخواهم")


@habit()
def nodes_whose_clocks_differ_by_seconds(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    if "Date" not in answer.headers or server.count("dates") % 2:
        return answer
    behind = parsedate_to_datetime(answer.headers["Date"]) - timedelta(seconds=7)
    return answer.with_header("Date", format_datetime(behind, usegmt=True))


@habit()
def more_members_beside_the_code(server: Server, ask: Ask) -> Answer:
    def change(server: Server, answer: Answer) -> Answer:
        return answer.with_members(interval=5, regionName="Worldwide", expiresAt="2026-11-26T12:00:00Z")

    return on_codes(change)(server, ask)


@habit()
def a_login_of_which_a_second_has_passed(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    if not (ask.is_login and answer.status == 200):
        return answer
    return answer.with_members(expires_in=answer.json["expires_in"] - server.count("logins") % 2)


@habit()
def trace_is_not_allowed_by_the_gateway(server: Server, ask: Ask) -> Answer:
    return text(say(405), b"<html><h1>405 Not Allowed</h1></html>") if ask.method == "TRACE" else server.answer(ask)


@habit()
def links_to_another_port(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    return answer.with_body(answer.body.replace(b"faulty.test:4443", b"FAULTY.test"))


def on_path(operation_id: str) -> Callable[[Ask], bool]:
    return lambda ask: is_at(ask.path, operation_id)


@habit()
def an_unknown_organization_by_a_malformed_id_is_forbidden(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    odd = on_path("getOrganization")(ask) and answer.status in (400, 404) and "00000000" not in ask.path
    return replace(answer, status=403) if odd else answer
