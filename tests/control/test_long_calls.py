"""What takes long in a call of the control API is done once, and holds nobody else up."""

import threading
from typing import Any

import orjson
import pytest

from veeam_mock.journal.masking import Masker
from veeam_mock.messages import Request
from veeam_mock.mock import Mock
from veeam_mock.secrecy.spellings import readings
from veeam_mock.settings.settings import Settings

FAULT = {"kind": "status", "status": 503, "body": ["Geheim-und-lang-7", "x"]}


def call(mock: Mock, method: str, path: str, value: object = None) -> Any:
    body = orjson.dumps(value) if value is not None else b""
    reply = mock.answer(Request(method, f"/__admin/{path}", headers={"content-type": "application/json"}, body=body))
    assert reply.status < 300
    return orjson.loads(reply.body)


def test_a_fault_is_masked_once_and_without_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    mock = Mock(Settings(password="Geheim-und-lang-7"))
    masked: list[str] = []
    text = Masker.text

    def try_the_lock() -> None:
        free.append(mock.installation.lock.acquire(timeout=5))
        if free[-1]:
            mock.installation.lock.release()

    def looked_at(masker: Masker, given: str) -> str:
        masked.append(given)
        other = threading.Thread(target=try_the_lock)
        other.start()
        other.join()
        return text(masker, given)

    free: list[bool] = []
    monkeypatch.setattr(Masker, "text", looked_at)
    added = call(mock, "POST", "faults", FAULT)
    assert [call(mock, "GET", "faults") for _ in range(3)] == [[added]] * 3
    assert added["fault"]["body"] == ["***", "x"]
    assert (len(masked), all(free)) == (3, True)


def test_a_text_without_escapes_is_read_as_it_is_and_without_blanks() -> None:
    assert [read for read, _ in readings("a text")] == ["a text", "atext"]
    assert [read for read, _ in readings("text")] == ["text"]
    assert len(list(readings("a%20text"))) > 2
