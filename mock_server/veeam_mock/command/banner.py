"""What the command prints when it is ready: where it listens, how to trust it, and lines to paste into a shell."""

import os
from pathlib import Path
from shlex import quote

from veeam_mock.door.certificates import Certificate
from veeam_mock.settings.addresses import EVERYWHERE, machine_name
from veeam_mock.settings.settings import Settings

FORM = "--data-urlencode"
VARIABLE = "VEEAM_MOCK_PASSWORD"
IS_WINDOWS = os.name == "nt"


def banner(
    settings: Settings,
    url: str,
    certificate: Certificate | None,
    key_file: Path | None = None,
    *,
    windows: bool = IS_WINDOWS,
) -> str:
    """The text, with lines for a POSIX shell, or for PowerShell on Windows.

    A password that the user chose appears as a variable, never itself.
    """
    authority = certificate.authority if certificate else None
    username, known = next(iter(settings.passwords)), settings.password_is_default
    variable = f"$env:{VARIABLE}" if windows else f"${VARIABLE}"
    holding = f"{variable} holds" if windows else f"{VARIABLE} is exported with"
    lines = [
        f"Fake Veeam Backup for Microsoft Office 365 at {url}",
        *([f"  CA file  {authority}"] if authority else []),
        f"  Login    {username} / {settings.passwords[username] if known else variable}",
        f"  API      {url}/swagger",
        f"  State    {url}/__admin/",
        *_for_others(settings, url),
        *([f"  Key      {key_file} (for the control API, header X-Admin-Key)"] if key_file else []),
        "",
        "Get a device code:" if known else f"Get a device code, once {holding} the password:",
        "",
        *(_for_powershell if windows else _for_posix)(settings, url, authority),
        "",
        "Ctrl-C stops it.",
    ]
    return "\n".join(lines)


def _for_others(settings: Settings, url: str) -> list[str]:
    """Where other machines find a server that listens everywhere."""
    name = machine_name() if settings.host in EVERYWHERE else None
    return [f"  Others   {url.partition('://')[0]}://{name}:{url.rpartition(':')[2]}"] if name else []


def _for_posix(settings: Settings, url: str, authority: Path | None) -> list[str]:
    """Lines for a POSIX shell and curl.

    Who pastes them has to export a chosen password first; without it the shell says so, and of a login that fails curl
    does (`-f`), where else the error would be taken for the token.
    """
    trust = f"--cacert {quote(str(authority))} " if authority else ""
    username, password = next(iter(settings.passwords.items()))
    pasted = password if settings.password_is_default else f"${{{VARIABLE}:?export it first}}"
    return [
        f"  TOKEN=$(curl -fsS {trust}{url}/v4/Token -d grant_type=password {FORM} {quote(f'username={username}')} "
        f'{FORM} "password={pasted}" | sed -E \'s/.*"access_token":"([^"]+)".*/\\1/\')',
        f'  curl -sS {trust}{url}/v4/DeviceCode -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" '
        '-d \'{"targetRegion": "worldwide"}\'',
    ]


def _for_powershell(settings: Settings, url: str, authority: Path | None) -> list[str]:
    """Lines for PowerShell, 5.1 and later; the first one trusts the CA for this user."""
    username, password = next(iter(settings.passwords.items()))
    pasted = _quoted(password) if settings.password_is_default else f"$env:{VARIABLE}"
    login = f"@{{grant_type='password'; username={_quoted(username)}; password={pasted}}}"
    place = r"-CertStoreLocation Cert:\CurrentUser\Root"
    return [
        *([f"  Import-Certificate -FilePath {_quoted(str(authority))} {place}"] if authority else []),
        f"  $token = (Invoke-RestMethod {url}/v4/Token -Method Post -Body {login}).access_token",
        f"  Invoke-RestMethod {url}/v4/DeviceCode -Method Post -ContentType application/json "
        '-Headers @{Authorization="Bearer $token"} -Body \'{"targetRegion": "worldwide"}\'',
    ]


def _quoted(text: str) -> str:
    """`text` as a literal of PowerShell."""
    return "'{}'".format(text.replace("'", "''"))
