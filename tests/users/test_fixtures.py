"""The pytest fixtures, as a user's test suite has them."""

import os
import sys
import textwrap

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
    return pytester.runpytest_inprocess("-p", "veeam_mock.pytest_plugin", *arguments)


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


def test_each_worker_of_xdist_has_a_server_of_its_own(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        import os, pathlib
        from client import *

        @pytest.mark.parametrize("number", range(8))
        def test_codes(veeam_server, veeam_mock, number):
            for server in (veeam_server, veeam_mock):
                get_code(server, log_in(server))
                assert len(server.device_codes.list()) == 1
            pathlib.Path(os.environ["PYTEST_XDIST_WORKER"]).write_text(veeam_server.url)
        """,
        *("-p", "xdist.plugin", "-n", "2"),
    )
    result.assert_outcomes(passed=8)
    urls = {path.read_text() for path in pytester.path.glob("gw*")}
    assert len(urls) == 2


def test_async_tests_and_classes_have_the_fixtures_too(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    result = run(
        pytester,
        """
        import ssl, unittest
        import httpx
        from client import *

        class TestAsync:
            @pytest.mark.asyncio
            async def test_log_in(self, veeam_server):
                form = {"grant_type": "password", "username": "administrator", "password": "veeam"}
                trust = ssl.create_default_context(cafile=veeam_server.ca_cert)
                async with httpx.AsyncClient(base_url=veeam_server.url, verify=trust) as client:
                    assert (await client.post("/v4/Token", data=form)).status_code == 200
                veeam_server.requests.verify(1, operation="getToken")

        @pytest.mark.veeam(code_lifetime="5s")
        class CaseTest(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _veeam(self, veeam_mock):
                self.veeam = veeam_mock

            def test_marked(self):
                self.assertEqual(get_code(self.veeam, log_in(self.veeam)).json()["expiresIn"], 5)

            def test_failing(self):
                log_in(self.veeam)
                self.fail()
        """,
        *("-p", "pytest_asyncio.plugin"),
    )
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*exchanges of veeam_mock*", "POST /v4/Token*", "  -> 200*"])


def test_a_failing_test_shows_what_kept_its_client_from_asking(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        from client import *

        def test_fails(veeam_server):
            requests.get(veeam_server.url, timeout=5)

        def test_fails_otherwise(veeam_server):
            requests.get(veeam_server.url.replace("https", "http"), timeout=5)

        def test_fails_before(veeam_server):
            assert False
        """,
    )
    result.assert_outcomes(failed=3)
    told = [line for line in result.outlines if "no request" in line]
    nothing = "none: no request reached the mock"
    assert told[0::2][:1] == [nothing]
    assert told[1].startswith("no request: the client does not trust the CA; the file to trust is /")
    assert told[2:] == [nothing, "no request: plain HTTP came to HTTPS: call this server by https://", nothing]


def test_a_fixture_that_fails_shows_the_exchanges_too(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        from client import *

        @pytest.fixture
        def headers(veeam_mock):
            return log_in(veeam_mock)

        @pytest.mark.veeam(faults=[{"preset": "service-unavailable"}])
        def test_uses_it(headers):
            pass
        """,
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*exchanges of veeam_mock*", "POST /v4/Token*", "  -> 503*struck by*"])


def test_only_the_last_exchanges_are_shown(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        from client import *

        def test_fails(veeam_mock):
            for number in range(30):
                requests.get(f"{veeam_mock.url}/v4/number-{number}")
            assert False
        """,
    )
    result.stdout.fnmatch_lines(["the last 20 of 30:", "GET /v4/number-10 *"])
    assert "GET /v4/number-9 " not in result.stdout.str()


def test_a_verification_that_fails_names_the_near_misses(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        from client import *

        def test_fails(veeam_mock):
            get_code(veeam_mock, log_in(veeam_mock))
            veeam_mock.requests.verify(1, operation="getDeviceCode", body={"/targetRegion": "China"})
        """,
    )
    result.stdout.fnmatch_lines(
        ["*expected 1 request*", "*near miss: POST /v4/DeviceCode*", "*'worldwide', not 'China'*"]
    )


def test_the_settings_fixture_can_be_overridden(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        from client import *

        @pytest.fixture(scope="session")
        def veeam_settings():
            return {"code_lifetime": "30s", "http": True}

        def test_set(veeam_server):
            assert veeam_server.url.startswith("http://")
            assert get_code(veeam_server, log_in(veeam_server)).json()["expiresIn"] == 30
        """,
    )
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("fixture", ["veeam_server", "veeam_mock"])
def test_the_settings_fixture_of_a_module_or_class_is_for_it_alone(pytester: pytest.Pytester, fixture: str) -> None:
    settings = """
        import pytest

        @pytest.fixture(scope="{scope}")
        def veeam_settings():
            return {{"code_lifetime": {seconds}}}

        def test_set({fixture}):
            assert {fixture}.settings.code_lifetime == {seconds}

        class TestNearer:
            @pytest.fixture
            def veeam_settings(self, veeam_settings):
                return {{**veeam_settings, "token_lifetime": 9}}

            def test_set({fixture}):
                assert {fixture}.settings.code_lifetime == {seconds}
                assert {fixture}.settings.token_lifetime == 9
        """.replace("def test_set({fixture}):\n                ", "def test_set(self, {fixture}):\n                ")
    for scope, seconds in (("session", 11), ("module", 12), ("function", 13)):
        text = textwrap.dedent(settings.format(scope=scope, seconds=seconds, fixture=fixture))
        pytester.makepyfile(**{f"test_{scope}": text})
    result = run(pytester, f"def test_unset({fixture}):\n    assert {fixture}.settings.code_lifetime == 900\n")
    result.assert_outcomes(passed=7)


def test_tests_with_the_same_settings_share_a_server(pytester: pytest.Pytester) -> None:
    test = """
        import pytest

        URLS = set()

        @pytest.fixture(scope="module")
        def veeam_settings():
            return {"http": True, "faults": []}

        @pytest.mark.parametrize("run", range(3))
        def test_url(veeam_server, run):
            URLS.add(veeam_server.url)
            assert len(URLS) == 1
        """
    run(pytester, test).assert_outcomes(passed=3)


@pytest.mark.parametrize("fixture", ["veeam_server", "veeam_mock"])
def test_a_marker_with_another_user_is_followed_by_the_login(pytester: pytest.Pytester, fixture: str) -> None:
    test = """
        from client import *

        @pytest.mark.veeam(username="other", password="secret")
        def test_other(FIXTURE):
            assert FIXTURE.username == "other"
            log_in(FIXTURE)

        def test_usual(FIXTURE):
            assert FIXTURE.username == "administrator"
            log_in(FIXTURE)
        """.replace("FIXTURE", fixture)
    run(pytester, test).assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("ini", "mark", "told"),
    [
        ("code_lifetime 30s", "", "*not of the form key = value*"),
        ("code_lifetime = soon", "", "*'soon' is not a duration*"),
        ("", "@pytest.mark.veeam('5s')", "*the marker veeam takes settings by name*"),
        ("", "@pytest.mark.veeam(http=True, port=5)", "*port, http: settled when the server starts*veeam_settings*"),
    ],
)
def test_a_mistake_is_told_in_a_few_lines(pytester: pytest.Pytester, ini: str, mark: str, told: str) -> None:
    pytester.makeini(f"[pytest]\nveeam_settings =\n    {ini}\n")
    result = run(pytester, f"import pytest\n\n{mark}\ndef test_it(veeam_server):\n    pass\n")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([told])
    assert "Traceback" not in result.stdout.str()
    assert len(result.outlines) < 25


def test_the_plugin_loads_nothing_of_the_mock_until_a_fixture_is_used(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_unused():
            ours = [name for name in sys.modules if name.partition(".")[0] == "veeam_mock"]
            assert sorted(ours) == ["veeam_mock", "veeam_mock.fixtures", "veeam_mock.pytest_plugin"]
            assert not {"requests", "responses", "flask", "asyncio"} & sys.modules.keys()
        """
    )
    result = pytester.runpytest_subprocess("-p", "veeam_mock.pytest_plugin")
    result.assert_outcomes(passed=1)
