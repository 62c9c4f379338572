"""The pytest fixtures, as a user's test suite has them."""

import os
import sys

import pytest

pytest_plugins = ["pytester"]

CLIENT = """
import pytest, requests

def log_in(veeam):
    form = {"grant_type": "password", "username": veeam.username, "password": veeam.password}
    verify = getattr(veeam, "ca_cert", True)
    answer = requests.post(f"{veeam.url}/v4/Token", data=form, verify=verify, timeout=5)
    assert answer.status_code == 200
    return {"Authorization": "Bearer " + answer.json()["access_token"]}

def get_code(veeam, headers, **options):
    verify = getattr(veeam, "ca_cert", True)
    return requests.post(f"{veeam.url}/v4/DeviceCode", json={"targetRegion": "worldwide"}, headers=headers,
                         verify=verify, **{"timeout": 5, **options})
"""


@pytest.fixture(autouse=True)
def only_our_plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave other plugins out: they cost a second for each run."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))


def run(pytester: pytest.Pytester, test: str, *arguments: str) -> pytest.RunResult:
    pytester.makepyfile(client=CLIENT)
    pytester.makepyfile(test)
    return pytester.runpytest_subprocess("-p", "mock_server.pytest_plugin", *arguments)


@pytest.mark.parametrize("fixture", ["veeam_server", "veeam_mock"])
def test_a_fixture_gives_a_server_that_is_new_for_each_test(pytester: pytest.Pytester, fixture: str) -> None:
    result = run(
        pytester,
        """
        from client import *

        @pytest.mark.parametrize("run", [1, 2])
        def test_codes(FIXTURE, run):
            assert FIXTURE.requests.list() == []
            headers = log_in(FIXTURE)
            FIXTURE.faults.add("status", status=503, times=1)
            assert [get_code(FIXTURE, headers).status_code for _ in range(2)] == [503, 200]
            assert len(FIXTURE.device_codes.list()) == 1
            FIXTURE.clock.advance("61m")
            assert get_code(FIXTURE, headers).status_code == 401
            FIXTURE.requests.verify(3, operation="getDeviceCode")
        """.replace("FIXTURE", fixture),
    )
    result.assert_outcomes(passed=2)


@pytest.mark.parametrize("fixture", ["veeam_server", "veeam_mock"])
def test_the_marker_changes_settings_for_one_test(pytester: pytest.Pytester, fixture: str) -> None:
    result = run(
        pytester,
        """
        from client import *

        @pytest.mark.veeam(code_lifetime="5s", faults=[{"preset": "throttled", "times": 1}])
        class TestMarked:
            def test_class(self, FIXTURE):
                assert requests.get(FIXTURE.url + "/v4/x", verify=getattr(FIXTURE, "ca_cert", True)).status_code == 429
                assert get_code(FIXTURE, log_in(FIXTURE)).json()["expiresIn"] == 5

            @pytest.mark.veeam(code_lifetime="7s", faults=[])
            def test_nearer_marker(self, FIXTURE):
                assert get_code(FIXTURE, log_in(FIXTURE)).json()["expiresIn"] == 7

        def test_unmarked(FIXTURE):
            assert get_code(FIXTURE, log_in(FIXTURE)).json()["expiresIn"] == 900
        """.replace("FIXTURE", fixture),
    )
    result.assert_outcomes(passed=3)


def test_the_ini_and_the_settings_fixture_set_for_all_tests(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nveeam_settings =\n    code_lifetime = 30s\n    username = tech\\administrator\n")
    test = """
        from client import *

        def test_ini(veeam_mock):
            assert veeam_mock.username == "tech\\\\administrator"
            assert get_code(veeam_mock, log_in(veeam_mock)).json()["expiresIn"] == 30
        """
    run(pytester, test).assert_outcomes(passed=1)


def test_a_failing_test_shows_what_the_mock_saw(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        from client import *

        def test_fails(veeam_mock):
            veeam_mock.faults.add("reset")
            with pytest.raises(requests.ConnectionError):
                log_in(veeam_mock)
            veeam_mock.faults.clear()
            log_in(veeam_mock)
            assert False
        """,
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*exchanges of veeam_mock*", "*POST /v4/Token*", "*reset*", "*200*"])
    assert "password=veeam" not in result.stdout.str().replace("username=administrator&password=veeam&", "")


def test_a_bad_setting_in_a_marker_is_named(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        import pytest

        @pytest.mark.veeam(code_lifetim="5s")
        def test_marked(veeam_mock):
            pass
        """,
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*code_lifetim*is not a setting*"])
