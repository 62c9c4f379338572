"""Settings as they are written outside of code: in a config file, in the environment, in texts."""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from veeam_mock.settings.options import BY_KEY, Option
from veeam_mock.settings.settings import Settings, SettingsError
from veeam_mock.settings.yaml_text import lines_of, read_text, read_yaml
from veeam_mock.spec.schema import Violation, shorten

ENVIRONMENT_PREFIX = "VEEAM_MOCK_"
SERVICE_LINK = re.compile(
    r"(\w+_)?(PORT=(tcp|udp|sctp)://.*"
    r"|(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)=.*)"
)
"""What Kubernetes sets in every container beside a service that is called `veeam-mock`.

Its documentation of services, 'Discovering services', 'Environment variables'.
"""
OF_CLIENTS = frozenset(
    {
        "URL",
        "BASE_URL",
        "ENDPOINT",
        "CA",
        "CA_CERT",
        "CA_FILE",
        "TOKEN",
        "WORLD",
        "VERIFY",
        "INSECURE",
        "IMAGE",
        "VERSION",
    }
)
"""What clients and pipelines call their own variables, behind our prefix; none is a setting."""

FLAGS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


def gather(options: Mapping[str, Any], path: str | None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings from options, the environment and the config file at `path`, in this order of precedence.

    `SettingsError` with all mistakes at once, each with where its value came from.
    """
    _refuse_other_encodings(options, _option_of)
    given = {key: from_text(BY_KEY[key], value) if isinstance(value, str) else value for key, value in options.items()}
    sources: tuple[tuple[dict[str, Any], Callable[[str], str]], ...] = (
        (read_config(path) if path else {}, lambda key: str(path)),
        (read_environment(environ), _variable_of),
        (given, _option_of),
    )
    origins = {key: origin(key) for settings, origin in sources for key in settings}
    try:
        return Settings(**{key: value for settings, _ in sources for key, value in settings.items()})
    except SettingsError as error:
        lines = lines_of(path, error.problems) if path else {}
        raise SettingsError([_with_origin(problem, origins, str(path), lines) for problem in error.problems]) from None


def _refuse_other_encodings(texts: Mapping[str, Any], name_of: Callable[[str], str]) -> None:
    """`SettingsError` for text that was no UTF-8 where it came from; Python keeps its bytes as lone surrogates."""
    several = {key: [value] if isinstance(value, str) else value for key, value in texts.items()}
    broken = [
        key
        for key, value in several.items()
        if not _is_text(key) or (isinstance(value, list | tuple) and not all(map(_is_text, value)))
    ]
    if broken:
        raise SettingsError([Violation(name_of(key), "is not UTF-8", "syntax") for key in broken])


def _is_text(value: object) -> bool:
    return not (isinstance(value, str) and re.search("[\ud800-\udfff]", value))


def _option_of(key: str) -> str:
    return f"--{key.replace('_', '-')}"


def _variable_of(key: str) -> str:
    return f"{ENVIRONMENT_PREFIX}{key.upper()}"


def _with_origin(
    problem: Violation, origins: Mapping[str, str], path: str, lines: Mapping[Violation, int]
) -> Violation:
    keys = problem.where.split(".")[0].split(", ")
    found = list(dict.fromkeys(origins[key] for key in keys if key in origins))
    if found == [path] and problem in lines:
        found = [f"{path}, line {lines[problem]}"]
    said = f"{problem.message} (from {', '.join(found)})" if found else problem.message
    return Violation(problem.where, said, problem.keyword)


def read_config(path: str, key: str = "config") -> dict[str, Any]:
    """The settings in the YAML file at `path`, unchecked; `SettingsError` when it cannot be read as a mapping.

    `key` is the setting that names the file. Only the config file itself may be a pipe, as the shell makes one.
    """
    try:
        content = read_yaml(read_text(path, waits=key == "config"))
    except (OSError, ValueError) as error:
        told = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        reason = re.sub(r"\s+", " ", told)
        raise SettingsError([Violation(key, f"{path} cannot be read: {reason}", "syntax")]) from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise SettingsError([Violation(key, f"{path} must hold a mapping of settings", "type")])
    written: dict[str, str] = {}
    for name in content:
        other = written.setdefault(name.replace("-", "_"), name)
        if other != name:
            raise SettingsError([Violation(key, f"{path} has one setting twice, as {other} and {name}", "unique")])
    return {option: content[name] for option, name in written.items()}


def read_environment(environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """The settings in `VEEAM_MOCK_…` variables, unchecked; unknown ones are kept so that they are reported.

    An empty one counts as unset. What Kubernetes sets for a service of our name is not ours, nor what clients use.
    """
    found = {
        name.removeprefix(ENVIRONMENT_PREFIX): value
        for name, value in environ.items()
        if name.startswith(ENVIRONMENT_PREFIX) and name != f"{ENVIRONMENT_PREFIX}CONFIG" and value
    }
    own = {
        name.lower(): value
        for name, value in found.items()
        if name not in OF_CLIENTS and not SERVICE_LINK.fullmatch(f"{name}={value}")
    }
    _refuse_other_encodings(own, _variable_of)
    return {key: from_text(BY_KEY[key], value) if key in BY_KEY else value for key, value in own.items()}


def read_lines(lines: Iterable[str]) -> dict[str, Any]:
    """Settings from lines such as `code_lifetime = 5s`, unchecked; `SettingsError` for a line without `=`."""
    found = {}
    for line in lines:
        name, equals, text = line.partition("=")
        if not equals:
            raise SettingsError([Violation(shorten(line), "is not of the form key = value", "syntax")])
        key = name.strip().replace("-", "_")
        found[key] = from_text(BY_KEY[key], text.strip()) if key in BY_KEY else text.strip()
    return found


def from_text(option: Option, text: str) -> Any:
    """The value that `text` means for an option; left as it is when it means none, so that the check reports it."""
    kind = option.schema.get("type")
    if kind == "boolean":
        return FLAGS.get(text.lower(), text)
    if (kind == "integer" or option.key == "seed") and re.fullmatch(r"-?[0-9]+", text):
        return int(text)
    if kind in ("array", "object"):
        try:
            value = read_yaml(text)
        except ValueError:
            return text
        return [part.strip() for part in text.split(",")] if kind == "array" and isinstance(value, str) else value
    return text
