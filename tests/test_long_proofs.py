"""Long proofs about load and memory: `pytest -m long --log-cli-level=info` tells the figures."""

import gc
import logging
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import orjson
import pytest
from api_client import ApiClient
from wire import Wire

from mock_server import MockServer
from mock_server.exchange import Request
from mock_server.pipeline import Pipeline
from mock_server.settings import Settings

pytestmark = pytest.mark.long

log = logging.getLogger(__name__)

FORM = {"content-type": "application/x-www-form-urlencoded"}
LOGIN = b"grant_type=password&username=administrator&password=veeam"


@pytest.fixture
def _no_old_garbage() -> Iterator[None]:
    """What other tests left in this process is not looked through while time is measured."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("_no_old_garbage")
def test_64_delayed_requests_hold_up_neither_one_another_nor_anybody_else(serve: Callable[..., MockServer]) -> None:
    veeam = serve()
    veeam.faults.add("delay", delay="2s", match={"operation": "getOrganizations"})
    other = ApiClient(veeam.url)
    assert other.device_code().status_code == 200
    with ExitStack() as stack:
        # Connections by hand: 64 threads of clients would hold up one another in this process.
        delayed = [stack.enter_context(Wire(veeam.url)) for _ in range(64)]
        began = time.monotonic()
        for wire in delayed:
            wire.send(b"GET /v4/Organizations HTTP/1.1\r\nHost: localhost\r\n\r\n")
        meanwhile = []
        while time.monotonic() < began + 2:
            asked = time.monotonic()
            assert other.device_code().status_code == 200
            meanwhile.append(time.monotonic() - asked)
        assert {wire.read().status for wire in delayed} == {401}
        took = time.monotonic() - began
    log.info("64 delayed by 2 s: %.2f s; %d others, slowest %.0f ms", took, len(meanwhile), max(meanwhile) * 1000)
    assert 2 <= took < 3
    assert max(meanwhile) < 0.1


def test_the_journal_after_200_000_requests_costs_what_it_cost_after_2_000() -> None:
    pipeline = Pipeline(Settings(most_codes=100))
    token = orjson.loads(pipeline.answer(Request("POST", "/v4/Token", headers=FORM, body=LOGIN)).body)["access_token"]
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json", "host": "localhost"}

    def ask(times: int) -> None:
        for number in range(times):
            body = orjson.dumps({"targetRegion": "worldwide", "note": "x" * (number % 50)})
            pipeline.answer(Request("POST", "/v4/DeviceCode", "", dict(headers), body))

    tracemalloc.start()
    try:
        ask(2_000)
        first, _ = tracemalloc.get_traced_memory()
        ask(198_000)
        last, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    log.info("after 2,000: %.2f MB; after 200,000: %.2f MB", first / 1e6, last / 1e6)
    assert len(pipeline.journal.entries("")) == 2_000
    assert last < first * 1.05
