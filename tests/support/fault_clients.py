"""How the clients of the field meet a fault: each asks one address and says in a few words what it saw."""

import json
import shutil
import ssl
import subprocess
from collections.abc import Callable, Mapping, Sequence

import httpx
import requests

FORM = {"grant_type": "password", "username": "administrator", "password": "veeam"}
BODY = "grant_type=password&username=administrator&password=veeam"
FORM_TYPE = "application/x-www-form-urlencoded"


def patience(address: str) -> float:
    """Seconds that a client waits: one where nothing ever comes, else long enough for a busy machine."""
    return 1.0 if "/~timeout/" in address else 10.0


FETCH = """
const [addresses, body, type] = JSON.parse(process.argv[1]);
const ask = async ([address, seconds]) => {
  const signal = AbortSignal.timeout(seconds * 1000);
  const options = { method: "POST", body, headers: { "Content-Type": type }, signal };
  try {
    const answer = await fetch(address, options);
    const text = await answer.text();
    const media = answer.headers.get("content-type");
    try { JSON.parse(text); return [answer.status, media, true]; } catch { return [answer.status, media, false]; }
  } catch (error) { return `${error.name}${error.cause?.code ? " " + error.cause.code : ""}`; }
};
console.log(JSON.stringify(await Promise.all(addresses.map(ask))));
"""

Seen = str
Client = Callable[[Sequence[str], str | None], list[Seen]]


def told(status: int, media: str | None, is_json: bool) -> Seen:
    """An answer in a few words: its status, and what is odd about it."""
    odd = [] if is_json else ["no JSON"]
    odd += [] if (media or "").startswith("application/json") else [str(media)]
    return ", ".join([str(status), *odd])


def by_requests(addresses: Sequence[str], ca_cert: str | None) -> list[Seen]:
    """What requests sees: an answer, or the class of its exception."""

    def ask(address: str) -> Seen:
        with requests.Session() as session:
            session.trust_env = False
            try:
                answer = session.post(address, data=FORM, timeout=patience(address), verify=ca_cert or True)
            except requests.RequestException as error:
                return type(error).__name__
            return told(answer.status_code, answer.headers.get("content-type"), is_json(answer.text))

    return [ask(address) for address in addresses]


def by_httpx(addresses: Sequence[str], ca_cert: str | None) -> list[Seen]:
    """What httpx sees: an answer, or the class of its exception."""
    context = ssl.create_default_context(cafile=ca_cert)

    def ask(address: str) -> Seen:
        with httpx.Client(verify=context, timeout=patience(address), trust_env=False) as client:
            try:
                answer = client.post(address, data=FORM)
            except httpx.HTTPError as error:
                return type(error).__name__
            return told(answer.status_code, answer.headers.get("content-type"), is_json(answer.text))

    return [ask(address) for address in addresses]


def by_curl(addresses: Sequence[str], ca_cert: str | None) -> list[Seen]:
    """What curl sees: an answer, or its exit status."""

    def ask(address: str) -> Seen:
        trust = ["--cacert", ca_cert] if ca_cert else []
        shown = ["--silent", "--write-out", "\\n%{http_code} %{content_type}", "--max-time", str(patience(address))]
        command = ["curl", "--disable", "--noproxy", "*", *trust, *shown, "--data", BODY, address]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=30, check=False)
        if done.returncode:
            return f"exit {done.returncode}"
        body, _, last = done.stdout.rpartition("\n")
        status, _, media = last.partition(" ")
        return told(int(status), media, is_json(body))

    return [ask(address) for address in addresses]


def by_fetch(addresses: Sequence[str], ca_cert: str | None) -> list[Seen]:
    """What Node's fetch sees: an answer, or the name of its error and the code of the cause."""
    node = shutil.which("node")
    assert node
    arguments = json.dumps([[[address, patience(address)] for address in addresses], BODY, FORM_TYPE])
    done = subprocess.run(
        [node, "--input-type=module", "--eval", FETCH, "--", arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"NODE_EXTRA_CA_CERTS": ca_cert or ""},
    )
    assert done.returncode == 0, done.stderr
    return [seen if isinstance(seen, str) else told(*seen) for seen in json.loads(done.stdout)]


def is_json(text: str) -> bool:
    """Whether a body parses."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


CLIENTS: Mapping[str, Client] = {
    "requests": by_requests,
    "httpx": by_httpx,
    "curl": by_curl,
    "fetch": by_fetch,
}
