"""A certificate of the mock's own: made on first use, kept, renewed before it ends.

The authority that signs it exists for one signature: its key is never written, so that trusting its certificate lets
nobody make another one.
"""

import contextlib
import hashlib
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from veeam_mock.files import own_folder, write_file
from veeam_mock.model.clock import system_time
from veeam_mock.settings.hosts import own_names
from veeam_mock.settings.settings import Settings

LIFETIME = timedelta(days=397)
RENEW_BEFORE = timedelta(days=30)
ENDS = "Not after: "
"""How the first line of the chain begins: text before a PEM block is allowed (RFC 7468 section 5.2)."""
ALWAYS_NAMED = ("localhost", "127.0.0.1", "::1")


class CertificateError(ValueError):
    """A certificate or its key cannot be used; the message names the file and the reason."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """Files of one certificate: its chain and key, and the authority that a client trusts (None for a given one)."""

    chain: Path
    key: Path
    authority: Path | None


def find_certificate(settings: Settings) -> Certificate | None:
    """The certificate to serve with: the user's, or the mock's own, made if need be; None for plain HTTP.

    Raises `CertificateError`.
    """
    if settings.http:
        return None
    if settings.cert and settings.key:
        return given(settings.cert, settings.key)
    return ensure(own_folder(), *own_names(settings))


def given(chain: str, key: str) -> Certificate:
    """A certificate that the user brings; `CertificateError` when it cannot be loaded."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for path in (chain, key):
        if not Path(path).is_file():
            raise CertificateError(f"{path} is not a file")
    try:
        context.load_cert_chain(chain, key, password=lambda: "")
    except (ssl.SSLError, OSError) as error:
        raise CertificateError(f"{chain} and {key} are not a certificate and its key: {error}") from None
    return Certificate(Path(chain), Path(key), None)


def ensure(folder: Path, *others: str, clock: Callable[[], float] = system_time) -> Certificate:
    """The mock's certificate for `localhost`, `127.0.0.1`, `::1` and `others`, made or renewed in `folder` if need be.

    `clock` gives real time in Unix seconds. Several processes may call this at once. Raises `CertificateError` when the
    folder cannot be used.
    """
    names = sorted({*ALWAYS_NAMED, *others})
    place = folder / hashlib.sha256(" ".join(names).encode()).hexdigest()[:12] if len(names) > 3 else folder
    certificate = Certificate(place / "server.pem", place / "server.key", place / "ca.pem")
    if not _is_good(certificate, clock):
        try:
            _renew(certificate, names, place, clock)
        except OSError as error:
            raise CertificateError(
                f"no certificate can be kept in {place}: {error.strerror or error}; "
                "bring one by cert and key, or serve plain HTTP by http"
            ) from None
        except ValueError as error:
            raise CertificateError(f"no certificate can be made for {', '.join(others)}: {error}") from None
    return certificate


def _is_good(certificate: Certificate, clock: Callable[[], float]) -> bool:
    """Whether all files are there, a client that trusts the authority is content, and the end is not near."""
    try:
        _shake_hands(certificate)
        first_line, _, _ = certificate.chain.read_text(encoding="ascii").partition("\n")
        ends = datetime.fromisoformat(first_line.removeprefix(ENDS))
    except (OSError, ssl.SSLError, ValueError):
        return False
    return ends.timestamp() - clock() > RENEW_BEFORE.total_seconds()


def _shake_hands(certificate: Certificate) -> None:
    """Connect a client to a server in memory; `ssl.SSLError` when the client would not trust the certificate."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate.chain, certificate.key)
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.load_verify_locations(certificate.authority)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = serving.wrap_bio(to_server, to_client, server_side=True)
    client = trusting.wrap_bio(to_client, to_server, server_hostname="localhost")
    for end in (client, server, client, server):
        with contextlib.suppress(ssl.SSLWantReadError):
            end.do_handshake()


def _renew(certificate: Certificate, names: Iterable[str], place: Path, clock: Callable[[], float]) -> None:
    from filelock import FileLock

    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    with FileLock(place / "lock", timeout=30):
        if not _is_good(certificate, clock):
            _make(certificate, names, datetime.fromtimestamp(clock(), UTC) + LIFETIME)


def _make(certificate: Certificate, names: Iterable[str], ends: datetime) -> None:
    """Make a certificate that is good until `ends`. The old authority stays trusted, for servers that still run."""
    import trustme

    authority = trustme.CA(organization_name="veeam-mock", organization_unit_name="fake server for tests")
    leaf = authority.issue_cert(*names, not_after=ends)
    assert certificate.authority is not None
    old = certificate.authority.read_bytes() if certificate.authority.exists() else b""
    write_file(certificate.authority, authority.cert_pem.bytes() + _newest(old), 0o644)
    write_file(certificate.key, leaf.private_key_pem.bytes(), 0o600)
    chain = b"".join(blob.bytes() for blob in leaf.cert_chain_pems)
    write_file(certificate.chain, f"{ENDS}{ends.isoformat()}\n".encode() + chain, 0o644)


def _newest(authorities: bytes) -> bytes:
    end = b"-----END CERTIFICATE-----\n"
    head, found, _ = authorities.partition(end)
    return head + found
