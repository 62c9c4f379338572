"""Beside libraries that replace the time of a test: a world lives at the time that it is made in, and goes on."""

from datetime import timedelta

import freezegun
import requests
import time_machine

from veeam_mock import InterceptedServer, MockServer

THEN = "2020-01-01T00:00:00Z"


def test_a_world_that_is_made_under_a_frozen_clock_lives_at_that_time_and_follows_it() -> None:
    with freezegun.freeze_time(THEN) as frozen, InterceptedServer() as veeam:
        assert veeam.clock.now() == "2020-01-01T00:00:00.000Z"
        session = veeam.session()
        frozen.tick(timedelta(minutes=59))
        assert session.get(f"{veeam.url}/v4/Organizations").status_code == 200
        frozen.tick(timedelta(minutes=2))
        refused = session.get(f"{veeam.url}/v4/Organizations")
        assert refused.status_code == 401
        assert refused.headers["Date"] == "Wed, 01 Jan 2020 01:01:00 GMT"


def test_it_goes_on_from_there_when_the_test_gives_time_back() -> None:
    with freezegun.freeze_time(THEN):
        veeam = InterceptedServer()
    with veeam:
        assert veeam.clock.now().startswith("2020-01-01T00:0")
        veeam.clock.advance("1h")
        assert veeam.clock.now().startswith("2020-01-01T01:0")


def test_a_world_that_was_made_before_lives_on_in_real_time() -> None:
    with MockServer(http=True) as veeam:
        before = veeam.clock.time()
        with freezegun.freeze_time(THEN):
            assert before <= veeam.clock.time() < before + 600


def test_a_world_that_is_made_by_a_traveller_lives_at_the_time_of_the_journey() -> None:
    with time_machine.travel(THEN), InterceptedServer() as veeam:
        assert veeam.clock.now().startswith("2020-01-01T00:0")
        answer = requests.get(f"{veeam.url}/v4/ServiceInstance", timeout=5)
        assert answer.headers["Date"].startswith("Wed, 01 Jan 2020 00:0")
