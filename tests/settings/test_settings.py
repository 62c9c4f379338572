"""Settings: where they come from, which goes before which, and what is said about mistakes."""

from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from veeam_mock import Settings, SettingsError
from veeam_mock.command import cli
from veeam_mock.command.mistakes import settings_from
from veeam_mock.settings.options import BY_KEY, OPTIONS
from veeam_mock.settings.sources import from_text, gather, read_config, read_environment


def problems(**given: Any) -> dict[str, str]:
    """The mistakes in settings: key -> message."""
    with pytest.raises(SettingsError) as caught:
        Settings(**given)
    return {problem.where: problem.message for problem in caught.value.problems}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "veeam.yaml"


def test_the_defaults_are_those_of_the_options() -> None:
    settings = Settings()
    for option in OPTIONS:
        if option.key != "ambiguities":
            assert getattr(settings, option.key) == option.default, option.key


def test_it_listens_on_loopback_unless_told_otherwise() -> None:
    assert ip_address(Settings().host).is_loopback
    assert Settings(host="0.0.0.0").host == "0.0.0.0"


def test_durations_are_kept_in_seconds() -> None:
    settings = Settings(code_lifetime="15m", token_lifetime=60, refresh_lifetime="14d")
    assert (settings.code_lifetime, settings.token_lifetime, settings.refresh_lifetime) == (900, 60, 1209600)


def test_all_mistakes_are_told_at_once_each_with_its_key() -> None:
    found = problems(port="x", code_lifetime="soon", log_format="xml", bogus=1, organizations=[{"region": "Atlantis"}])
    assert found.keys() == {
        "port",
        "code_lifetime",
        "log_format",
        "bogus",
        "organizations.0.name",
        "organizations.0.region",
    }


@pytest.mark.parametrize(
    ("given", "key", "message"),
    [
        ({"port": 65536}, "port", "65536"),
        ({"port": True}, "port", "not of type integer"),
        ({"host": ""}, "host", "is not a host name, or an address such as"),
        ({"code_lifetime": "15 m"}, "code_lifetime", "is not a duration such as"),
        ({"code_lifetime": "500ms"}, "code_lifetime", "from 1s to 3650d"),
        ({"token_lifetime": "3651d"}, "token_lifetime", "from 1s to 3650d"),
        ({"refresh_lifetime": 1e300}, "refresh_lifetime", "from 1s to 3650d"),
        ({"refresh_lifetime": float("nan")}, "refresh_lifetime", "is not a duration"),
        ({"request_timeout": 0}, "request_timeout", "from 10ms to 1d"),
        ({"expires_unit": "minutes"}, "expires_unit", "not one of seconds, milliseconds"),
        ({"verification_url": "http://example.com"}, "verification_url", "is not 'self', nor an https address"),
        ({"verification_url": "https://exa mple.com"}, "verification_url", "is not 'self', nor an https address"),
        ({"verification_url": 'https://x"/'}, "verification_url", "is not 'self', nor an https address"),
        ({"cert": "server.pem"}, "cert", "needs key as well"),
        ({"key": "server.key"}, "key", "needs cert as well"),
        ({"http": True, "cert": "a", "key": "b"}, "http", "plain HTTP has no certificate"),
        ({"accounts": ["me"]}, "accounts.0", "'me' is not an account such as admin@"),
        ({"password": ""}, "password", "has 0 characters, at least 1 are needed"),
        ({"users": [{"username": "a", "password": ""}]}, "users.0.password", "has 0 characters"),
        ({"auto_approve": "soon"}, "auto_approve", "'soon' is not a duration such as 30s"),
        ({"users": []}, "users", "has 0 items, at least 1 are needed"),
        ({"users": [{"username": "a"}]}, "users.0.password", "is required"),
        ({"users": [{"username": "a", "password": "b"}] * 2}, "users.1.username", "the name is there twice"),
        ({"users": [{"username": "a", "password": "b"}], "username": "a"}, "username", "does not go with users"),
        ({"users": [{"username": "a", "password": "b"}], "password": "b"}, "password", "does not go with users"),
        ({"organizations": [{"name": "a"}, {"name": "A"}]}, "organizations.1.name", "'A' is there twice"),
        ({"organizations": [{"name": "a", "id": "7"}]}, "organizations.0.id", "not a valid uuid"),
        ({"organizations": [{"name": "a", "colour": 1}]}, "organizations.0", "unknown key 'colour'"),
        ({"organizations": None}, "organizations", "not of type array"),
        ({"restore_sessions": ["7"]}, "restore_sessions.0", "not a valid uuid"),
        ({"ambiguities": {"colour": "red"}}, "ambiguities.colour", "known are "),
        ({"ambiguities": {"expires-unit": "days"}}, "ambiguities.expires-unit", "known are seconds, milliseconds"),
        ({"seed": 1.5}, "seed", "not of type integer or string"),
        ({"cors": ["example.com/"]}, "cors.0", "is not an origin such as"),
        ({"admin_key": "one two"}, "admin_key", "is not a key of visible ASCII"),
        ({"faults": [{"kind": "tea"}]}, "faults.0.kind", "'tea' is not one of status"),
        ({"most_codes": 0}, "most_codes", "less than the minimum"),
        ({"colour": "red"}, "colour", "is not a setting; known are host, port"),
        ({"api": "v8"}, "api", "'v8' is not of type array; write a list: [v8]"),
        ({"cors": "https://a.example"}, "cors", "write a list: [https://a.example]"),
        ({"accounts": "[ann"}, "accounts", "'[ann' is not of type array, and cannot be read as YAML"),
        ({"faults": "down"}, "faults", "'down' is not of type array"),
    ],
)
def test_a_mistake_names_the_key_and_the_reason(given: dict[str, Any], key: str, message: str) -> None:
    found = problems(**given)
    assert list(found) == [key]
    assert message in found[key]


@pytest.mark.parametrize(
    "given", [{"password": ["geheim"]}, {"admin_key": "ge heim"}, {"users": [{"username": 1, "password": ["geheim"]}]}]
)
def test_a_mistake_in_a_secret_does_not_repeat_it(given: dict[str, Any]) -> None:
    assert "geheim" not in str(problems(**given))


@pytest.mark.parametrize(
    ("users", "key", "message"),
    [
        (
            {"administrator": "hunter2"},
            "users",
            "the value is not a list of users, such as [{username: NAME, password: TEXT}]",
        ),
        (["administrator:hunter2"], "users.0", "the value is not a user, such as {username: NAME, password: TEXT}"),
        ([["a", "hunter2"]], "users.0", "the value is not a user, such as"),
        ([{"username": "a", "password": "b", "hunter2": 1}], "users.0", "the value is not a user, such as"),
        ([{"username": ["hunter2"], "password": "b"}], "users.0.username", "the value is not text"),
        ([{"username": "hunter2", "password": "b"}] * 2, "users.1.username", "the name is there twice"),
        ("[{username: a, password: hunter2", "users", "and cannot be read as YAML"),
    ],
)
def test_a_mistake_in_the_users_repeats_nothing_of_them(users: object, key: str, message: str) -> None:
    found = problems(users=users)
    assert list(found) == [key]
    assert message in found[key]
    assert "hunter2" not in found[key]


def test_users_in_the_environment_that_are_no_list_are_not_repeated() -> None:
    for text in ("administrator:hunter2", "[{username: a, password: hunter2", "{administrator: hunter2}", "hunter2"):
        found = problems(**read_environment({"VEEAM_MOCK_USERS": text}))
        assert "hunter2" not in str(found), text


def test_settings_do_not_change_but_give_new_ones() -> None:
    settings = Settings(code_lifetime="5s", seed=1)
    changed = settings.replace(seed=2)
    assert (changed.seed, changed.code_lifetime, settings.seed) == (2, 5, 1)
    with pytest.raises(AttributeError, match="replace"):
        settings.seed = 3


def test_their_repr_shows_what_was_set_and_no_secret() -> None:
    shown = repr(Settings(password="geheim", admin_key="geheim2", seed=1, ambiguities={"code-shape": "8"}))
    assert "seed=1" in shown
    assert "code-shape" in shown
    assert "geheim" not in shown
    assert repr(Settings()) == "Settings()"


def test_the_unit_of_expires_in_can_be_set_under_either_name() -> None:
    assert Settings(expires_unit="milliseconds").ambiguities["expires-unit"] == "milliseconds"
    assert Settings(ambiguities={"expires-unit": "milliseconds"}).expires_unit == "milliseconds"


def test_a_config_file_takes_dashes_and_dates_and_numbers_as_they_are_written(config: Path) -> None:
    config.write_text("code-lifetime: 5s\nport: 0\nseed: 2030-01-01\nambiguities: {code-shape: 8}\n")
    settings = Settings(**read_config(str(config)))
    assert (settings.code_lifetime, settings.port, settings.seed) == (5, 0, "2030-01-01")
    assert settings.ambiguities["code-shape"] == "8"


def test_a_config_file_may_merge_mappings_and_go_before_what_is_merged(config: Path) -> None:
    config.write_text("organizations:\n- &one {name: a, region: China}\n- {<<: *one, name: b}\n")
    assert [each["name"] for each in Settings(**read_config(str(config))).organizations] == ["a", "b"]


def test_an_empty_config_file_sets_nothing(config: Path) -> None:
    config.write_text("# nothing yet\n")
    assert read_config(str(config)) == {}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"a: b: c", "this is not YAML, line 1, column 5"),
        (b"- host", "must hold a mapping of settings"),
        (b"host: \xff", "it is not UTF-8"),
        (b"\x00", "a character that YAML does not allow"),
        (b"[a]: 1", "this is not YAML, line 1, column 1"),
        (b"host: &a [*a]", "cannot be read"),
        (b"host: " + b"[" * 5000, "cannot be read"),
        (b"host: !!binary aGVsbG8=", "cannot be read"),
        (b"host: a\nport: 1\nhost: a", "a key is there a second time, line 3"),
        (b"users:\n- {username: a, password: b, password: c}", "a key is there a second time, line 2"),
        (b"code-lifetime: 5s\ncode_lifetime: 6s", "has one setting twice, as code-lifetime and code_lifetime"),
    ],
)
def test_a_config_file_that_cannot_be_read_is_a_mistake_of_its_own(config: Path, content: bytes, reason: str) -> None:
    config.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        read_config(str(config))
    assert str(caught.value).startswith(f"config: {config} ")
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_config_file_that_is_not_there_is_a_mistake(config: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        read_config(str(config))


@pytest.mark.parametrize(
    "content", ["geheim: yes", "*geheim", "!geheim x", "!!float geheim", "&geheim a\nb: &geheim c\nd: [", '"geheim']
)
def test_a_broken_config_file_is_not_quoted_for_it_may_hold_a_password(config: Path, content: str) -> None:
    config.write_text(f"password: {content}")
    with pytest.raises(SettingsError) as caught:
        read_config(str(config))
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "key", "value"),
    [
        ("VEEAM_MOCK_PORT", "0", "port", 0),
        ("VEEAM_MOCK_CODE_LIFETIME", "15m", "code_lifetime", "15m"),
        ("VEEAM_MOCK_HTTP", "yes", "http", True),
        ("VEEAM_MOCK_LOG", "FALSE", "log", False),
        ("VEEAM_MOCK_HTTP", "on", "http", True),
        ("VEEAM_MOCK_LOG", "Off", "log", False),
        ("VEEAM_MOCK_SEED", "12", "seed", 12),
        ("VEEAM_MOCK_SEED", "twelve", "seed", "twelve"),
        ("VEEAM_MOCK_CORS", "https://a.test, https://b.test", "cors", ["https://a.test", "https://b.test"]),
        ("VEEAM_MOCK_AMBIGUITIES", "{code-shape: 8}", "ambiguities", {"code-shape": 8}),
        ("VEEAM_MOCK_FAULTS", "[{kind: reset}]", "faults", [{"kind": "reset"}]),
        ("VEEAM_MOCK_PASSWORD", "007", "password", "007"),
    ],
)
def test_the_environment_sets_everything(name: str, text: str, key: str, value: object) -> None:
    assert read_environment({name: text, "VEEAM_URL": "not ours"}) == {key: value}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("VEEAM_MOCK_PORT", "tcp://10.96.0.12:4443"),
        ("VEEAM_MOCK_SERVICE_HOST", "10.96.0.12"),
        ("VEEAM_MOCK_SERVICE_PORT", "4443"),
        ("VEEAM_MOCK_SERVICE_PORT_HTTPS", "4443"),
        ("VEEAM_MOCK_PORT_4443_TCP", "tcp://10.96.0.12:4443"),
        ("VEEAM_MOCK_PORT_4443_TCP_PROTO", "tcp"),
        ("VEEAM_MOCK_PORT_4443_TCP_PORT", "4443"),
        ("VEEAM_MOCK_PORT_4443_TCP_ADDR", "10.96.0.12"),
        ("VEEAM_MOCK_TESTS_PORT", "udp://10.96.0.13:53"),
        ("VEEAM_MOCK_TESTS_SERVICE_HOST", "10.96.0.13"),
        ("VEEAM_MOCK_PORT", ""),
        ("VEEAM_MOCK_HTTP", ""),
        ("VEEAM_MOCK_CONFIG", ""),
    ],
)
def test_what_kubernetes_sets_for_a_service_of_our_name_or_what_is_empty_sets_nothing(name: str, text: str) -> None:
    assert read_environment({name: text, "VEEAM_MOCK_PORT_FILE": "port"}) == {"port_file": "port"}


def test_a_mistake_says_where_its_value_came_from(config: Path) -> None:
    config.write_text("port: x\nhost: ''\n\ncolour: red\norganizations:\n- name: a.example\n- {}\n")
    environ = {"VEEAM_MOCK_HOST": "a b", "VEEAM_MOCK_LOG_FORMAT": "xml"}
    with pytest.raises(SettingsError) as caught:
        gather({"code_lifetime": "soon", "log_format": "xml"}, str(config), environ)
    said = {problem.where: problem.message.rpartition(" (from ")[2] for problem in caught.value.problems}
    assert said == {
        "port": f"{config}, line 1)",
        "host": "VEEAM_MOCK_HOST)",
        "log_format": "--log-format)",
        "code_lifetime": "--code-lifetime)",
        "colour": f"{config}, line 4)",
        "organizations.1.name": f"{config}, line 7)",
    }


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("VEEAM_MOCK_PORT", "abc", "port: 'abc' is not of type integer"),
        ("VEEAM_MOCK_HTTP", "perhaps", "http: 'perhaps' is not of type boolean"),
        ("VEEAM_MOCK_FAULTS", "[:", "faults: '[:' is not of type array"),
        ("VEEAM_MOCK_COLOUR", "red", "colour: is not a setting"),
    ],
)
def test_a_mistake_in_the_environment_is_told_like_any_other(name: str, text: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings(**read_environment({name: text}))
    assert message in str(caught.value)


def test_text_that_means_no_value_is_kept_for_the_check() -> None:
    assert from_text(BY_KEY["ambiguities"], "{") == "{"


def gathered(*arguments: str) -> Settings:
    """The settings that the command would serve with."""
    with cli.command.make_context("veeam-mock", list(arguments)) as context:
        return settings_from(context.params)


def test_an_option_goes_before_the_environment_and_that_before_the_file(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text("username: file\npassword: file\ncode_lifetime: 1s\n")
    monkeypatch.setenv("VEEAM_MOCK_USERNAME", "environment")
    monkeypatch.setenv("VEEAM_MOCK_PASSWORD", "environment")
    settings = gathered("--config", str(config), "--username", "option")
    assert (settings.username, settings.password, settings.code_lifetime) == ("option", "environment", 1)


def test_the_config_file_can_be_named_by_the_environment(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.write_text("seed: 5\n")
    monkeypatch.setenv("VEEAM_MOCK_CONFIG", str(config))
    assert gathered().seed == 5


def test_a_flag_that_is_not_given_leaves_the_file_its_say(config: Path) -> None:
    config.write_text("http: true\n")
    assert gathered("--config", str(config)).http is True


def test_an_option_may_come_several_times() -> None:
    assert gathered("--cors", "https://a.test", "--cors", "https://b.test").cors == (
        "https://a.test",
        "https://b.test",
    )


def test_every_option_of_the_command_is_in_its_help() -> None:
    shown = CliRunner().invoke(cli.command, ["--help"]).output
    for option in OPTIONS:
        assert (f"--{option.key.replace('_', '-')} " in shown) == option.command, option.key
