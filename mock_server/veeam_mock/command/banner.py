"""What the command prints when it is ready: where it listens, how to trust it, and two lines to paste."""

from pathlib import Path
from shlex import quote

from veeam_mock.door.certificates import Certificate
from veeam_mock.settings.settings import Settings

FORM = "--data-urlencode"
VARIABLE = "VEEAM_MOCK_PASSWORD"


def banner(settings: Settings, url: str, certificate: Certificate | None, key_file: Path | None = None) -> str:
    """The text. A password that the user chose appears as a shell variable, never itself.

    Who pastes the lines has to set that variable first; without it the shell says so, and of a login that fails curl
    does (`-f`), where else the error would be taken for the token.
    """
    trust = f"--cacert {quote(str(certificate.authority))} " if certificate and certificate.authority else ""
    username, password = next(iter(settings.passwords.items()))
    known = settings.password_is_default
    shown = password if known else f"${VARIABLE}"
    pasted = password if known else f"${{{VARIABLE}:?export it first}}"
    lines = [
        f"Fake Veeam Backup for Microsoft Office 365 at {url}",
        *([f"  CA file  {certificate.authority}"] if certificate and certificate.authority else []),
        f"  Login    {username} / {shown}",
        f"  API      {url}/swagger",
        f"  State    {url}/__admin/",
        *([f"  Key      {key_file} (for the control API, header X-Admin-Key)"] if key_file else []),
        "",
        "Get a device code:" if known else f"Get a device code, once {VARIABLE} is exported with the password:",
        "",
        f"  TOKEN=$(curl -fsS {trust}{url}/v4/Token -d grant_type=password {FORM} {quote(f'username={username}')} "
        f'{FORM} "password={pasted}" | sed -E \'s/.*"access_token":"([^"]+)".*/\\1/\')',
        f'  curl -sS {trust}{url}/v4/DeviceCode -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" '
        '-d \'{"targetRegion": "worldwide"}\'',
        "",
        "Ctrl-C stops it.",
    ]
    return "\n".join(lines)
