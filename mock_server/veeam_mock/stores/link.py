"""The way to Redis: scripts are run at once or refused at once, and what is wrong is known, told, and tried again."""

import hashlib
import logging
import os
import re
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from veeam_mock.model.errors import StoreAway

log = logging.getLogger("veeam_mock")

Answer = TypeVar("Answer")
Argument = str | bytes | int | float

PATIENCE = 0.4
"""Seconds that a connection, an answer, and all slow answers of one request may take, unless the address says more."""

MOST_PATIENCE = 10.0

SLOW = 0.05
"""Seconds from which on an answer is slow."""

PAUSE = 0.2
"""Seconds between two tries to reach a store that is away."""

LEAST_VERSION = (6, 2)

PATIENCE_OPTION = "patience="

TLS_OPTIONS = frozenset(
    {"ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_password", "ssl_cert_reqs", "ssl_check_hostname"}
)
"""What the query of an address may say beside `patience`. The client knows more, and some would change its answers."""

TROUBLES = (
    (r"mismatch, certificate", "its certificate is for another name than that of the address"),
    (
        r"CERTIFICATE_VERIFY_FAILED",
        "its certificate is not trusted: name the file of its CA in the address, ?ssl_ca_certs=FILE",
    ),
    (r"\[X509|\bPEM\b", "a file of certificates that its address names holds none"),
    (r"not known|getaddrinfo|nodename|name resolution", "its host has no address"),
    (r"READONLY|read only", "it is read-only"),
    (r"OOM|maxmemory", "its memory is full"),
    (r"MISCONF|snapshots", "it cannot write to its disk"),
    (r"LOADING|loading", "it is loading its data"),
    (r"NOREPLICAS|replicas", "it has too few replicas"),
    (r"MASTERDOWN|MASTER", "it has lost its master"),
    (r"BUSY|busy", "it is busy with a script"),
    (r"NOAUTH|Authentication|WRONGPASS|password|NOPERM|permission", "it refuses the login, or its rights are too few"),
)
"""What in the text of an error says which trouble it is; the client library leaves out some of the first words."""


class BadAddress(ValueError):
    """What is not the address of a store; the message says why, and repeats nothing of it."""


class Script:
    """A Lua script, known to Redis by its digest."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


class Link:
    """A store by its URL. Keys begin with `prefix`.

    Once a call fails, those that follow are refused at once, until a thread finds that the store is well again.
    `trouble` says what is wrong; None while nothing is. `source` gives real time in Unix seconds, UTC; by default it is
    the store's, so that all who share it have one time.

    Raises:
        BadAddress: `url` is no address of a store; the message repeats nothing of it.
    """

    def __init__(self, url: str, prefix: str, source: Callable[[], float] | None = None) -> None:
        self.prefix = prefix
        self.source = source
        self.trouble: str | None = None
        self._is_known = False
        self._lock = threading.Lock()
        self._line: tuple[int, Any] | None = None
        self._on_line = threading.Lock()
        self._waited = 0.0
        self._patience, url = _patience_of(url)
        self._client = _client_of(url, self._patience)

    def begin(self) -> None:
        """Another request begins, which may take its time."""
        self._waited = 0.0

    def run(self, script: Script, keys: Sequence[str], *arguments: Argument) -> Any:
        """What a script answers; `StoreAway` when the store cannot be used."""
        key_bytes = [key.encode("utf-8", "surrogatepass") for key in keys]

        def ask() -> Any:
            try:
                return self._ask("EVALSHA", script.digest, len(keys), *key_bytes, *arguments)
            except redis.exceptions.NoScriptError:
                return self._ask("EVAL", script.text, len(keys), *key_bytes, *arguments)

        return self._try(ask)

    def do(self, *command: Argument) -> Any:
        """What a single command answers, as it comes; `StoreAway` when the store cannot be used."""
        return self._try(lambda: self._ask(*command))

    def fields(self, key: str) -> dict[bytes, bytes]:
        """The fields of a hash; `StoreAway` when the store cannot be used."""
        flat = self.do("HGETALL", key)
        return dict(zip(flat[::2], flat[1::2], strict=True))

    def look(self) -> str | None:
        """Try the store now, and say what is wrong; None for nothing."""
        try:
            self.do("PING")
        except StoreAway:
            return self.trouble
        return None

    def shared_key(self) -> bytes:
        """A key for signatures, the same for all who share the store; `StoreAway` when it cannot be used."""
        name = f"{self.prefix}:key"
        self.do("SET", name, secrets.token_bytes(32), "NX")
        return bytes(self.do("GET", name))

    def close(self) -> None:
        """End the connections."""
        with self._on_line:
            if self._line is not None:
                self._line[1].disconnect()
            self._line = None
        self._client.close()

    def _ask(self, *command: Argument) -> Any:
        """What a command answers on the one connection that is kept, which costs half of what the client's ways do.

        A process that was forked gets one of its own.
        """
        with self._on_line:
            if self._line is None or self._line[0] != os.getpid():
                self._line = os.getpid(), self._client.connection_pool.get_connection()
            if self._waited > self._patience:
                raise redis.exceptions.TimeoutError
            line, begun = self._line[1], time.monotonic()
            line.send_command(*command, check_health=False)
            answer = line.read_response()
            took = time.monotonic() - begun
            if took > SLOW:
                self._waited += took
            return answer

    def _try(self, ask: Callable[[], Answer]) -> Answer:
        if self.trouble is not None:
            raise StoreAway(self.trouble)
        try:
            if not self._is_known:
                self._check()
                self._is_known = True
            return ask()
        except (redis.RedisError, OSError) as error:
            trouble = self._trouble_of(error)
            if trouble is None:
                raise
            self._fall(trouble)
            raise StoreAway(trouble) from None

    def _check(self) -> None:
        """Raises what the client does, or `_Unfit`, when this store cannot be used."""
        version = str(self._client.info("server").get("redis_version", "0"))
        if tuple(int(part) for part in re.findall(r"\d+", version)[:2]) < LEAST_VERSION:
            raise _Unfit(f"its version is {version[:20]}, and 6.2 is the least that will do")
        self._client.set(f"{self.prefix}:tried", 1, px=60_000)

    def _fall(self, trouble: str) -> None:
        """Refuse calls from now on, say so once, and look for the end of it."""
        with self._lock:
            if self.trouble is not None:
                return
            self.trouble = trouble
        log.error("The store cannot be used: %s. Requests are answered with 503.", trouble)
        threading.Thread(target=self._recover, name="store", daemon=True).start()

    def _recover(self) -> None:
        pause = threading.Event()
        while self.trouble is not None:
            pause.wait(PAUSE)
            try:
                self._check()
            except (redis.RedisError, OSError) as error:
                trouble = self._trouble_of(error) or "it answers with errors"
                if trouble != self.trouble:
                    log.error("The store cannot be used: %s.", trouble)
                self.trouble = trouble
            else:
                self.trouble = None
        log.warning("The store can be used again.")

    def _trouble_of(self, error: Exception) -> str | None:
        """What an error says of the store; None for an error in what was asked."""
        if isinstance(error, _Unfit):
            return str(error)
        if isinstance(error, redis.exceptions.TimeoutError):
            return f"it did not answer within {self._patience:g} s"
        text = str(error)
        found = next((words for pattern, words in TROUBLES if re.search(pattern, text)), None)
        if found is None and isinstance(error, redis.exceptions.ConnectionError | OSError):
            return "it cannot be reached"
        return found


def _patience_of(url: str) -> tuple[float, str]:
    """The seconds that an address grants its store, and the address without them; `BadAddress` for what is no such."""
    address, mark, query = url.partition("?")
    options = query.split("&")
    told = [option.removeprefix(PATIENCE_OPTION) for option in options if option.startswith(PATIENCE_OPTION)]
    if not told:
        return PATIENCE, url
    try:
        patience = float(told[0]) if len(told) == 1 else 0.0
    except ValueError:
        patience = 0.0
    if not PATIENCE <= patience <= MOST_PATIENCE:
        raise BadAddress(f"has a patience that is no number of seconds from {PATIENCE:g} to {MOST_PATIENCE:g}")
    others = "&".join(option for option in options if not option.startswith(PATIENCE_OPTION))
    return patience, f"{address}{mark}{others}" if others else address


def _client_of(url: str, patience: float) -> Any:
    """A client that has not connected yet; `BadAddress` where it never could."""
    try:
        beside = set(parse_qs(urlsplit(url).query, keep_blank_values=True)) - TLS_OPTIONS
        client = redis.Redis.from_url(
            url, socket_timeout=patience, socket_connect_timeout=patience, retry=Retry(NoBackoff(), 0), protocol=2
        )
        if not beside:
            client.connection_pool.make_connection()
    except (ValueError, TypeError, redis.RedisError):  # such as TLS options of redis://, or a port that is none
        raise BadAddress("is not the address of a store, such as redis://HOST:6379/0") from None
    if beside:
        raise BadAddress(f"may say nothing behind ? but patience, {', '.join(sorted(TLS_OPTIONS))}")
    return client


class _Unfit(redis.RedisError):
    """A store that will not do; the message says why."""
