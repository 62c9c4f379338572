"""1,500 raw, hostile inputs from 24 threads: no 5xx, nothing on standard error, and the next request is served."""

import os
import random
import ssl
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from support.wire import Wire

INPUTS = 1500
THREADS = 24
PATHS = ["/v4/Token", "/v4/DeviceCode", "/v4/Organizations", "/swagger/docs/v4", "/__admin/faults", "/~world/v4/Token"]
Hostility = Callable[[random.Random], bytes]


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
    filler = chance.choice([b"X: " + b"a" * 200_000, b"\r\n".join(b"X%d: %d" % (n, n) for n in range(15_000))])
    return head(chance, filler)


def large_body(chance: random.Random) -> bytes:
    body = b"[" + b"1," * 5_000_000
    chunks = (b"100000\r\n" + b"a" * 0x100000 + b"\r\n") * 10 + b"0\r\n\r\n"
    media = b"Content-Type: application/json"
    return chance.choice([sized(chance, body, media), head(chance, media, b"Transfer-Encoding: chunked") + chunks])


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
    depth = chance.choice([100, 254, 255, 256, 300, 1000, 1024, 100_000])
    body = chance.choice(
        [
            b"[" * depth + b"]" * depth,
            b'{"a":' * depth + b"1" + b"}" * depth,
            b'{"targetRegion":' + b"[" * depth + b"]" * depth + b"}",
            b'{"targetRegion":"' + b"a" * 900_000 + b'"}',
            b"{" + b",".join(b'"%d":1' % n for n in range(50_000)) + b"}",
            b"9" * 10_000,
            b'{"targetRegion":"\\ud800"}',
            b'{"targetRegion":1e999}',
            b'{"grant_type":["password"],"username":{},"password":null}',
            b"null",
        ]
    )
    return sized(chance, body, b"Content-Type: application/json")


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
    return whole[: chance.randrange(len(whole))]


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
]


@pytest.fixture(params=["http", "https"])
def command(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str | None, Path]]:
    """The command as a process: its URL, its CA file and what it wrote to standard error."""
    errors, port_file = tmp_path / "stderr", tmp_path / "port"
    config = tmp_path / "veeam.yaml"
    config.write_text("request_timeout: 2s\n")
    flags = [
        "--config",
        str(config),
        "--port",
        "0",
        "--port-file",
        str(port_file),
        *(["--http"] * (request.param == "http")),
    ]
    with errors.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "veeam_mock", *flags], stdout=subprocess.PIPE, stderr=stderr, env={**os.environ}
        )
        assert process.stdout
        for line in process.stdout:
            if line.startswith(b"Ctrl-C"):
                break
        ca_cert = Path(os.environ["XDG_CONFIG_HOME"], "veeam-mock", "ca.pem")
        yield f"{request.param}://localhost:{port_file.read_text().strip()}", str(ca_cert), errors
        process.terminate()
        process.stdout.close()
        assert process.wait(timeout=10) == 0


def attack(url: str, ca_cert: str | None, number: int) -> str:
    """Send one hostile input and say what came back: a status, or how the connection ended."""
    data = HOSTILITIES[number % len(HOSTILITIES)](random.Random(number))
    try:
        with Wire(url, ca_cert) as wire:
            with suppress(ConnectionError, ssl.SSLError):
                wire.send(data)
            return str(wire.read(has_body=False).status)
    except (ConnectionError, ssl.SSLError):
        return "closed"
    except TimeoutError:
        return "no answer"


@pytest.mark.long
def test_hostile_inputs_never_get_a_5xx_nor_stop_the_server(command: tuple[str, str | None, Path]) -> None:
    url, ca_cert, errors = command
    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = Counter(pool.map(lambda number: attack(url, ca_cert, number), range(INPUTS)))
    assert outcomes.total() == INPUTS
    assert {outcome for outcome in outcomes if outcome.startswith("5")} == set(), outcomes
    assert outcomes["no answer"] == 0, outcomes
    assert {"400", "401", "404", "408", "413", "431"} <= outcomes.keys(), outcomes
    with Wire(url, ca_cert) as wire:
        assert wire.ask(b"GET /v4/ServiceInstance HTTP/1.1\r\nHost: localhost\r\n\r\n").status == 401
    assert errors.read_text() == ""
