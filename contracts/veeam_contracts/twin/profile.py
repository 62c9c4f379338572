"""A profile: what was learned of a server, as a YAML file that a person reads, edits and commits."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from veeam_contracts.judging.latency import Latency
from veeam_contracts.twin.forms import KEPT, Form
from veeam_contracts.twin.templates import SECRET, cut
from veeam_mock.profiles.cases import ALWAYS_REFUSED, FIRST, INSTEAD, REFRESH, TAKEN, WITNESS
from veeam_mock.profiles.compression import COMPRESSORS
from veeam_mock.profiles.schema import problems_of

FORMAT = 1
HEAD = """\
# How a Veeam server answers, learned by `veeam-contracts probe`. `veeam-mock --profile FILE` answers so.
# It holds no secret, no host and no name of a tenant. Read it before you commit it: docs/twin.md says how.
"""
REFUSED = 300
"""The first status that is no success."""

NO_LENGTH = frozenset({204, 304})
"""Statuses whose answers have no body, so that nothing says where it ends."""

FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
FOLD = re.compile(r"\r?\n[ \t]+")
NOT_OF_FIELDS = re.compile(r"[^\t -~\xa0-\xff]")
LONGEST_FIELD = 8192
"""Names of header fields that the mock can send, a value over several lines, what no value may hold (RFC 9110 sections
5.1 and 5.5, RFC 9112 section 5.2), and how many characters it may have."""


@dataclass(slots=True)
class Profile:
    """What is learned: `ambiguities` is the reading and the evidence of each question; `forms` the form of each answer
    by operation and case; `starting` how many requests came before the server was ready; `limits` what was met;
    `secret_forms` those of codes and tokens; `organizations` are made-up ones of the same form; `pages` where codes are
    typed, by region, and `refused_regions` those that have none; `latencies` how long each operation takes."""

    api: str
    versions: Sequence[str]
    ambiguities: dict[str, tuple[str, str]] = field(default_factory=dict)
    lifetimes: dict[str, int] = field(default_factory=dict)
    starting: int = 0
    limits: list[dict[str, Any]] = field(default_factory=list)
    secret_forms: dict[str, str] = field(default_factory=dict)
    organizations: list[dict[str, Any]] | None = None
    pages: dict[str, str] = field(default_factory=dict)
    refused_regions: list[str] = field(default_factory=list)
    forms: dict[tuple[str, str], Form] = field(default_factory=dict)
    latencies: dict[str, Latency] = field(default_factory=dict)

    def write(self) -> str:
        """The profile as YAML: sorted, and alike each time but for `latency`."""
        parts, _ = self.told()
        shown = {name: _dump({name: value}) for name, value in parts.items()}
        if self.ambiguities:
            shown["ambiguities"] = "ambiguities:\n" + "".join(self._lines())
        return HEAD + "".join(f"\n{text}" for text in shown.values())

    def told(self) -> tuple[dict[str, Any], list[str]]:
        """The parts that are written; and what is left out, as no profile may hold it, each time with the reason."""
        parts: dict[str, Any] = {
            "profile": FORMAT,
            "api": self.api,
            "versions": list(self.versions),
            "lifetimes": {key: f"{seconds}s" for key, seconds in sorted(self.lifetimes.items())},
            "starting": self.starting,
            "limits": self.limits,
            "forms": self.secret_forms,
            "organizations": self.organizations,
            "pages": dict(sorted(self.pages.items())),
            "refused_regions": self.refused_regions,
            "taken": sorted({case for (_, case), form in self.forms.items() if case in TAKEN and form.gives}),
            "refusals": [_entry(key, form) for key, form in sorted(self.forms.items()) if self._is_refusal(key)],
            "answers": [_entry(key, form) for key, form in sorted(self.forms.items()) if self._is_answer(key)],
            "ambiguities": self.ambiguities,
            "latency": self._latency(),
        }
        told = {
            name: value for name, value in parts.items() if value or (value is not None and name == "organizations")
        }
        return told, _leave_out(told)

    def _is_answer(self, key: tuple[str, str]) -> bool:
        """Whether it is a good answer; that to a refresh where it differs from that to a login."""
        operation, case = key
        form = self.forms[key]
        return not case or (case == REFRESH and form.status < REFUSED and form != self.forms.get((operation, "")))

    def _is_refusal(self, key: tuple[str, str]) -> bool:
        """Whether what was to be refused was, in a way of its own: what a server takes is told by readings, and by
        `taken`."""
        operation, case = key
        form = self.forms[key]
        if not case or (case in INSTEAD and form == self.forms.get((operation, INSTEAD[case]))):
            return False
        if case in FIRST and operation != WITNESS and form == self.forms.get((WITNESS, case)):
            return not self.forms.keys().isdisjoint({(operation, ALWAYS_REFUSED), (WITNESS, ALWAYS_REFUSED)})
        return case == ALWAYS_REFUSED or form.status >= REFUSED or (case != REFRESH and self._says_success(key))

    def _says_success(self, key: tuple[str, str]) -> bool:
        """Whether it is a refusal with a status of success, and a body that is no good one. Of methods that are unknown
        only one was tried: where it succeeds without a word, others may not."""
        form, good = self.forms[key], self.forms.get((key[0], ""))
        is_good = form.gives or SECRET in (form.text or str(form.body))
        is_like_good = good is not None and _members(form.body) == _members(good.body)
        return not (is_good or is_like_good or (key[1] == "unknown-method" and not form.body))

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
    headers = {name: _field(text) for name, text in sorted(form.headers.items()) if FIELD_NAME.fullmatch(name)}
    media_type = headers.pop("content-type", "" if form.body else None)
    entry |= {"content-type": media_type} if media_type is not None else {}
    entry |= {"headers": headers} if headers else {}
    entry |= {"framing": form.framing} if form.framing != "content-length" and form.status not in NO_LENGTH else {}
    entry |= {"connection": form.connection} if form.connection != KEPT else {}
    entry |= {"compression": form.compression} if form.compression in COMPRESSORS else {}
    return {**entry, "body": form.text or form.body}


def _members(body: Any) -> Any:
    """What tells a good body from another: its members, that it is a list, or all of a text."""
    return list(body) if isinstance(body, dict) else type(body) if isinstance(body, list) else body


def _field(text: str) -> str:
    return cut(NOT_OF_FIELDS.sub("?", FOLD.sub(" ", text)), LONGEST_FIELD)


def _leave_out(parts: dict[str, Any]) -> list[str]:
    """Take out of the parts of a profile what the mock would not read; what that was, each time with the reason."""
    left_out = []
    while problems := problems_of({name: value for name, value in parts.items() if name != "ambiguities"}):
        part, key, *rest = f"{problems[0].where}..".split(".")
        held = parts[part]
        if isinstance(held, list) and key:
            entry = held.pop(int(key))
            place = " ".join(str(entry[name]) for name in ("operation", "case") if name in entry)
            key = f"{place or key} {'.'.join(rest).strip('.')}".strip()
        elif isinstance(held, dict) and key in held:
            del held[key]
        else:
            del parts[part]
        left_out.append(f"{part} {key}: {problems[0].message}".replace(" :", ":"))
    return left_out


def _dump(value: Any) -> str:
    text = str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=120))
    if text.replace("\n", "").isprintable():
        return text
    return str(yaml.safe_dump(value, sort_keys=False, width=120))
