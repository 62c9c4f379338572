"""What a run is told: from the command or from pytest's options to a target, the files to write and the baseline."""

import os
import re
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from veeam_contracts.asking.target import BUNDLED, LIVE, Limits, Login, Target, is_loopback, mistake_in, thorough
from veeam_contracts.document import describe, region_names
from veeam_contracts.further import Further, FurtherError, read_further
from veeam_contracts.judging.baseline import Baseline, BaselineError, read_baseline
from veeam_contracts.judging.catalogue import RULES
from veeam_contracts.option_table import ENVIRONMENT, REPORTS
from veeam_contracts.paths import NEWEST, VERSIONS
from veeam_mock.files import is_of_the_system
from veeam_mock.secrecy.showing import printable

THOROUGH_EXAMPLES = 100
AUTO, ALL = "auto", "all"
"""Values of `--api` beside the names of versions: the newest version that is served, and all that are."""


class Mistake(ValueError):
    """The command was used wrongly; every mistake is a line of the message, in which no terminal or CI system obeys
    what was typed."""

    def __init__(self, message: str) -> None:
        super().__init__("\n".join(map(printable, message.split("\n"))))


@dataclass(frozen=True, slots=True)
class Options:
    """A run to be done. Without `target` the bundled mock is started for it; `files` are report kind -> path."""

    target: Target | None
    files: Mapping[str, Path] = field(default_factory=dict)
    baseline: Baseline = field(default_factory=Baseline)
    seed: int = 1
    examples: int = 12
    timeout: float = 10.0
    rules: Sequence[str] = ()
    skipped: Sequence[str] = ()
    also: Sequence[str] = ()
    further: Sequence[Further] = ()
    api: str = AUTO
    partial: bool = False
    seconds: float | None = None

    def selects(self, rule: str) -> bool:
        """Whether the rule with this id is to be tried."""
        wanted = not self.rules or any(fnmatchcase(rule, pattern) for pattern in self.rules)
        return wanted and not any(fnmatchcase(rule, pattern) for pattern in self.skipped)


def read_options(given: Mapping[str, Any], environ: Mapping[str, str]) -> Options:
    """Options from values by name, the environment filling what they leave out. `Mistake` lists all that is wrong."""
    values = {key: value for key, value in given.items() if value is not None}
    if "url" in values or environ.get("VEEAM_URL"):
        values = {**{key: environ[name] for key, name in ENVIRONMENT.items() if environ.get(name)}, **values}
    problems = list(_problems(values))
    try:
        baseline = read_baseline(Path(values["baseline"])) if "baseline" in values else Baseline()
    except BaselineError as error:
        problems.append(str(error))
        baseline = Baseline()
    try:
        further = read_further(values.get("also", ()))
    except FurtherError as error:
        problems.append(f"--also: {error}")
    if problems:
        raise Mistake("\n".join(problems))
    return Options(
        target=_target(values, further) if "url" in values else None,
        files={kind: Path(values[kind]) for kind in REPORTS if kind in values},
        baseline=baseline,
        seed=int(values.get("seed", 1)),
        examples=THOROUGH_EXAMPLES if values.get("thorough") else 12,
        timeout=float(values.get("timeout", 10.0)),
        rules=tuple(values.get("rule", ())),
        skipped=tuple(values.get("skip", ())),
        also=tuple(values.get("also", ())),
        further=further,
        api=values.get("api", AUTO).lower(),
        partial=bool(values.get("partial")),
        seconds=seconds_of(values.get("max_time", "")),
    )


def _problems(values: Mapping[str, Any]) -> Iterator[str]:
    for name, low in (("timeout", 0.01), ("rate", 0.01), ("budget", 1), ("seed", 0)):
        if name in values and not _is_number(values[name], low):
            yield f"--{name} {values[name]}: must be a number of at least {low}"
    names = [AUTO, ALL, *map(str, VERSIONS)]
    if values.get("api", AUTO).lower() not in names:
        yield f"--api {values['api']!r}: is none of {', '.join(names)}"
    if "max_time" in values and seconds_of(values["max_time"]) is None:
        yield f"--max-time {values['max_time']}: is no time such as 90s, 5m or 1h"
    if "ca_cert" in values:
        yield from _certificate_problems(values["ca_cert"])
    yield from _client_problems(values)
    if values.get("password_stdin") and not values.get("password"):
        yield "--password-stdin: standard input holds no password"
    for name in ("rule", "skip"):
        for pattern in values.get(name, ()):
            if not any(fnmatchcase(rule.id, pattern) for rule in RULES):
                yield f"--{name} {pattern}: fits no rule; `veeam-contracts list` prints them"
    if "organization_id" in values and not re.fullmatch(r"(?!\.+$)[\w.~-]+", values["organization_id"], re.ASCII):
        yield f"--organization-id {values['organization_id']!r}: is no id, such as stand in the list of organizations"
    if "region" in values and values["region"].lower() not in map(str.lower, region_names()):
        yield f"--region {values['region']!r}: is none of {', '.join(region_names())}"
    yield from _report_problems({kind: Path(values[kind]) for kind in REPORTS if kind in values})
    if "url" in values:
        yield from _target_problems(values)


def _certificate_problems(file: str) -> Iterator[str]:
    if not Path(file).is_file():
        yield f"--ca-cert {file}: no such file"
        return
    try:
        ssl.create_default_context(cafile=file)
    except (ssl.SSLError, OSError):
        yield f"--ca-cert {file}: holds no certificate in the form PEM"


def _client_problems(values: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the certificate of the caller."""
    cert, key = values.get("client_cert"), values.get("client_key")
    if key and not cert:
        yield "--client-key: give the certificate as well, with --client-cert"
    missing = [name for name in ("client_cert", "client_key") if values.get(name) and not Path(values[name]).is_file()]
    yield from (f"--{name.replace('_', '-')} {values[name]}: no such file" for name in missing)
    if not cert or missing:
        return
    try:
        # Without an answer to a question for a passphrase: nobody sits here.
        ssl.create_default_context().load_cert_chain(cert, key, password=lambda: "")
    except (ssl.SSLError, OSError, ValueError):
        yield f"--client-cert {cert}: holds no certificate with its private key in the form PEM, without a passphrase"


def _report_problems(files: Mapping[str, Path]) -> Iterator[str]:
    """What would keep a report from being written: better known before the run than after it."""
    kinds: dict[Path, str] = {}
    for kind, path in files.items():
        kind = kind.replace("_", "-")
        first = kinds.setdefault(path.resolve(), kind)
        if not path.absolute().parent.is_dir():
            yield f"--{kind} {path}: the folder does not exist"
        elif path.is_dir():
            yield f"--{kind} {path}: is a folder, not a file"
        elif path.is_symlink() and not is_of_the_system(path):
            yield f"--{kind} {path}: is a link, which is not followed; name the file itself"
        elif not os.access(path if path.exists() else path.absolute().parent, os.W_OK):
            yield f"--{kind} {path}: must not be written"
        elif first != kind:
            yield f"--{kind} {path}: is the file of --{first} too"


def _target_problems(values: Mapping[str, Any]) -> Iterator[str]:
    url = str(values["url"])
    mistake = mistake_in(url)
    if mistake is not None:
        yield mistake
        return
    if "token" not in values and not ("username" in values and "password" in values):
        yield "no login: give --username with --password-stdin, or VEEAM_USERNAME and VEEAM_PASSWORD, or VEEAM_TOKEN"
    if values.get("thorough") and not values.get("yes") and not is_loopback(url):
        host = urlsplit(url).hostname
        yield f"--thorough sends thousands of requests, and {host} is not this machine: confirm with --yes"


def seconds_of(text: str) -> float | None:
    """A time such as `90s`, `5m`, `1h` or `90` in seconds; None for anything else, and for no time at all."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(s|m|h)?", text, re.ASCII)
    return (float(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2] or "s"] or None) if found else None


def _is_number(value: Any, low: float) -> bool:
    try:
        return float(value) >= low
    except ValueError:
        return False


def _target(values: Mapping[str, Any], further: Sequence[Further]) -> Target:
    limits = replace(_limits(values), reads=tuple(pattern for each in further for pattern in each.patterns))
    return Target(
        url=str(values["url"]).rstrip("/"),
        login=Login(values.get("username"), values.get("password"), values.get("token")),
        limits=limits,
        ca_cert=values.get("ca_cert"),
        client_cert=values.get("client_cert"),
        client_key=values.get("client_key"),
        insecure=bool(values.get("insecure")),
        proxy=values.get("proxy"),
        timeout=float(values.get("timeout", 10.0)),
        organization_id=values.get("organization_id"),
        region=values.get("region"),
        seed=int(values.get("seed", 1)),
        examples=THOROUGH_EXAMPLES if values.get("thorough") else 12,
    )


def _limits(values: Mapping[str, Any]) -> Limits:
    limits = replace(LIVE, requests=int(values.get("budget", 300)), rate=float(values.get("rate", 5.0)))
    limits = replace(limits, seconds=seconds_of(values.get("max_time", "")))
    return thorough(limits) if values.get("thorough") else limits


def bundled_target(server: Any, options: Options) -> Target:
    """The bundled mock, running as `server`, as a target without limits."""
    return Target(
        url=server.url,
        login=Login(server.username, server.password),
        limits=replace(BUNDLED, seconds=options.seconds),
        ca_cert=server.ca_cert,
        timeout=options.timeout,
        seed=options.seed,
        advance=server.clock.advance,
        decide=lambda code, decision: getattr(server.device_codes, decision)(code),
        examples=options.examples,
        restore_session_id=describe(NEWEST).example_restore_session,
    )
