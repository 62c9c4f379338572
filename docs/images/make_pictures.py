"""Make the pictures of the documentation anew: `python docs/images/make_pictures.py`, with Chromium and the extra test.

They show a mock with codes in every state, its sign-in page, and the report on a server with three planted defects.
Look at each before it is committed.
"""

import html
import json
import logging
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from veeam_mock import MockServer, Settings, create_app

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

IMAGES = Path(__file__).parent
DOCS = IMAGES.parent
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
WIDE, PHONE = (1180, 900), (390, 780)
ACCOUNT = "administrator.with.a.long.name@fabrikam.onmicrosoft.com"
TERMINAL = """<style>
body { margin: 0; padding: 26px 32px; background: #0d1117; color: #f0f3f6 }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: 17px/1.5 "DejaVu Sans Mono", monospace; margin: 0 }
</style><pre>%s</pre>"""


def main() -> None:
    """Make all of them."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        sys.exit("Chromium is not installed")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        terminal(browser)
        state(browser)
        sign_in(browser)
        report(browser)
        browser.close()


@contextmanager
def opened(browser: Browser, size: tuple[int, int], scheme: str) -> Iterator[Page]:
    """An empty page of this size, `light` or `dark`."""
    looks: dict[str, Any] = {"color_scheme": scheme, "viewport": {"width": size[0], "height": size[1]}}
    context = browser.new_context(**looks)
    yield context.new_page()
    context.close()


def terminal(browser: Browser) -> None:
    """The first minute, from the text of README."""
    blocks = re.findall(r"```(?:text|json)\n(.*?)```", (DOCS.parent / "README.md").read_text("utf-8"), re.DOTALL)
    banner, answer = blocks[0].rstrip(), blocks[1].rstrip()
    title, _, rest = banner.partition("\n\nGet a device code:\n\n")
    commands, _, stop = rest.partition("\n\n")
    prompt = '<b style="color: #6fe3cf">$</b> '
    lines = [
        f"{prompt}<b>veeam-mock</b>",
        f"{html.escape(title)}\n\n{html.escape(stop)}\n",
        '<span style="color: #9198a1"># in another terminal: the two lines that it prints</span>',
        *(prompt + html.escape(line.strip()) for line in commands.splitlines()),
        f'<span style="color: #8ddb8c">{html.escape(answer)}</span>',
    ]
    with opened(browser, (1180, 520), "dark") as page:
        page.set_content(TERMINAL % "\n".join(lines))
        page.screenshot(path=IMAGES / "first-minute.png", full_page=True)


def state(browser: Browser) -> None:
    """The state page of a world with something of everything, and one exchange."""
    accounts = ["admin@contoso.onmicrosoft.com", ACCOUNT]
    with MockServer(http=True, verification_url="self", accounts=accounts) as server:
        fill(server)
        for look, size in (("desktop", WIDE), ("phone", PHONE)):
            for scheme in ("light", "dark"):
                with opened(browser, size, scheme) as page:
                    page.goto(f"{server.url}/__admin/")
                    page.get_by_text("/v8/Organizations").first.wait_for()
                    page.screenshot(path=IMAGES / f"state-{look}-{scheme}.png", full_page=True)
        with opened(browser, WIDE, "light") as page:
            page.goto(f"{server.url}/__admin/")
            page.get_by_text("POST /v4/DeviceCode").first.click()
            page.get_by_text("Request", exact=True).wait_for()
            page.screenshot(path=IMAGES / "exchange-desktop-light.png")


def fill(server: MockServer) -> None:
    """Codes in every state, faults of every form, worlds beside, and what was refused."""
    server.faults.add(preset="throttled", match={"operation": "getOrganizations"}, times=3)
    server.faults.add(kind="delay", delay="1ms", probability=0.5, match={"operation": ["getDeviceCode", "getToken"]})
    client = requests.Session()
    login = {"grant_type": "password", "username": "administrator", "password": "veeam"}
    token = client.post(f"{server.url}/v4/Token", data=login, timeout=10).json()["access_token"]
    client.headers["Authorization"] = f"Bearer {token}"
    client.get(f"{server.url}/v4/Organizations", timeout=10)

    def code() -> str:
        answer = client.post(f"{server.url}/v4/DeviceCode", json={"targetRegion": "worldwide"}, timeout=10)
        return str(answer.json()["userCode"])

    spent, approved, denied, expired = code(), code(), code(), code()
    server.device_codes.approve(spent, "admin@contoso.onmicrosoft.com")
    added = {"userCode": spent, "newApplicationName": "Backup", "name": "fabrikam.onmicrosoft.com"}
    client.post(f"{server.url}/v8/Organizations", json=added, timeout=10)
    client.post(f"{server.url}/v4/DeviceCode", json={"targetRegion": "Atlantis"}, timeout=10)
    server.device_codes.approve(approved, ACCOUNT)
    server.device_codes.deny(denied)
    server.device_codes.expire(expired)
    code()
    for world in ("night-0", "night-1"):
        requests.get(f"{server.url}/v8/ServiceInstance", headers={"X-Mock-World": world}, timeout=10)


def sign_in(browser: Browser) -> None:
    """The steps of the sign-in page, those that the documentation shows."""
    accounts = ["admin@contoso.onmicrosoft.com", "backup@fabrikam.onmicrosoft.com"]
    with MockServer(http=True, verification_url="self", accounts=accounts) as server:
        for size, scheme, shown in (
            ((900, 680), "light", {"account": "desktop-light"}),
            ((900, 680), "dark", {"decision": "desktop-dark"}),
            (PHONE, "dark", {"account": "phone-dark"}),
            (PHONE, "light", dict.fromkeys(("unknown", "decision", "approved"), "phone-light")),
        ):
            with opened(browser, size, scheme) as page:
                walk(server, page, shown)


def walk(server: MockServer, page: Page, shown: dict[str, str]) -> None:
    """Sign in with a new code, and take the steps that are `shown`."""

    def take(step: str) -> None:
        page.wait_for_load_state("networkidle")
        if step in shown:
            page.screenshot(path=IMAGES / f"sign-in-{step}-{shown[step]}.png")

    page.goto(f"{server.url}/devicelogin?user_code=ABCDEFGH9")
    page.get_by_role("button", name="Next").click()
    take("unknown")
    client = requests.Session()
    login = {"grant_type": "password", "username": "administrator", "password": "veeam"}
    token = client.post(f"{server.url}/v4/Token", data=login, timeout=10).json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    code = client.post(f"{server.url}/v4/DeviceCode", json={}, headers=bearer, timeout=10).json()["userCode"]
    page.goto(f"{server.url}/devicelogin?user_code={code}")
    page.get_by_role("button", name="Next").click()
    take("account")
    page.get_by_text("admin@contoso.onmicrosoft.com").click()
    page.get_by_role("button", name="Next").click()
    take("decision")
    page.get_by_role("button", name="Approve").click()
    take("approved")


class Defects:
    """A lawful server but for three defects: a code that comes twice, a placeholder in messages, and a trace."""

    def __init__(self) -> None:
        self._served = create_app(Settings(http=True)).wsgi_app
        self._count = 0
        self._last = b""

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        status = ""

        def note(line: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            nonlocal status
            status = line
            kept = [(name, value) for name, value in headers if name.lower() != "content-length"]
            return start_response(line, kept, *rest)

        body = b"".join(self._served(environ, note))
        if status.startswith("200") and environ["PATH_INFO"].endswith("/DeviceCode"):
            body = self._spoilt(body)
        if status.startswith("404"):
            body = json.dumps({"message": r"Not found. at Veeam.Rest.Get() in C:\build\Rest\Get.cs:line 71"}).encode()
        return [body]

    def _spoilt(self, body: bytes) -> bytes:
        self._count += 1
        if self._count % 9 == 0 and self._last:
            return self._last
        self._last = body.replace(b"to authenticate.", b"to authenticate {0}.")
        return self._last


def report(browser: Browser) -> None:
    """The report on a server with defects, under a name of its own."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    served = make_server("127.0.0.1", 0, Defects(), threaded=True)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "report.html")
        url = f"http://127.0.0.1:{served.port}"
        login = ["--username", "administrator", "--password", "veeam", "--rate", "1000"]
        command = ["veeam-contracts", "check", url, "--api", "v4", "--html", str(file), *login]
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
        file.write_text(file.read_text("utf-8").replace(url, "https://veeam.example:4443"), "utf-8")
        for look, size in (("desktop", (1000, 1100)), ("phone", (500, 1000))):
            for scheme in ("light", "dark"):
                with opened(browser, size, scheme) as page:
                    page.goto(file.as_uri())
                    page.screenshot(path=DOCS / f"contracts-report-{look}{'-dark' if scheme == 'dark' else ''}.png")
    served.shutdown()


if __name__ == "__main__":
    main()
