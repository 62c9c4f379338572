"""Planted defects that show in exchanges which a run has anyway: messages, leaks, caches, disagreement, credentials."""

from base64 import urlsafe_b64encode
from collections.abc import Callable

from mutants.defects import code_defect, defect, login_defect
from mutants.defects_of_access import let_in
from mutants.harness import Answer, Ask, Behaviour, Server
from veeam_contracts.paths import is_at


def with_more(answer: Answer, more: str) -> Answer:
    """A message with more at its end."""
    return answer.with_members(message=answer.json["message"] + more)


MORE = {
    "a second code in the message": " Or enter QWERTY123.",
    "a second address in the message": " Or open https://devicelogin.example/now.",
    "an address without a scheme in the message": " Or open www.devicelogin.example.",
    "markup in the message": " <b>Hurry!</b>",
    "a zero width space in the message": "\u200b",
    "a right to left mark in the message": "\u202e",
    "an escape sequence in the message": "\x1b[2J",
    "a placeholder in the message": " Hello {0}.",
    "an undefined in the message": " Dear undefined.",
    "an absurdly long message": " Please." * 400,
}


def add_to_message(name: str, more: str) -> None:
    def change(server: Server, answer: Answer) -> Answer:
        return with_more(answer, more)

    change.__name__ = name.replace(" ", "_")
    code_defect("code.message-clean")(change)


for name, more in MORE.items():
    add_to_message(name, more)


LEAKS = {
    "SQL in a refusal": "SELECT * FROM dbo.Organizations WHERE id = 'x'",
    "an SQL error in a refusal": "ORA-00942: table or view does not exist",
    "a Windows path in a refusal": r"Could not load C:\Program Files\Veeam\Archiver\x.dll",
    "a Unix path in a refusal": "Cannot open /var/lib/veeam/archiver.db",
    "a private address in a refusal": "No route to 10.20.30.40",
    "a connection string in a refusal": "Server=db1;Database=veeam;User=sa;Password=hunter22",
}


def leak(name: str, text: str) -> None:
    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        return answer.with_members(message=text) if ask.is_code and answer.status == 400 else answer

    behave.__name__ = name.replace(" ", "_")
    defect("answers", "answers.no-leak")(behave)


for name, text in LEAKS.items():
    leak(name, text)


TRACES = {
    "a trace of Node": "TypeError: x\n    at handler (/app/routes/code.js:10:5)",
    "a trace of Go": "panic: boom\n\ngoroutine 17 [running]:",
    "a trace of PHP": "PHP Fatal error in code.php on line 12",
    "a trace of Java": "Caused by: java.lang.NullPointerException",
}


def trace(name: str, text: str) -> None:
    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        bad = ask.is_code and answer.status == 400
        return answer.with_body(text.encode()).with_header("Content-Type", "text/plain") if bad else answer

    behave.__name__ = name.replace(" ", "_")
    defect("answers", "answers.no-trace")(behave)


for name, text in TRACES.items():
    trace(name, text)


@defect("answers", "answers.no-leak")
def a_path_in_a_header_field(server: Server, ask: Ask) -> Answer:
    return server.answer(ask).with_header("X-Served-From", r"D:\inetpub\veeam\bin")


@defect("answers", "answers.no-echo")
def a_long_value_is_repeated(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    long = ask.is_code and answer.status == 400 and len(ask.body) > 10_000
    return answer.with_members(message=f"What is {ask.json['targetRegion']}?") if long else answer


@code_defect("answers.json")
def a_member_comes_twice(server: Server, answer: Answer) -> Answer:
    return answer.with_body(b'{"userCode": "AAAAAAAA2",' + answer.body.lstrip()[1:])


@defect("answers", "answers.agree")
def every_third_list_lacks_an_organization(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    listing = is_at(ask.path, "getOrganizations") and ask.method == "GET" and answer.status == 200
    return answer.with_json(answer.json[:-1]) if listing and server.count("lists") % 3 == 0 else answer


@defect("answers", "answers.agree")
def two_nodes_of_two_versions(server: Server, ask: Ask) -> Answer:
    answer = server.answer(ask)
    mine = is_at(ask.path, "getServiceInstance") and answer.status == 200
    return answer.with_members(version="4.0.0.1") if mine and server.count("nodes") % 2 else answer


@login_defect("answers.agree")
def logins_dated_an_hour_ahead(server: Server, answer: Answer) -> Answer:
    return answer.with_header("Date", "Mon, 01 Jan 2001 00:00:00 GMT")


def stored(name: str, header: str, value: str) -> None:
    """Enter logins that a cache may keep."""

    def change(server: Server, answer: Answer) -> Answer:
        return answer.with_header("Pragma", None).with_header(header, value)

    change.__name__ = name.replace(" ", "_")
    login_defect("token.fresh")(change)


stored("a login that proxies may keep", "Cache-Control", "public, max-age=60")
stored("a login that shared caches may keep", "Cache-Control", "s-maxage=60")
stored("a login out of a cache", "Age", "12")
stored("a login that a cache says it had", "X-Cache", "HIT from proxy")


@code_defect("code.fresh")
def a_code_that_a_cache_says_it_had(server: Server, answer: Answer) -> Answer:
    return answer.with_header("X-Cache", "HIT")


@code_defect("code.url")
def an_address_with_a_port(server: Server, answer: Answer) -> Answer:
    old, new = answer.json["verificationUrl"], "https://microsoft.com:8443/devicelogin"
    return answer.with_members(verificationUrl=new, message=answer.json["message"].replace(old, new))


def opens(name: str, rule: str, mistaken: Callable[[str, str], bool]) -> None:
    """Enter a server that takes a bent token for the one that it gave."""

    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        issued = server.memory.setdefault("issued", [])
        if ask.is_login and answer.status == 200:
            issued.append(answer.json["access_token"])
        bent = answer.status == 401 and any(mistaken(ask.token, token) for token in issued)
        return let_in(server, ask) if bent else answer

    behave.__name__ = name.replace(" ", "_")
    defect("credentials", rule)(behave)


opens("a token with more behind it opens", "credentials.longer", lambda sent, token: sent[:-1] == token)
opens("a token with a comma behind it opens", "credentials.longer", lambda sent, token: sent == f"{token},x")
opens("a token in another case opens", "credentials.case", lambda sent, token: sent.lower() == token.lower())


def as_jwt(token: str) -> str:
    body = urlsafe_b64encode(token.encode()).rstrip(b"=").decode()
    return f"eyJhbGciOiJIUzI1NiJ9.{body}.c2lnbmF0dXJlLW9mLWEtdG9rZW4tdGhhdC1pcy1sb25n"


@defect("credentials", "credentials.unsigned")
def the_signature_of_a_token_may_be_left_out(server: Server, ask: Ask) -> Answer:
    known = server.memory.setdefault("known", {})
    unsigned = {f"{jwt.split('.')[1]}": token for jwt, token in known.items()}
    parts = ask.token.split(".")
    if ask.token in known:
        ask = ask.with_header("Authorization", f"{ask.headers['Authorization'].split()[0]} {known[ask.token]}")
    elif len(parts) == 3 and not parts[2] and parts[1] in unsigned:
        ask = ask.with_header("Authorization", f"Bearer {unsigned[parts[1]]}")
    answer = server.answer(ask)
    if ask.is_login and answer.status == 200:
        jwt = as_jwt(answer.json["access_token"])
        known[jwt] = answer.json["access_token"]
        return answer.with_members(access_token=jwt)
    return answer


def side_door(name: str, is_open: Callable[[str], bool]) -> None:
    """Enter a server that does not ask for a token at another spelling of the path."""

    def behave(server: Server, ask: Ask) -> Answer:
        inside = ask.method == "GET" and not ask.token and "organizations" in ask.path.lower() and is_open(ask.path)
        plain = Ask(ask.method, "/v4/Organizations", ask.headers, ask.body)
        return let_in(server, plain) if inside else server.answer(ask)

    behave.__name__ = name.replace(" ", "_")
    defect("credentials", "credentials.side-doors")(behave)


side_door("a slash at the end opens", lambda path: path.endswith("/"))
side_door("two slashes open", lambda path: "//" in path)
side_door("capital letters open", lambda path: path.isupper())
side_door("a parameter in the path opens", lambda path: ";" in path)


def refuses(name: str, wrong: Callable[[bytes], bool]) -> Behaviour:
    """Enter a server that reads JSON by its bytes."""

    def behave(server: Server, ask: Ask) -> Answer:
        bad = ask.is_code and ask.token and wrong(ask.body)
        return server.answer(ask.with_json({"targetRegion": "Atlantis"})) if bad else server.answer(ask)

    behave.__name__ = name.replace(" ", "_")
    return defect("code", "code.clients")(behave)


refuses("a compact body is refused", lambda body: body.startswith(b'{"targetRegion":"'))
refuses("line breaks are refused", lambda body: b"\r\n" in body)
refuses("escapes are refused", lambda body: b"\\u0077" in body)
