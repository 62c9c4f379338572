"""A profile: what was learned of a server, as a YAML file that a person reads, edits and commits."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from veeam_contracts.judging.latency import Latency
from veeam_contracts.twin.forms import KEPT, Form

FORMAT = 1
HEAD = """\
# How a Veeam server answers, learned by `veeam-contracts probe`. `veeam-mock --profile FILE` answers so.
# It holds no secret, no host and no name of a tenant. Read it before you commit it: docs/twin.md says how.
"""
REFUSED = 300
"""The first status that is no success."""

TAKEN = frozenset({"media-type"})
"""What a server may take beyond the description, of which one question says all."""

USUAL = {
    "made-up-id": "unknown-id",
    "ended-token": "bad-token",
    "used-refresh-token": "refused-refresh-token",
    "ended-refresh-token": "refused-refresh-token",
}
"""Cases that are told where they differ from another."""

COMPRESSIONS = frozenset({"gzip", "deflate"})
"""What the mock can do as well."""


@dataclass(slots=True)
class Profile:
    """What is learned: `ambiguities` is the reading and the evidence of each question; `forms` the form of each answer
    by operation and case; `starting` how many requests came before the server was ready; `limits` what was met;
    `secret_forms` those of codes and tokens; `organizations` are made-up ones of the same form; `pages` where
    codes are typed, by region; `latencies` how long each operation takes."""

    api: str
    versions: Sequence[str]
    ambiguities: dict[str, tuple[str, str]] = field(default_factory=dict)
    lifetimes: dict[str, int] = field(default_factory=dict)
    starting: int = 0
    limits: list[dict[str, Any]] = field(default_factory=list)
    secret_forms: dict[str, str] = field(default_factory=dict)
    organizations: list[dict[str, Any]] | None = None
    pages: dict[str, str] = field(default_factory=dict)
    forms: dict[tuple[str, str], Form] = field(default_factory=dict)
    latencies: dict[str, Latency] = field(default_factory=dict)

    def write(self) -> str:
        """The profile as YAML: sorted, and alike each time but for `latency`."""
        parts: list[tuple[str, Any]] = [
            ("profile", FORMAT),
            ("api", self.api),
            ("versions", list(self.versions)),
            ("lifetimes", {key: f"{seconds}s" for key, seconds in sorted(self.lifetimes.items())}),
            ("starting", self.starting),
            ("limits", self.limits),
            ("forms", self.secret_forms),
            ("pages", dict(sorted(self.pages.items()))),
            (
                "taken",
                sorted(case for (_, case), form in self.forms.items() if case in TAKEN and form.status < REFUSED),
            ),
            ("refusals", [_entry(key, form) for key, form in sorted(self.forms.items()) if self._is_refusal(key)]),
            ("answers", [_entry(key, form) for key, form in sorted(self.forms.items()) if not key[1]]),
        ]
        if self.organizations is not None:
            parts.insert(7, ("organizations", self.organizations))
        shown = (f"\n{_dump({name: value})}" for name, value in parts if value or name == "organizations")
        text = HEAD + "".join(shown)
        text += "\nambiguities:\n" + "".join(self._lines()) if self.ambiguities else ""
        return text + (f"\n{_dump({'latency': self._latency()})}" if self.latencies else "")

    def _is_refusal(self, key: tuple[str, str]) -> bool:
        """Whether what was to be refused was, in a way of its own: what a server takes is told by readings, and by
        `taken`."""
        operation, case = key
        form = self.forms[key]
        is_usual = case in USUAL and form == self.forms.get((operation, USUAL[case]))
        return bool(case) and form.status >= REFUSED and not is_usual

    def _lines(self) -> Iterator[str]:
        for question, (reading, evidence) in sorted(self.ambiguities.items()):
            shown = "".join(c for c in evidence if c.isprintable())[:100]
            yield f"  {question}: {_dump(str(reading)).removesuffix('...' + chr(10)).strip()}  # {shown}\n"

    def _latency(self) -> Mapping[str, Any]:
        return {
            operation: {"median": round(latency.median, 4), "percentile95": round(latency.percentile95, 4)}
            for operation, latency in sorted(self.latencies.items())
        }


def _entry(key: tuple[str, str], form: Form) -> dict[str, Any]:
    operation, case = key
    entry: dict[str, Any] = {"operation": operation} if operation else {}
    entry |= {"case": case} if case else {}
    entry["status"] = form.status
    headers = {name: value for name, value in sorted(form.headers.items()) if name != "content-type"}
    entry |= {"content-type": form.headers["content-type"]} if "content-type" in form.headers else {}
    entry |= {"headers": headers} if headers else {}
    entry |= {"framing": form.framing} if form.framing != "content-length" else {}
    entry |= {"connection": form.connection} if form.connection != KEPT else {}
    entry |= {"compression": form.compression} if form.compression in COMPRESSIONS else {}
    return {**entry, "body": form.body}


def _dump(value: Any) -> str:
    text = str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=120))
    if text.replace("\n", "").isprintable():
        return text
    return str(yaml.safe_dump(value, sort_keys=False, width=120))
