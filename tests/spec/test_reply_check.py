"""A reply that breaks the spec is our bug: it is not sent, and the log says what it was."""

import logging
from collections.abc import Callable

import pytest

from support.api_client import ApiClient
from veeam_mock.api import pipeline
from veeam_mock.api.calls import Call
from veeam_mock.journal.journal import Journal
from veeam_mock.messages import Reply
from veeam_mock.spec.bodies import BodyReader
from veeam_mock.spec.spec import Spec


@pytest.mark.parametrize(
    ("result", "wrong"),
    [
        (Reply(200, {"userCode": "short"}), "body.verificationUrl: is required"),
        (Reply(200, []), "body: [] is not of type object"),
        (Reply(201, {}), "status: 201 is not a status of getDeviceCode"),
        (Reply(200), "body: null is not of type object"),
    ],
)
def test_a_reply_against_the_spec_becomes_a_500_and_a_line_in_the_log(
    client: ApiClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    result: Reply,
    wrong: str,
) -> None:
    monkeypatch.setitem(pipeline.OPERATIONS, "getDeviceCode", lambda call: result)
    reply = client.device_code()
    assert reply.status_code == 500
    assert reply.json()["message"].startswith("The mock's answer would break the spec: ")
    assert wrong in reply.json()["message"]
    assert "getDeviceCode would answer against the spec" in caplog.text


def test_a_failure_inside_becomes_a_500_without_its_details_which_are_logged(
    client: ApiClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(call: Call) -> Reply:
        raise ZeroDivisionError("of all things")

    monkeypatch.setitem(pipeline.OPERATIONS, "getDeviceCode", fail)
    with caplog.at_level(logging.ERROR, "veeam_mock"):
        reply = client.device_code()
    assert (reply.status_code, reply.json()) == (500, {"message": "The mock failed to answer. Its log says why."})
    assert "of all things" in caplog.text


@pytest.mark.parametrize(
    ("part", "method"),
    [(Spec, "find"), (Spec, "check_head"), (BodyReader, "read"), (Spec, "check_reply"), (Journal, "record")],
)
def test_a_failure_at_any_step_is_answered_and_logged_and_the_next_request_is_served(
    client: ApiClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, part: type, method: str
) -> None:
    def fail(*arguments: object, **named: object) -> object:
        raise ZeroDivisionError("of all things")

    assert client.bearer
    with monkeypatch.context() as broken, caplog.at_level(logging.ERROR, "veeam_mock"):
        broken.setattr(part, method, fail)
        reply = client.device_code()
    assert (reply.status_code, reply.json()) == (500, {"message": "The mock failed to answer. Its log says why."})
    assert {"Content-Length", "Content-Type", "Date"} <= set(reply.headers)
    assert "of all things" in caplog.text
    assert client.device_code().status_code == 200


def test_a_reply_that_cannot_be_written_becomes_a_500_with_a_body(
    client_of: Callable[..., ApiClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(ambiguities={"extra-properties": "some"})
    good = client.device_code().json()
    monkeypatch.setitem(pipeline.OPERATIONS, "getDeviceCode", lambda call: Reply(200, {**good, "more": object()}))
    reply = client.device_code()
    assert reply.status_code == 500
    assert reply.json()["message"]
