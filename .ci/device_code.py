"""Get a device code from a server with nothing but the standard library, waiting up to 30 s for it to start."""

import argparse
import json
import sys
import time
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

LIMIT = 30.0


def post(url: str, body: bytes, **headers: str) -> dict[str, object]:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    with urlopen(Request(url, body, names, method="POST"), timeout=10) as reply:
        answer: dict[str, object] = json.load(reply)
        return answer


def device_code(url: str, token: str | None, version: str) -> dict[str, object]:
    if token is None:
        form = {"grant_type": "password", "username": "administrator", "password": "veeam"}
        token = str(post(f"{url}/{version}/Token", urlencode(form).encode())["access_token"])
    body = json.dumps({"targetRegion": "worldwide"}).encode()
    return post(f"{url}/{version}/DeviceCode", body, Authorization=f"Bearer {token}", Content_Type="application/json")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", nargs="?")
    parser.add_argument("--port-file", type=Path, help="of a server on this machine, instead of a URL")
    parser.add_argument("--token", help="instead of a login")
    parser.add_argument("--api", default="v4", help="the version to ask (v4)")
    options = parser.parse_args()
    end = time.monotonic() + LIMIT
    while True:
        try:
            url = options.url or f"http://127.0.0.1:{int(options.port_file.read_text())}"
            sys.stdout.write(f"{device_code(url, options.token, options.api)['userCode']} from {url}\n")
            return
        except HTTPError as error:
            raise SystemExit(f"no device code: {error} ({error.read()!r})") from None
        except (URLError, FileNotFoundError, ValueError) as error:
            if time.monotonic() > end:
                raise SystemExit(f"no device code after {LIMIT:g} s: {error}") from None
            time.sleep(0.1)


if __name__ == "__main__":
    main()
