"""The banner on Windows: its lines are for PowerShell. (On other systems tests paste its lines into a shell.)"""

from pathlib import Path, PureWindowsPath

import pytest

from support.documents import DOCS, snippets
from veeam_mock import Settings
from veeam_mock.command.banner import banner
from veeam_mock.door.certificates import Certificate
from veeam_mock.settings.keywords import GivenSettings

URL = "https://localhost:4443"
CA = PureWindowsPath(r"C:\Users\O'Neil\AppData\Roaming\veeam-mock\ca.pem")
CERTIFICATE = Certificate(Path("server.pem"), Path("server.key"), Path(str(CA)))


def lines_of(settings: Settings, certificate: Certificate | None = CERTIFICATE) -> list[str]:
    return banner(settings, URL, certificate, windows=True).splitlines()


def test_it_gives_lines_for_powershell() -> None:
    shown = lines_of(Settings())
    assert f"  CA file  {CA}" in shown
    assert "curl" not in "\n".join(shown)
    start = shown.index("Get a device code:") + 2
    assert shown[start : start + 3] == [
        r"  Import-Certificate -FilePath 'C:\Users\O''Neil\AppData\Roaming\veeam-mock\ca.pem' "
        r"-CertStoreLocation Cert:\CurrentUser\Root",
        f"  $token = (Invoke-RestMethod {URL}/v4/Token -Method Post -Body "
        "@{grant_type='password'; username='administrator'; password='veeam'}).access_token",
        f"  Invoke-RestMethod {URL}/v4/DeviceCode -Method Post -ContentType application/json "
        '-Headers @{Authorization="Bearer $token"} -Body \'{"targetRegion": "worldwide"}\'',
    ]
    assert shown[-1] == "Ctrl-C stops it."


def test_it_imports_nothing_where_there_is_nothing_to_trust() -> None:
    assert "Import-Certificate" not in "\n".join(lines_of(Settings(http=True), None))


@pytest.mark.parametrize("windows", [True, False])
def test_a_chosen_password_is_a_variable(windows: bool) -> None:
    shown = banner(Settings(username="o'neil", password="geheim"), URL, None, windows=windows)
    assert "geheim" not in shown
    assert ("$env:VEEAM_MOCK_PASSWORD" in shown) == windows
    assert ("username='o''neil'" in shown) == windows


@pytest.mark.parametrize(
    ("given", "certificate", "told"),
    [
        ({"host": "0.0.0.0", "http": True}, None, "  Others   http://build-7:4443"),
        ({"host": "::"}, CERTIFICATE, "  Others   https://build-7:4443"),
        ({}, CERTIFICATE, None),
        ({"host": "veeam.example"}, CERTIFICATE, None),
    ],
)
def test_where_it_listens_everywhere_the_name_of_the_machine_is_told(
    given: GivenSettings, certificate: Certificate | None, told: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "build-7")
    settings = Settings(**given)
    shown = banner(settings, settings.url(4443), certificate).splitlines()
    assert [line for line in shown if "Others" in line] == ([told] if told else [])


def test_the_page_for_windows_shows_the_same_lines() -> None:
    page = "\n".join(snippets(DOCS / "windows.md", "powershell"))
    for line in banner(Settings(), URL, None, windows=True).splitlines():
        if "Invoke-RestMethod" in line:
            assert line.strip() in page
