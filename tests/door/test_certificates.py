"""The certificate that the mock makes for itself, and the one that a user brings."""

import socket
import ssl
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme

from support.api_client import ApiClient
from veeam_mock import MockServer, Settings
from veeam_mock.door.certificates import Certificate, CertificateError, ensure, find_certificate, given


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "veeam-mock"


def names(certificate: Certificate) -> set[tuple[str, str]]:
    """The names of a certificate, as a client reads them that trusts its authority."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate.chain, certificate.key)
    client = ssl.create_default_context(cafile=str(certificate.authority))
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    serving = server.wrap_bio(to_server, to_client, server_side=True)
    connecting = client.wrap_bio(to_client, to_server, server_hostname="localhost")
    for end in (connecting, serving, connecting):
        with suppress(ssl.SSLWantReadError):
            end.do_handshake()
    peer = connecting.getpeercert()
    assert peer
    return set(peer["subjectAltName"])


LOCAL = {("DNS", "localhost"), ("IP Address", "127.0.0.1"), ("IP Address", "0:0:0:0:0:0:0:1")}


def test_a_certificate_is_made_for_the_names_of_this_machine(folder: Path) -> None:
    assert names(ensure(folder, "127.0.0.1")) == LOCAL


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
@pytest.mark.parametrize(("machine", "named"), [("Build-7", {("DNS", "build-7")}), ("build_7", set()), ("", set())])
def test_listening_everywhere_names_the_machine(
    host: str, machine: str, named: set[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: machine)
    certificate = find_certificate(Settings(host=host))
    assert certificate
    assert names(certificate) == LOCAL | named


def test_more_names_are_in_the_certificate_and_let_in(
    client_of: Callable[..., ApiClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = find_certificate(Settings(name=["veeam.test", "10.1.2.3", "VEEAM.test"]))
    assert certificate
    assert names(certificate) == {*LOCAL, ("DNS", "veeam.test"), ("IP Address", "10.1.2.3")}
    url = client_of(name=["veeam.test"], http=False).url
    looked_up = socket.getaddrinfo

    def to_this_machine(host: str, *others: Any, **more: Any) -> Any:
        return looked_up("127.0.0.1" if host == "veeam.test" else host, *others, **more)

    monkeypatch.setattr("socket.getaddrinfo", to_this_machine)
    trusted = find_certificate(Settings(name=["veeam.test"]))
    assert trusted
    client = ApiClient(url.replace("localhost", "veeam.test"), str(trusted.authority))
    assert client.log_in().status_code == 200
    assert client.send("GET", "/__admin/clock").status_code == 200
    assert client.send("GET", "/devicelogin").status_code == 200


def test_a_name_that_no_certificate_can_have_is_told() -> None:
    with pytest.raises(CertificateError, match=r"no certificate can be made for .*a\.\.b"):
        find_certificate(Settings(name=["a..b"]))


@pytest.mark.parametrize(
    ("host", "name"), [("veeam.example.com", ("DNS", "veeam.example.com")), ("10.1.2.3", ("IP Address", "10.1.2.3"))]
)
def test_the_chosen_host_is_named_too(folder: Path, host: str, name: tuple[str, str]) -> None:
    assert names(ensure(folder, host)) == {*LOCAL, name}


def test_another_host_leaves_the_usual_certificate_alone(folder: Path) -> None:
    usual = ensure(folder, "127.0.0.1")
    before = usual.chain.read_bytes()
    assert ensure(folder, "veeam.example.com").chain != usual.chain
    assert ensure(folder, "localhost").chain.read_bytes() == before


def test_the_key_is_for_its_owner_only_and_that_of_the_authority_is_not_kept(folder: Path) -> None:
    certificate = ensure(folder, "127.0.0.1")
    assert certificate.key.stat().st_mode & 0o777 == 0o600
    assert {path.name for path in folder.iterdir()} - {"lock"} == {"server.pem", "server.key", "ca.pem"}
    assert certificate.authority
    assert b"PRIVATE" not in certificate.authority.read_bytes()


def test_a_good_certificate_is_used_again(folder: Path) -> None:
    first = ensure(folder, "127.0.0.1").chain.read_bytes()
    assert ensure(folder, "127.0.0.1").chain.read_bytes() == first


def test_a_certificate_is_renewed_before_it_ends(folder: Path) -> None:
    now = 1_800_000_000.0
    certificate = ensure(folder, "127.0.0.1", clock=lambda: now)
    assert certificate.authority
    first, old_authority = certificate.chain.read_bytes(), certificate.authority.read_bytes()
    for days, is_renewed in ((366, False), (368, True)):
        later = now + timedelta(days=days).total_seconds()
        ensure(folder, "127.0.0.1", clock=lambda later=later: later)
        assert (certificate.chain.read_bytes() != first) == is_renewed, days
    assert old_authority in certificate.authority.read_bytes()
    assert certificate.authority.read_bytes().count(b"BEGIN CERTIFICATE") == 2


@pytest.mark.parametrize("name", ["server.pem", "server.key", "ca.pem"])
@pytest.mark.parametrize("damage", ["removed", "emptied", "spoiled"])
def test_damaged_files_are_made_anew(folder: Path, name: str, damage: str) -> None:
    ensure(folder, "127.0.0.1")
    path = folder / name
    path.unlink() if damage == "removed" else path.write_text("" if damage == "emptied" else "spoiled\n")
    assert names(ensure(folder, "127.0.0.1")) == LOCAL


def test_many_that_start_at_once_agree_on_one_certificate(folder: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        chains = list(pool.map(lambda _: ensure(folder, "127.0.0.1").chain.read_bytes(), range(8)))
    assert len(set(chains)) == 1
    assert names(ensure(folder, "127.0.0.1")) == LOCAL


def test_processes_that_start_at_once_agree_too(folder: Path) -> None:
    script = "import sys; from pathlib import Path; from veeam_mock.door.certificates import ensure\n"
    script += "print(ensure(Path(sys.argv[1]), 'localhost').chain.read_text())"
    command = [sys.executable, "-c", script, str(folder)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    printed = {process.communicate(timeout=60)[0] for process in processes}
    assert len(printed) == 1
    assert "BEGIN CERTIFICATE" in printed.pop()


def test_a_folder_that_cannot_be_used_is_told_with_what_to_do(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    with pytest.raises(CertificateError, match="no certificate can be kept in .*bring one by cert and key"):
        ensure(blocker / "veeam-mock", "127.0.0.1")


def test_a_client_that_trusts_the_authority_may_connect(server: MockServer) -> None:
    for host in ("localhost", "127.0.0.1"):
        url = server.url.replace("localhost", host)
        assert ApiClient(url, server.ca_cert or True).log_in().status_code == 200


def test_a_client_that_trusts_another_may_not(server: MockServer, folder: Path) -> None:
    stranger = str(ensure(folder, "127.0.0.1").authority)
    with pytest.raises(requests.exceptions.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        ApiClient(server.url, stranger).log_in()


def test_an_own_certificate_is_served(tmp_path: Path, client_of: Callable[..., ApiClient]) -> None:
    authority = trustme.CA()
    leaf = authority.issue_cert("localhost")
    chain, key, trusted = tmp_path / "chain.pem", tmp_path / "key.pem", tmp_path / "ca.pem"
    chain.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
    leaf.private_key_pem.write_to_path(str(key))
    authority.cert_pem.write_to_path(str(trusted))
    url = client_of(http=False, cert=str(chain), key=str(key)).url
    assert ApiClient(url, str(trusted)).log_in().status_code == 200


def test_plain_http_has_no_certificate() -> None:
    assert find_certificate(Settings(http=True)) is None


def test_a_given_certificate_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CertificateError, match="chain.pem is not a file"):
        given(str(tmp_path / "chain.pem"), str(tmp_path / "key.pem"))


def test_a_given_certificate_must_fit_its_key(tmp_path: Path, folder: Path) -> None:
    one, other = ensure(folder, "127.0.0.1"), ensure(folder, "veeam.example.com")
    with pytest.raises(CertificateError, match="are not a certificate and its key"):
        given(str(one.chain), str(other.key))


def test_a_key_with_a_passphrase_is_refused_and_not_asked_for(tmp_path: Path, folder: Path) -> None:
    from cryptography.hazmat.primitives import serialization as s

    made = ensure(folder, "127.0.0.1")
    key = s.load_pem_private_key(made.key.read_bytes(), None)
    locked = tmp_path / "locked.key"
    encryption = s.BestAvailableEncryption(b"geheim")
    locked.write_bytes(key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, encryption))
    with pytest.raises(CertificateError, match="are not a certificate and its key"):
        given(str(made.chain), str(locked))
