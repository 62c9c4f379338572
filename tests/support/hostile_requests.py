"""Hostile requests, as bytes, each kind drawn anew from a seed; and the figure of how much memory a process has."""

import random
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from urllib.parse import quote

from veeam_mock.messages import HEADER_LIMIT, Request

PATHS = ["/v4/Token", "/v4/DeviceCode", "/v4/Organizations", "/swagger/docs/v4", "/__admin/faults", "/~world/v4/Token"]
CALLS = [
    "/__admin/faults", "/__admin/requests/find", "/__admin/requests/verify", "/__admin/settings", "/__admin/clock",
    "/__admin/device-codes/AAAAAAAAA/approve", "/__admin/device-codes/%ff", "/__admin/requests/9", "/__admin/worlds",
    "/~world/__admin/faults/f1", "/__admin/exchanges/x", "/__admin", "/devicelogin", "/~world/devicelogin", "/swagger",
    "/~a%00/__admin/health", "/__admin/changes/x", "/__admin/nothing", "/__admin/static/..%2f..%2fapp.py", "/",
]  # fmt: skip
Hostility = Callable[[random.Random], bytes]


def resident(process: int) -> float | None:
    """Megabytes of memory that a process has, where the system tells."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return None
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")) / 1024


def hostile(number: int) -> bytes:
    """The hostile input of this number."""
    return HOSTILITIES[number % len(HOSTILITIES)](random.Random(number))


def as_request(data: bytes) -> Request:
    """What a door that took everything but lines within lines would read in hostile bytes."""
    first, *fields = re.split("[\r\n]", data.partition(b"\r\n\r\n")[0][:HEADER_LIMIT].decode("latin-1"))
    method, _, rest = first.partition(" ")
    path, _, query = rest.rpartition(" ")[0].partition("?")
    pairs = (line.partition(":") for line in fields)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    return Request(method, path, query, headers, data.partition(b"\r\n\r\n")[2])


def noise(chance: random.Random, most: int = 2000) -> bytes:
    return chance.randbytes(chance.randrange(1, most))


def head(chance: random.Random, *fields: bytes, method: bytes = b"POST") -> bytes:
    path = chance.choice(PATHS).encode()
    return method + b" " + path + b" HTTP/1.1\r\nHost: localhost\r\n" + b"".join(f + b"\r\n" for f in fields) + b"\r\n"


def sized(chance: random.Random, body: bytes, *fields: bytes) -> bytes:
    return head(chance, b"Content-Length: %d" % len(body), *fields) + body


def broken_http(chance: random.Random) -> bytes:
    whole = bytearray(sized(chance, b'{"targetRegion": "China"}', b"Content-Type: application/json"))
    for _ in range(chance.randrange(1, 6)):
        whole[chance.randrange(len(whole))] = chance.randrange(256)
    return chance.choice([bytes(whole), noise(chance), b"\r\n" * chance.randrange(1, 50) + noise(chance)])


def large_headers(chance: random.Random) -> bytes:
    return head(chance, chance.choice(_fillers()))


@cache
def _fillers() -> list[bytes]:
    return [b"X: " + b"a" * 200_000, b"\r\n".join(b"X%d: %d" % (n, n) for n in range(15_000))]


def large_body(chance: random.Random) -> bytes:
    """One in ten is ten times as large as a body may be, the others are a little too large."""
    times = chance.choice([1] * 9 + [10])
    body, chunk = _large(times)
    media = b"Content-Type: application/json"
    chunks = chunk * times + b"1\r\na\r\n0\r\n\r\n"
    return chance.choice([sized(chance, body, media), head(chance, media, b"Transfer-Encoding: chunked") + chunks])


@cache
def _large(times: int) -> tuple[bytes, bytes]:
    return b"[" + b"1," * (times * 0x80000), b"100000\r\n" + b"a" * 0x100000 + b"\r\n"


def bad_framing(chance: random.Random) -> bytes:
    length = chance.choice(
        [b"-1", b"1e3", b"0x10", b"99999999999999999999", b"", b"3, 4", b"+5", b" 5", b"5\0", b"abc"]
    )
    chunk = chance.choice(
        [b"zz\r\n", b"-1\r\n", b"5\r\nab\r\n", b"ffffffffffffffffff\r\n", b"5;" + b"x" * 70_000 + b"\r\n"]
    )
    return chance.choice(
        [
            head(chance, b"Content-Length: " + length) + b"abcde",
            head(chance, b"Transfer-Encoding: chunked") + chunk,
            head(chance, b"Transfer-Encoding: chunked", b"Content-Length: 5") + b"0\r\n\r\n",
            head(chance, b"Transfer-Encoding: " + noise(chance, 20).replace(b"\r", b"").replace(b"\n", b"")),
            head(chance, b"Content-Length: 3", b"Content-Length: 3") + b"abc",
        ]
    )


def strange_paths(chance: random.Random) -> bytes:
    odd = [b"%ff", b"%00", b"\0", b"\xff", b"%", b"%zz", b"..", b"//", b"%2f", b"%2e%2e", b"~", b"?", b"#", b"%c0%af"]
    path = (
        b"/v4/" + b"/".join(chance.choices(odd, k=chance.randrange(1, 8))) + b"?" + b"".join(chance.choices(odd, k=3))
    )
    return chance.choice([b"GET", b"POST", b"\0", b"HEAD"]) + b" " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"


def strange_json(chance: random.Random) -> bytes:
    return sized(chance, _json(chance.choice(DEPTHS), chance.randrange(10)), b"Content-Type: application/json")


DEPTHS = [100, 254, 255, 256, 300, 1000, 1024, 100_000]


@cache
def _json(depth: int, shape: int) -> bytes:
    return [
        b"[" * depth + b"]" * depth,
        b'{"a":' * depth + b"1" + b"}" * depth,
        b'{"targetRegion":' + b"[" * depth + b"]" * depth + b"}",
        b'{"targetRegion":"' + b"a" * (9 * depth) + b'"}',
        b"{" + b",".join(b'"%d":1' % n for n in range(depth // 2)) + b"}",
        b"9" * 10_000,
        b'{"targetRegion":"\\ud800"}',
        b'{"targetRegion":1e999}',
        b'{"grant_type":["password"],"username":{},"password":null}',
        b"null",
    ][shape]


def wrong_encodings(chance: random.Random) -> bytes:
    body = chance.choice(
        ["{}".encode("utf-16"), "{}".encode("utf-32"), b"\xff\xfe\xfd", "é".encode("latin-1"), b"\x1f\x8b\x08\0"]
    )
    kind = chance.choice(
        [b"application/json", b"application/x-www-form-urlencoded", b"application/json; charset=utf-16"]
    )
    coding = chance.choice([b"gzip", b"identity", b"br, gzip", b"\xff", b"deflate"])
    return sized(chance, body, b"Content-Type: " + kind, b"Content-Encoding: " + coding)


def strange_credentials(chance: random.Random) -> bytes:
    value = chance.choice(
        [b"Bearer", b"Bearer ", b"Bearer " + b"a" * 60_000, b"Bearer \xff\xfe", b"Basic Og==", b"Bearer a, Bearer b"]
    )
    more = chance.choice(
        [b"Authorization: Bearer x", b"Host: a b", b"Host: \xff", b"X-Mock-World: ../..", b"Prefer: code=\xff"]
    )
    return head(chance, b"Authorization: " + value, more, method=b"GET")


def upgrades(chance: random.Random) -> bytes:
    fields = (b"Connection: Upgrade", b"Upgrade: " + chance.choice([b"websocket", b"h2c", b"TLS/1.0"]))
    key = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    return head(chance, *fields, key, b"Sec-WebSocket-Version: 13", method=b"GET") + noise(chance)


def half_requests(chance: random.Random) -> bytes:
    whole = sized(chance, b"grant_type=password", b"Content-Type: application/x-www-form-urlencoded")
    return whole[: chance.randrange(1, len(whole))]


def strange_calls(chance: random.Random) -> bytes:
    """Calls of the control API and forms of the pages, with members and values that they do not expect."""
    path = chance.choice(CALLS) + chance.choice(["", "", "?limit=-1", "?after=%FF", "?path=" + quote("(" * 99)])
    text = chance.choice(
        ['"(((((a+)+)+$"', '"\\ud800"', "-1e999", "[" * 99 + "]" * 99, "null", '"' + "x" * 9999 + '"', "{}"]
    )
    member = chance.choice(["match", "kind", "advance", "set", "status", "after", "code_lifetime", "verification_url"])
    body = chance.choice(
        [
            f'{{"{member}":{text}}}',
            f'{{"match":{{"path":{text},"body":{text},"headers":{{"x":{text}}},"json":{{"a":{text}}}}}}}',
            f'{{"kind":"delay","delay":{text}}}',
            f"user_code={quote(text)}&password=x&form_token={quote(text)}",
            text,
        ]
    ).encode()
    method = chance.choice(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
    media = chance.choice(["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
    fields = [f"Host: localhost\r\nContent-Type: {media}\r\nContent-Length: {len(body)}"]
    return f"{method} {path} HTTP/1.1\r\n{fields[0]}\r\n\r\n".encode("latin-1") + body


HOSTILITIES: list[Hostility] = [
    broken_http,
    large_headers,
    large_body,
    bad_framing,
    strange_paths,
    strange_json,
    wrong_encodings,
    strange_credentials,
    upgrades,
    half_requests,
    strange_calls,
]
