"""Checked settings. What can be set is in `options`; `sources` reads it from files, the environment and texts."""

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Unpack

from veeam_mock.faults.parsing import FaultError, FaultParser
from veeam_mock.model import durations
from veeam_mock.model.clock import system_time
from veeam_mock.settings.addresses import url_of
from veeam_mock.settings.keywords import GivenSettings
from veeam_mock.settings.options import BY_KEY, DEFAULT_PASSWORD, MEMORY, OPTIONS, Declared, Option
from veeam_mock.spec.document import VERSIONS, bundled_path, load_document, questions
from veeam_mock.spec.readings import default_readings
from veeam_mock.spec.schema import MOST_TOLD, Schema, Violation, shorten, told
from veeam_mock.spec.suggestions import suggestion
from veeam_mock.spec.versions import Versions

LIFETIME = ("1s", "3650d")
RANGES = {
    "code_lifetime": LIFETIME,
    "token_lifetime": LIFETIME,
    "refresh_lifetime": LIFETIME,
    "request_timeout": ("10ms", "1d"),
}
"""The shortest and the longest that a duration may be."""

STRUCTURES = ("array", "object")
"""Types of values that are written as YAML where there is only text."""

SCHEMA = Schema(
    {
        "type": "object",
        "additionalProperties": False,
        "properties": {option.key: option.schema for option in OPTIONS},
    }
)


STRICT = {"json-leniency": "refused", "path-slash": "refused", "form-multipart": "refused"}
"""The readings that `strict` picks."""

UNSET = frozenset(option.key for option in OPTIONS if option.default is None)


class SettingsError(ValueError):
    """Settings that do not fit. `problems` lists every mistake, each with its key."""

    def __init__(self, problems: list[Violation]) -> None:
        super().__init__(told(problems, between="\n"))
        self.problems = problems


class Settings(Declared):
    """Checked settings. `Settings(code_lifetime="5s")` takes what the config file takes; durations are kept in seconds.

    Raises `SettingsError` with all mistakes at once.
    """

    _given: Mapping[str, Any]
    picked: Mapping[str, str]
    """The readings that were picked, of `ambiguities`, which has the first of v4 for the others."""

    def __init__(self, **given: Unpack[GivenSettings]) -> None:
        __tracebackhide__ = True
        problems = _problems(given)
        if problems:
            raise SettingsError(problems)
        object.__setattr__(self, "_given", dict(given))
        for option in OPTIONS:
            object.__setattr__(self, option.key, _keep(option, given.get(option.key, option.default)))
        picked = {**(STRICT if self.strict else {}), **{key: str(name) for key, name in self.ambiguities.items()}}
        if "expires_unit" in given:
            picked["expires-unit"] = self.expires_unit
        if self.verification_url == "self":
            picked["verification-url"] = "self"
        readings = {**default_readings(load_document(bundled_path())), **picked}
        object.__setattr__(self, "expires_unit", readings["expires-unit"])
        object.__setattr__(self, "picked", MappingProxyType(picked))
        object.__setattr__(self, "ambiguities", MappingProxyType(readings))

    def __setattr__(self, key: str, value: object) -> None:
        raise AttributeError("settings do not change; make new ones with replace()")

    def __repr__(self) -> str:
        return f"Settings({', '.join(f'{key}={_shown(BY_KEY[key], value)}' for key, value in self._given.items())})"

    def replace(self, **changes: Any) -> "Settings":
        """New settings with `changes`; `SettingsError` when they do not fit."""
        fresh = Settings(**{**{key: value for key, value in self._given.items() if key != "faults"}, **changes})
        if "faults" in self._given and "faults" not in changes:
            # They were checked when the server started; since then the end of one may have passed.
            object.__setattr__(fresh, "faults", self.faults)
            object.__setattr__(fresh, "_given", {**fresh._given, "faults": self.faults})
        return fresh

    def says(self, key: str) -> bool:
        """Whether a setting was given, and is not the default because nobody said anything."""
        return self._given.get(key) is not None

    def url(self, port: int) -> str:
        """The address for clients: `localhost` where the server listens on loopback or everywhere."""
        return url_of("http" if self.http else "https", self.host, port)

    @property
    def passwords(self) -> Mapping[str, str]:
        """User name -> password: `users`, or the one user."""
        if self.users:
            return {user["username"]: user["password"] for user in self.users}
        return {self.username: self.password}

    @property
    def password_is_default(self) -> bool:
        """Whether the login is the documented one, which is no secret."""
        return not self.users and self.password == DEFAULT_PASSWORD


def _keep(option: Option, value: Any) -> Any:
    if option.is_duration and value is not None:
        return durations.parse_duration(value)
    if option.key == "api":
        return tuple(name for name in VERSIONS if name in value)
    if isinstance(value, list):
        return tuple(value)
    return value


def _shown(option: Option, value: object) -> str:
    return "***" if option.secret or option.key == "users" else shorten(value)


def _problems(given: Mapping[str, Any]) -> list[Violation]:
    """Every mistake. None stands for 'not set' where it is the default."""
    given = {key: value for key, value in given.items() if value is not None or key not in UNSET}
    plain = {key: list(value) if isinstance(value, tuple) else value for key, value in given.items()}
    for key in ("ambiguities", "forms"):
        if isinstance(plain.get(key), Mapping):
            plain[key] = dict(plain[key])
    problems = [told for problem in SCHEMA.violations(plain, "") for told in _worded(problem, plain)]
    wrong = {problem.where.split(".")[0] for problem in problems}
    sound = {key: value for key, value in given.items() if key not in wrong}
    for check in (_range_problems, _reading_problems, _pair_problems, _twice_problems, _fault_problems):
        problems += check(sound)
    return problems


def _worded(problem: Violation, given: Mapping[str, Any]) -> list[Violation]:
    """`problem` in words for who wrote the settings; several for several unknown keys."""
    key, message = problem.where.split(".")[0], problem.message
    if problem.keyword == "additionalProperties" and not problem.where:
        unknown = sorted(set(given) - set(BY_KEY))
        meant = [*map(_meant, unknown[:MOST_TOLD]), *("" for _ in unknown[MOST_TOLD:])]
        return [
            Violation(name, f"is not a setting{near}", problem.keyword)
            for name, near in zip(unknown, meant, strict=True)
        ]
    if problem.keyword == "type" and isinstance(value := given.get(key), str):
        message += _structure_meant(value, BY_KEY[key].schema)
    if key == "cors" and message.startswith("'http") and message.partition("' is not")[0].endswith("/"):
        message += "; leave out the slash at its end"
    return [Violation(problem.where, message, problem.keyword)]


def _structure_meant(text: str, schema: Mapping[str, Any]) -> str:
    """What to do about text where `schema` asks for a list or an object."""
    if schema["type"] not in STRUCTURES:
        return ""
    if text.startswith(("[", "{")):
        return ", and cannot be read as YAML"
    return f"; write a list: [{text}]" if schema.get("items", {}).get("type") == "string" else ""


def _meant(name: str) -> str:
    return suggestion(name.replace("-", "_"), BY_KEY) or "; known are " + ", ".join(BY_KEY)


def _range_problems(given: Mapping[str, Any]) -> Iterable[Violation]:
    for key, (shortest, longest) in RANGES.items():
        try:
            seconds = durations.parse_duration(given.get(key, BY_KEY[key].default))
        except ValueError:
            seconds = math.inf
        if not durations.parse_duration(shortest) <= seconds <= durations.parse_duration(longest):
            yield Violation(key, f"must be from {shortest} to {longest}", "range")


def _reading_problems(given: Mapping[str, Any]) -> Iterable[Violation]:
    if not given.get("ambiguities"):
        return
    catalogue = questions()
    for key, name in given["ambiguities"].items():
        where = f"ambiguities.{key}"
        if key not in catalogue:
            yield Violation(where, f"is not an ambiguity{_known(key, catalogue)}", "enum")
        elif str(name) not in catalogue[key]["readings"]:
            readings = catalogue[key]["readings"]
            yield Violation(where, f"{shorten(name)} is not a reading{_known(str(name), readings)}", "enum")


def _known(name: str, known: Iterable[str]) -> str:
    known = list(known)
    return f"; known are {', '.join(known)}{suggestion(name, known)}"


def _pair_problems(given: Mapping[str, Any]) -> Iterable[Violation]:
    for one, other in (("cert", "key"), ("key", "cert")):
        if given.get(one) and not given.get(other):
            yield Violation(one, f"needs {other} as well", "required")
    for key in ("username", "password"):
        if key in given and given.get("users"):
            yield Violation(key, "does not go with users, who each have their own", "range")
    if given.get("latency") and not given.get("profile"):
        yield Violation("latency", "needs profile as well, which has the times", "required")
    if given.get("http") and given.get("cert"):
        yield Violation("http", "does not go with cert: plain HTTP has no certificate", "range")
    if given.get("workers", 1) > 1 and given.get("store", MEMORY) == MEMORY:
        reason = "need a store that they share, such as --store redis://localhost:6379"
        yield Violation("workers", reason, "required")


def _twice_problems(given: Mapping[str, Any]) -> Iterable[Violation]:
    for key, field in (("organizations", "name"), ("organizations", "id"), ("users", "username")):
        seen: set[str] = set()
        for number, entry in enumerate(given.get(key, ())):
            name = str(entry.get(field, "")).lower()
            if name and name in seen:
                shown = "the name" if key == "users" else shorten(entry[field])
                yield Violation(f"{key}.{number}.{field}", f"{shown} is there twice", "unique")
            seen.add(name)


def _fault_problems(given: Mapping[str, Any]) -> Iterable[Violation]:
    if not given.get("faults") or given.get("also"):
        return  # with documents that are served beside the versions, faults are checked once these are open
    parser = FaultParser(Versions(given.get("api", VERSIONS), {}))
    for number, fault in enumerate(given["faults"]):
        try:
            parser.parse(fault, system_time(), where=f"faults.{number}")
        except FaultError as error:
            yield from error.violations
