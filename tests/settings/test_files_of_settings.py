"""Config files, variables and options as they come: in other encodings, and made to use up the memory."""

import os
import subprocess
import tracemalloc
from pathlib import Path

import pytest

from support.running_command import COMMAND
from veeam_mock.settings.settings import SettingsError
from veeam_mock.settings.sources import gather, read_config
from veeam_mock.settings.yaml_text import LONGEST_FILE, MOST_VALUES

LAUGHS = "a0: &a0 [lol, lol]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
MERGES = "a0: &a0 {x: 1, y: 2}\n" + "".join(f"a{n}: &a{n}\n  <<: [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))


@pytest.mark.parametrize("text", [LAUGHS, MERGES], ids=["a billion laughs", "merges that double"])
def test_aliases_are_bounded_by_what_they_stand_for(tmp_path: Path, text: str) -> None:
    file = tmp_path / "veeam-mock.yaml"
    file.write_text(text)
    tracemalloc.start()
    try:
        with pytest.raises(SettingsError, match=f"more than {MOST_VALUES} values here") as refused:
            read_config(str(file))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "line " in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
    assert peak < 100_000_000


def test_a_number_of_base_60_is_bounded(tmp_path: Path) -> None:
    file = tmp_path / "veeam-mock.yaml"
    file.write_text("port: 1" + ":59" * 300_000)
    with pytest.raises(SettingsError, match="a number has more than 400 characters, line 1, column 7"):
        read_config(str(file))


def test_an_alias_stands_for_what_it_names(tmp_path: Path) -> None:
    file = tmp_path / "veeam-mock.yaml"
    file.write_text("restore_sessions: &ids [a, b]\naccounts: *ids\n")
    assert read_config(str(file)) == {"restore_sessions": ["a", "b"], "accounts": ["a", "b"]}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_is_read_as_powershell_and_others_write_it(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "veeam-mock.yaml"
    file.write_bytes("username: J\u00f6rg\r\ncode_lifetime: 5s\r\n".encode(encoding))
    assert read_config(str(file)) == {"username": "J\u00f6rg", "code_lifetime": "5s"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("username: J\u00f6rg".encode("latin-1"), "it is not UTF-8"),
        (b"\xff\xfea", "it is not UTF-8"),
        (b"#" * (LONGEST_FILE + 1), f"it has more than {LONGEST_FILE} bytes"),
    ],
)
def test_what_is_no_text_or_too_much_is_told_in_a_line(tmp_path: Path, content: bytes, told: str) -> None:
    file = tmp_path / "veeam-mock.yaml"
    file.write_bytes(content)
    with pytest.raises(SettingsError, match=told):
        read_config(str(file))


@pytest.mark.parametrize(
    ("options", "environ", "where"),
    [
        ({"username": "a\udcff"}, {}, "--username"),
        ({"cors": ("https://a.example", "\udcff")}, {}, "--cors"),
        ({}, {"VEEAM_MOCK_PORT_FILE": "\udcff"}, "VEEAM_MOCK_PORT_FILE"),
        ({}, {"VEEAM_MOCK_\udcff": "1"}, "VEEAM_MOCK_\udcff"),
    ],
)
def test_a_value_that_is_no_utf_8_is_refused(options: dict[str, object], environ: dict[str, str], where: str) -> None:
    with pytest.raises(SettingsError) as refused:
        gather(options, None, environ)
    assert str(refused.value) == f"{where}: is not UTF-8"


@pytest.mark.skipif(os.name == "nt", reason="arguments of Windows are UTF-16")
def test_an_argument_that_is_no_utf_8_ends_the_command_with_a_line() -> None:
    result = subprocess.run([*map(os.fsencode, COMMAND), b"--username", b"a\xff"], capture_output=True, timeout=30)
    assert result.returncode == 2
    assert b"--username: is not UTF-8" in result.stderr
    assert b"Traceback" not in result.stderr


def test_what_was_typed_is_told_and_nothing_in_it_obeyed(tmp_path: Path) -> None:
    typed = f"{tmp_path}/no\n::error::\x1b[31m/port"
    result = subprocess.run([*COMMAND, "--port-file", typed, "--port", "0"], capture_output=True, text=True, timeout=30)
    assert result.returncode == 2
    assert "port_file" in result.stderr
    assert not any(line.startswith("::error") or "\x1b" in line for line in result.stderr.splitlines())
