"""Planted defects of answers as such: framing, encodings, caches, leaks, and what real clients send."""

from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import md5, sha256
from urllib.parse import parse_qs

from mutants.defects import code_defect, defect, login_defect, with_code
from mutants.defects_of_access import LOGIN
from mutants.defects_of_content import leak, trace
from mutants.harness import PASSWORD, Answer, Ask, Behaviour, Server, say
from veeam_contracts.paths import is_at


def enter(name: str, group: str, rule: str, behave: Behaviour) -> None:
    """Enter a server into the table under this name."""
    behave.__name__ = name.replace(" ", "_")
    defect(group, rule)(behave)


def on(operation_id: str, change: Callable[[Server, Answer], Answer]) -> Behaviour:
    """Change the successes of an operation that is asked by GET."""

    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        mine = ask.method == "GET" and is_at(ask.path, operation_id) and answer.status == 200
        return change(server, answer) if mine else answer

    return behave


def on_refused_codes(change: Callable[[Answer], Answer]) -> Behaviour:
    """Change the answers that refuse a code for what was asked."""

    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        return change(answer) if ask.is_code and answer.status == 400 else answer

    return behave


# Framing and encodings that two readers read differently.


@code_defect("answers.json")
def a_byte_order_mark_before_a_code(server: Server, answer: Answer) -> Answer:
    return answer.with_body(b"\xef\xbb\xbf" + answer.body)


@code_defect("code.media-type")
def a_code_in_latin_1(server: Server, answer: Answer) -> Answer:
    return answer.with_header("Content-Type", "application/json; charset=iso-8859-1")


@code_defect("code.media-type")
def a_media_type_that_comes_twice(server: Server, answer: Answer) -> Answer:
    return answer.with_header("Content-Type", "application/json, application/json")


@code_defect("code.framing")
def a_code_with_a_length_and_in_chunks(server: Server, answer: Answer) -> Answer:
    return answer.with_header("Transfer-Encoding", "chunked")


@code_defect("answers.json")
def a_member_comes_twice_in_another_case(server: Server, answer: Answer) -> Answer:
    return answer.with_body(b'{"UserCode": "AAAAAAAA2",' + answer.body.lstrip()[1:])


@code_defect("code.expires-in", "code.properties")
def a_life_with_a_point(server: Server, answer: Answer) -> Answer:
    return answer.with_body(answer.body.replace(b'"expiresIn":900', b'"expiresIn":900.0'))


@code_defect("code.properties", "code.media-type", "answers.json", "code.example")
def an_empty_body_with_200(server: Server, answer: Answer) -> Answer:
    return answer.with_body(b"")


UTF_16 = "application/json; charset=utf-16"
enter("the list of organizations says UTF-16", "answers", "answers.json",
      on("getOrganizations", lambda s, a: a.with_header("Content-Type", UTF_16)))  # fmt: skip
enter("the list of organizations is in latin 1", "answers", "answers.json",
      on("getOrganizations", lambda s, a: a.with_body(a.body.replace(b"toys", b"t\xf6ys"))))  # fmt: skip


@login_defect("answers.framing")
def a_login_with_a_length_and_in_chunks(server: Server, answer: Answer) -> Answer:
    return answer.with_header("Transfer-Encoding", "chunked")


TWICE = on("getOrganizations", lambda s, a: a.with_header("Content-Length", f"{len(a.body)}, {len(a.body)}"))
enter("a list with two lengths", "answers", "answers.framing", TWICE)


# What lets somebody store a code or a token, or shows that it was stored.

STORED = {
    "until a date": ("Expires", "Fri, 01 Jan 2100 00:00:00 GMT"),
    "in a content network": ("CDN-Cache-Control", "max-age=60"),
    "in a cache in front": ("Surrogate-Control", "max-age=60"),
    "that a cache counted hits of": ("X-Cache-Hits", "3"),
    "with a cache status of a hit": ("Cache-Status", '"edge"; hit; ttl=30'),
    "that Cloudflare had": ("CF-Cache-Status", "HIT"),
    "that nginx had": ("X-Proxy-Cache", "HIT"),
    "that a cache calls stale": ("Warning", '110 - "Response is Stale"'),
    "that Varnish had": ("X-Varnish", "32770 3"),
    "that Akamai had": ("X-Cache", "TCP_MEM_HIT from a23-40-1-2.deploy (AkamaiGHost)"),
    "that nginx gives although it is stale": ("X-Cache-Status", "STALE"),
    "that a cache in its timing says it had": ("Server-Timing", "cdn-cache; desc=HIT"),
    "with one field not to be kept": ("Cache-Control", 'no-cache="Set-Cookie", max-age=30'),
    "for nginx in front": ("X-Accel-Expires", "60"),
}


def stored(name: str, header: str, value: str) -> None:
    """Enter a code and a login with this field."""

    def change(server: Server, answer: Answer) -> Answer:
        for field in ("Cache-Control", "Pragma", header):
            answer = answer.with_header(field, None)
        return answer.with_header(header, value)

    change.__name__ = f"a code {name}".replace(" ", "_")
    code_defect("code.fresh")(change)
    change.__name__ = f"a login {name}".replace(" ", "_")
    login_defect("token.fresh")(change)


for name, (header, value) in STORED.items():
    stored(name, header, value)


@code_defect("code.fresh")
def a_code_that_a_cache_in_front_may_keep_although_nobody_else_may(server: Server, answer: Answer) -> Answer:
    return answer.with_header("Cache-Control", "no-store").with_header("CDN-Cache-Control", "max-age=60")


enter("the organizations come out of a cache", "answers", "answers.private",
      on("getOrganizations", lambda s, a: a.with_header("X-Cache", "HIT")))  # fmt: skip
enter("the organizations may be kept for a minute and then asked for again", "answers", "answers.private",
      on("getOrganizations", lambda s, a: a.with_header("Cache-Control", "max-age=60, must-revalidate")))  # fmt: skip
enter("the organizations may be kept by shared caches", "answers", "answers.private",
      on("getOrganizations", lambda s, a: a.with_header("Cache-Control", "public, max-age=60")))  # fmt: skip
enter("the installation may be kept by shared caches", "answers", "answers.private",
      on("getServiceInstance", lambda s, a: a.with_header("Cache-Control", "s-maxage=60")))  # fmt: skip


# Leaks.

for name, text in {
    "a host of a cluster in a refusal": "dial tcp: lookup veeam-db.backup.svc.cluster.local: no such host",
    "an internal host in a refusal": "Cannot connect to sql01.corp.internal",
    "an address with credentials in a refusal": "cannot reach mongodb://veeam:hunter22@db/archiver",
    "the name of an exception of Java in a refusal": 'java.lang.NumberFormatException: For input string: "x"',
    "the name of an exception of .NET in a refusal": "System.Data.SqlClient.SqlException: Timeout expired",
    "the path of a container in a refusal": "ENOENT: no such file, open '/app/config/regions.json'",
    "a type of Go in a refusal": "json: cannot unmarshal array into Go struct field Request.region of type string",
    "an object of Python in a refusal": "<veeam.Region object at 0x7f3cb2a1d2e0> is unknown",
    "the hash of a password in a refusal": "$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
    "a key of a cloud in a refusal": "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE",
}.items():
    leak(name, text)

for name, text in {
    "a trace of Ruby": "app/controllers/codes.rb:12:in `create'",
    "an uncaught exception of PHP": "Uncaught TypeError: strlen() in Code.php:12\nStack trace:\n#0 {main}",
    "a trace of Node in a member of JSON": r'{"message": "x", "stack": "Error\n    at handle (/app/index.js:10:5)\n"}',
    "a trace of Java in a member of JSON": r'{"message": "x", "trace": "x\n\tat org.veeam.Codes.get(Codes.java:10)\n"}',
    "a trace of Python in a member of JSON": r'{"message": "x", "detail": ["  File \"app.py\", line 3, in get\n"]}',
}.items():
    trace(name, text)


@code_defect("answers.no-leak")
def the_device_code_beside_the_user_code(server: Server, answer: Answer) -> Answer:
    secret = "GAQABIQEAAAAmoFfGtYxvRrNriQdPKIZ-2b64dTFbGcmRF3rSBagHQGtBcyz0K"
    return answer.with_members(deviceCode=secret)


@code_defect("answers.no-leak")
def a_secret_of_the_application_beside_the_code(server: Server, answer: Answer) -> Answer:
    return answer.with_members(clientSecret="k7~8Q~3rSBagHQGtBcyz0KsOZDZ8n")


@login_defect("answers.no-secret")
def a_login_with_the_hash_of_the_password(server: Server, answer: Answer) -> Answer:
    return answer.with_members(key=sha256(PASSWORD.encode()).hexdigest())


@login_defect("answers.no-secret")
def a_login_with_the_hash_of_the_password_in_base64(server: Server, answer: Answer) -> Answer:
    return answer.with_members(check=b64encode(md5(PASSWORD.encode(), usedforsecurity=False).digest()).decode())


@defect("token", "answers.no-secret")
def a_refused_form_is_repeated_as_it_came(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    wrong = ask.is_login and answer.status == 400
    return answer.with_members(error_description=f"Bad form: {ask.body.decode('latin-1')}") if wrong else answer


@defect("token", "answers.no-secret")
def a_refused_password_is_repeated_in_base64(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    sent = parse_qs(ask.body.decode("latin-1")).get("password", [""])[0]
    wrong = ask.is_login and answer.status == 400 and sent
    return answer.with_members(error_description=b64encode(sent.encode()).decode()) if wrong else answer


@defect("request", "answers.error-shape")
def a_refusal_is_a_problem_without_a_message(server: Server, ask: Ask) -> Answer:
    problem = {"type": "about:blank", "title": "Bad Request", "status": 400, "traceId": "00-4bf92f3577b34da6-01"}
    return on_refused_codes(lambda answer: answer.with_json(problem))(server, ask)


@defect("request", "answers.error-shape")
def a_refusal_is_a_list_of_details(server: Server, ask: Ask) -> Answer:
    details = {"detail": [{"loc": ["body", "targetRegion"], "msg": "Input should be 'worldwide'", "type": "enum"}]}
    return on_refused_codes(lambda answer: answer.with_json(details))(server, ask)


@defect("request", "answers.error-shape")
def a_refusal_is_a_text_in_json(server: Server, ask: Ask) -> Answer:
    return on_refused_codes(lambda answer: answer.with_json("Bad request"))(server, ask)


# Answers that disagree.


def _flip(server: Server, answer: Answer, change: Callable[[Answer], Answer]) -> Answer:
    return change(answer) if server.count("flips") % 2 == 0 else answer


enter("two nodes of two installations", "answers", "answers.agree",
      on("getServiceInstance", lambda s, a: _flip(s, a, lambda a: a.with_members(installationId="other"))))  # fmt: skip
enter("two nodes that name an organization differently", "answers", "answers.agree",
      on("getOrganizations", lambda s, a: _flip(s, a, lambda a: a.with_body(
          a.body.replace(b"tailspintoys.onmicrosoft.com", b"tailspin.example")))))  # fmt: skip


@defect("answers", "answers.agree")
def two_nodes_with_two_clocks(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    if ask.is_login or "Date" not in answer.headers or server.count("clocks") % 2:
        return answer
    behind = parsedate_to_datetime(answer.headers["Date"]) - timedelta(hours=1)
    return answer.with_header("Date", format_datetime(behind, usegmt=True))


@defect("answers", "answers.tokens")
def lives_of_logins_that_shrink(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    if not (ask.is_login and answer.status == 200):
        return answer
    kept = {name: value for name, value in answer.json.items() if not name.startswith(".")}
    return answer.with_json({**kept, "expires_in": 3600 - 300 * server.count("logins")})


# Codes that somebody can guess.


@code_defect("code.unpredictable")
def codes_that_grow_by_a_large_step(server: Server, answer: Answer) -> Answer:
    return with_code(answer, _in_base_36(36**8 // 7 + 1_234_567_891 * server.count()))


@code_defect("code.unpredictable")
def codes_that_shrink_by_a_large_step(server: Server, answer: Answer) -> Answer:
    return with_code(answer, _in_base_36(36**8 - 1 - 1_234_567_891 * server.count()))


@code_defect("code.unpredictable")
def codes_of_which_half_is_always_the_same(server: Server, answer: Answer) -> Answer:
    return with_code(answer, f"VEEAM{answer.json['userCode'][:4]}")


def _in_base_36(number: int) -> str:
    digits = ""
    for _ in range(8):
        number, digit = divmod(number, 36)
        digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[digit] + digits
    return digits


# What real clients send.


def refuses(name: str, rule: str, wrong: Callable[[Ask], bool], status: int = 400) -> None:
    """Enter a server that refuses what a real client sends."""

    def behave(server: Server, ask: Ask) -> Answer:
        return say(status) if wrong(ask) else server.answer(ask)

    enter(name, "code", rule, behave)


def named(ask: Ask) -> str:
    return ask.headers.get("User-Agent", "")


refuses("an expectation is refused", "code.clients", lambda ask: ask.is_code and "Expect" in ask.headers, 417)
refuses("a body in chunks is not read", "code.clients",
        lambda ask: ask.is_code and "Transfer-Encoding" in ask.headers)  # fmt: skip
refuses("PowerShell is not let in", "code.clients", lambda ask: ask.is_code and "PowerShell" in named(ask), 403)
refuses("a token is bound to the name of the client", "code.clients",
        lambda ask: ask.token != "" and not named(ask).startswith("python-requests"), 401)  # fmt: skip
refuses("an answer must be asked for as JSON", "code.clients",
        lambda ask: ask.is_code and ask.headers.get("Accept", "") != "application/json", 406)  # fmt: skip
refuses("the region of the list is not known", "code.clients",
        lambda ask: ask.is_code and b'"Worldwide"' in ask.body)  # fmt: skip
refuses("a login must not name its charset", "token.clients",
        lambda ask: ask.is_login and "charset" in ask.headers.get("Content-Type", ""), 415)  # fmt: skip


@defect("token", "token.alive")
def a_token_that_opens_only_from_its_second_call_on(server: Server, ask: Ask) -> Answer:
    first = ask.token and server.count(ask.token) == 1
    return say(401) if first and server.answer(ask).status != 401 else server.answer(ask)


# Bodies that crash what parses them.


def crash(name: str, rule: str, wrong: Callable[[Ask], bool]) -> None:
    """Enter a server that fails on a wrong body."""

    def behave(server: Server, ask: Ask) -> Answer:
        return say(500, {"message": "Oops."}) if ask.is_code and ask.token and wrong(ask) else server.answer(ask)

    behave.__name__ = name.replace(" ", "_")
    defect("request", rule, "answers.no-5xx")(behave)


crash("a deep body crashes", "request.not-an-object", lambda ask: b"[" * 500 in ask.body)
crash("a huge number crashes", "request.region-type", lambda ask: b"9" * 500 in ask.body)
crash("half of a pair crashes", "request.region-non-ascii", lambda ask: b"\\ud83c" in ask.body and len(ask.body) < 40)


def without(operation_id: str, status: int, name: str) -> None:
    """Enter a server that does not have this operation, and says so in another way."""

    def behave(server: Server, ask: Ask) -> Answer:
        return say(status) if is_at(ask.path, operation_id) else server.answer(ask)

    behave.__name__ = name.replace(" ", "_")
    defect("operations", "operations.served", alone=True)(behave)


without("getOrganizationDeviceCode", 501, "the code of an organization is not implemented")
without("getServiceInstance", 405, "the installation is another method")
without("getDeviceCode", 405, "the device code is another method")


@defect("code", "code.status", "code.example")
def every_code_is_forbidden(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    return say(403) if ask.is_code and ask.method == "POST" and answer.status == 200 else answer


@defect("credentials", "token.alive")
def a_token_that_opens_nothing(server: Server, ask: Ask) -> Answer:
    return say(401) if ask.token else server.answer(ask)


@defect("token", "token.logout", api="v7")
def a_logout_leaves_the_refresh_token(server: Server, ask: Ask) -> Answer:
    kept = server.memory.setdefault("kept", set())
    refresh = parse_qs(ask.body.decode("latin-1")).get("refresh_token", [""])[0]
    answer = server.answer(ask)
    if ask.is_login and answer.status == 200:
        kept.add(answer.json["refresh_token"])
    if ask.is_login and answer.status == 400 and refresh in kept and server.count(refresh) == 1:
        return server.answer(ask.with_json(LOGIN))
    return answer
