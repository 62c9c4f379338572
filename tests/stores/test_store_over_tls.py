"""A Redis that speaks TLS: trusted, not trusted, under another name, and with a file of CAs that is none."""

import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
import trustme

from support.redis_server import RedisServer
from veeam_mock import MockServer, SettingsError

PASSWORD = "sesame-of-the-store"


@pytest.fixture
def tls_redis(tmp_path: Path) -> Iterator[str]:
    """The host and port of a Redis that wants TLS and a password; its CA is `ca.pem` in `tmp_path`."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    issued = authority.issue_cert("localhost")
    issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    files = ["--tls-cert-file", str(tmp_path / "server.pem"), "--tls-key-file", str(tmp_path / "server.pem")]
    trusting = ["--tls-ca-cert-file", str(tmp_path / "ca.pem"), "--tls-auth-clients", "no"]
    started = RedisServer("--tls-port", str(port), *files, *trusting, "--requirepass", PASSWORD)
    started.start()
    yield f"localhost:{port}"
    started.stop()
    shutil.rmtree(Path(started.path).parent)


def test_a_store_over_tls_is_used_once_its_authority_is_named(
    serve: Callable[..., MockServer], tls_redis: str, tmp_path: Path
) -> None:
    url = f"rediss://:{PASSWORD}@{tls_redis}/0?ssl_ca_certs={tmp_path / 'ca.pem'}"
    first, second = serve(store=url), serve(store=url)
    login = {"grant_type": "password", "username": "administrator", "password": "veeam"}
    token = requests.post(f"{first.url}/v8/Token", data=login, timeout=10).json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    assert requests.get(f"{second.url}/v8/Organizations", headers=bearer, timeout=10).status_code == 200


@pytest.mark.parametrize(
    ("host", "query", "words"),
    [
        ("localhost", "", "its certificate is not trusted: name the file of its CA in the address, ?ssl_ca_certs=FILE"),
        ("127.0.0.1", "?ssl_ca_certs={folder}/ca.pem", "its certificate is for another name than that of the address"),
        ("localhost", "?ssl_ca_certs={folder}/empty.pem", "a file of certificates that its address names holds none"),
        ("nowhere.invalid", "", "its host has no address"),
    ],
)
def test_what_is_wrong_with_the_tls_of_a_store_is_said(
    serve: Callable[..., MockServer], tls_redis: str, tmp_path: Path, host: str, query: str, words: str
) -> None:
    (tmp_path / "empty.pem").write_text("", "ascii")
    where = tls_redis.replace("localhost", host) + "/0" + query.format(folder=tmp_path)
    server = serve(store=f"rediss://:{PASSWORD}@{where}")
    health = requests.get(f"{server.url}/__admin/health", timeout=10)
    assert health.status_code == 503
    assert words in health.json()["message"]
    assert PASSWORD not in health.text


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("redis://:geheim@localhost:1/0?socket_timeout=9", "may say nothing behind ? but patience, ssl_ca_certs"),
        ("redis://:geheim@localhost:1/0?decode_responses=true", "may say nothing behind ? but"),
        ("redis://:geheim@localhost:1/0?ssl_ca_certs=ca.pem", "is not the address of a store, such as redis://HOST"),
        ("rediss://:geheim@localhost:1/0?ssl_cert_reqs=maybe", "is not the address of a store"),
        ("redis://:geheim@localhost:70000/0", "is not the address of a store"),
        ("redis://[::1:geheim/0", "is not the address of a store"),
        ("redis://:geheim@localhost:1/0?patience=0.1", "a patience that is no number of seconds from 0.4 to 10"),
        ("redis://:geheim@localhost:1/0?patience=nan", "a patience that is no number of seconds from 0.4 to 10"),
        ("rediss://:geheim@localhost:1/0?patience=2s&ssl_cert_reqs=none", "a patience that is no number of seconds"),
        ("redis://:geheim@localhost:1/0?patience=1&patience=2", "a patience that is no number of seconds"),
        ("redis://:geheim&patience=1@localhost:70000/0", "is not the address of a store"),
    ],
)
def test_an_address_that_is_none_is_told_in_a_line_that_repeats_nothing_of_it(url: str, words: str) -> None:
    with pytest.raises(SettingsError, match="store: ") as caught:
        MockServer(http=True, store=url)
    assert words in str(caught.value)
    assert "geheim" not in str(caught.value)
