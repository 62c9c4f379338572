"""What the command prints when it is ready: where it listens, how to trust it, and two lines to paste."""

from pathlib import Path
from shlex import quote

from mock_server.certificates import Certificate
from mock_server.settings import Settings

FORM = "--data-urlencode"


def banner(settings: Settings, url: str, certificate: Certificate | None, key_file: Path | None = None) -> str:
    """The text. A password that the user chose appears as a shell variable, never itself."""
    trust = f"--cacert {quote(str(certificate.authority))} " if certificate and certificate.authority else ""
    username, password = next(iter(settings.passwords.items()))
    shown = password if settings.password_is_default else "$VEEAM_MOCK_PASSWORD"
    lines = [
        f"Fake Veeam Backup for Microsoft Office 365 at {url}",
        *([f"  CA file  {certificate.authority}"] if certificate and certificate.authority else []),
        f"  Login    {username} / {shown}",
        f"  API      {url}/swagger",
        f"  State    {url}/__admin/",
        *([f"  Key      {key_file} (for the control API, header X-Admin-Key)"] if key_file else []),
        "",
        "Get a device code:",
        "",
        f"  TOKEN=$(curl -sS {trust}{url}/v4/Token -d grant_type=password {FORM} {quote(f'username={username}')} "
        f'{FORM} "password={shown}" | sed -E \'s/.*"access_token":"([^"]+)".*/\\1/\')',
        f'  curl -sS {trust}{url}/v4/DeviceCode -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" '
        '-d \'{"targetRegion": "worldwide"}\'',
        "",
        "Ctrl-C stops it.",
    ]
    return "\n".join(lines)
