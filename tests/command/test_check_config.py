"""`veeam-mock check-config`, and the JSON Schema that editors use: both take what the server takes."""

from pathlib import Path

import jsonschema_rs
import orjson
import pytest
import yaml
from click.testing import CliRunner

from support.documents import DOCS, TOP, snippets
from veeam_mock import Settings, SettingsError
from veeam_mock.command.cli import command
from veeam_mock.settings.config_schema import config_schema
from veeam_mock.settings.options import OPTIONS

GOOD = {
    "code_lifetime": "1h30m",
    "token-lifetime": 60,
    "seed": "x",
    "faults": [{"preset": "throttled", "times": 1, "operation": "getToken"}, {"kind": "delay", "delay": ["1s", "2s"]}],
    "ambiguities": {"code-shape": 8, "error-shape": "Message"},
    "users": [{"username": "a", "password": "b"}],
    "organizations": [{"name": "contoso.onmicrosoft.com", "region": "Germany"}],
}
BAD = [
    {"code_lifetim": "5s"},
    {"code-lifetime": "soon"},
    {"faults": [{"preset": "throtled"}]},
    {"faults": [{"kind": "reset", "tims": 1}]},
    {"ambiguities": {"code-shape": 7}},
    {"password": 12345},
    {"cors": ["https://a.example/"]},
]


def test_a_good_file_is_told_so_whatever_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEEAM_MOCK_PORT", "x")
    file = tmp_path / "veeam.yaml"
    file.write_text(yaml.safe_dump(GOOD))
    result = CliRunner().invoke(command, ["check-config", str(file)])
    assert (result.exit_code, result.output) == (0, f"{file} is good.\n")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"also": ["none.json"]}, "also: none.json cannot be read: No such file"),
        ({"answers": {"getSheep": {"status": 200}}}, "answers.getSheep: names no operation"),
        ({"profile": "none.yaml"}, "none.yaml cannot be read"),
    ],
)
def test_what_a_file_names_is_checked_as_well(tmp_path: Path, content: dict[str, object], told: str) -> None:
    file = tmp_path / "veeam.yaml"
    file.write_text(yaml.safe_dump(content | {"store": "redis://127.0.0.1:1/0"}))
    result = CliRunner().invoke(command, ["check-config", str(file)])
    assert result.exit_code == 2 and told in result.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["check-config"], "FILE: name the config file to check"),
        (["check-config", "nowhere.yaml"], "nowhere.yaml cannot be read"),
        (["--port", "1", "check-config", "x"], "--port: of no use to check a file"),
    ],
)
def test_what_cannot_be_checked_is_told(arguments: list[str], told: str) -> None:
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 2
    assert told in result.stderr


def test_the_schema_is_printed_and_the_one_in_the_docs_is_fresh() -> None:
    printed = CliRunner().invoke(command, ["check-config", "--schema"]).output
    assert orjson.loads(printed) == orjson.loads(orjson.dumps(config_schema()))
    assert (DOCS / "veeam-mock.schema.json").read_text("utf-8") == printed, "run python docs/make_settings.py"


def test_the_schema_takes_what_the_server_takes_and_refuses_what_it_refuses() -> None:
    schema = orjson.loads(orjson.dumps(config_schema()))
    validator = jsonschema_rs.Draft202012Validator(schema)
    assert validator.is_valid(GOOD)
    assert [bad for bad in BAD if validator.is_valid(bad)] == []
    for bad in BAD:
        with pytest.raises(SettingsError):
            Settings(**{key.replace("-", "_"): value for key, value in bad.items()})
    [example] = [text for text in snippets(TOP / "README.md", "yaml") if "users:" in text]
    assert validator.is_valid(yaml.safe_load(example))


def test_the_schema_describes_every_setting_and_holds_no_secret() -> None:
    properties = config_schema()["properties"]
    assert all(properties[option.key]["description"] == option.help for option in OPTIONS)
    assert "default" not in properties["password"]
