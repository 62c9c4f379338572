"""Long proofs about load and memory: `pytest -m long --log-cli-level=info` tells the figures."""

import gc
import logging
import tracemalloc
from collections.abc import Callable
from contextlib import ExitStack

import orjson
import pytest

from support.api_client import ORGANIZATION, ApiClient
from support.wire import Wire
from veeam_mock import MockServer
from veeam_mock.messages import Request
from veeam_mock.mock import Mock
from veeam_mock.settings.settings import Settings

pytestmark = pytest.mark.long

log = logging.getLogger(__name__)

FORM = {"content-type": "application/x-www-form-urlencoded"}
LOGIN = b"grant_type=password&username=administrator&password=veeam"


def test_64_delayed_requests_hold_up_neither_one_another_nor_anybody_else(serve: Callable[..., MockServer]) -> None:
    """Two limits, 3 s and 100 ms, set by delays of the same server, so that a busy machine moves both sides.

    `bench/delays.py` tells the times themselves.
    """
    veeam = serve()
    veeam.faults.add("delay", delay="2s", match={"operation": "getOrganizations"})
    veeam.faults.add("delay", delay="3s", match={"operation": "getOrganization"})
    veeam.faults.add("delay", delay="100ms", match={"operation": "getServiceInstance"})
    bearer = ApiClient(veeam.url).bearer["Authorization"]
    device_code = (
        f"POST /v4/DeviceCode HTTP/1.1\r\nHost: localhost\r\nAuthorization: {bearer}\r\n"
        'Content-Type: application/json\r\nContent-Length: 29\r\n\r\n{"targetRegion": "worldwide"}'
    ).encode()
    with ExitStack() as stack:

        def connect() -> Wire:
            return stack.enter_context(Wire(veeam.url))

        # By hand: 64 threads of clients would hold up one another in this process.
        delayed = [connect() for _ in range(64)]
        three_seconds, hundred_milliseconds, other = connect(), connect(), connect()
        for wire in delayed:
            wire.send(_get("Organizations"))
        three_seconds.send(_get(f"Organizations/{ORGANIZATION}"))
        others = 0
        while not three_seconds.is_readable():
            other.send(device_code)
            hundred_milliseconds.send(_get("ServiceInstance"))
            assert hundred_milliseconds.is_readable(within=10)
            assert other.is_readable()
            assert other.read().status == 200
            assert hundred_milliseconds.read().status == 401
            others += not any(wire.is_readable() for wire in delayed)
        assert all(wire.is_readable() for wire in delayed)
        assert {wire.read().status for wire in delayed} == {401}
    log.info("others within 100 ms while all 64 waited: %d", others)
    assert others >= 5


def _get(path: str) -> bytes:
    return f"GET /v4/{path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def test_the_journal_after_200_000_requests_costs_what_it_cost_after_2_000() -> None:
    mock = Mock(Settings(most_codes=100))
    token = orjson.loads(mock.answer(Request("POST", "/v4/Token", headers=FORM, body=LOGIN)).body)["access_token"]
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json", "host": "localhost"}

    def ask(times: int) -> None:
        for number in range(times):
            body = orjson.dumps({"targetRegion": "worldwide", "note": "x" * (number % 50)})
            mock.answer(Request("POST", "/v4/DeviceCode", "", dict(headers), body))

    def memory() -> int:
        gc.collect()  # Also empties the interpreter's own stock of freed tuples, some 2,000 of each length.
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        ask(2_000)
        first = memory()
        ask(198_000)
        last = memory()
    finally:
        tracemalloc.stop()
    log.info("after 2,000: %.2f MB; after 200,000: %.2f MB", first / 1e6, last / 1e6)
    assert len(mock.installation.journal.entries("")) == 2_000
    assert last < first * 1.05
