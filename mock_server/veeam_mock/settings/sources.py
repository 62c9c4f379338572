"""Settings as they are written outside of code: in a config file, in the environment, in texts."""

import os
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any

import orjson
import yaml

from veeam_mock.settings.options import BY_KEY, Option
from veeam_mock.settings.settings import Settings, SettingsError
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
TWICE = "a key is there a second time"
LONGEST_FILE = 1024 * 1024
"""Bytes of a config file."""

MOST_VALUES = 100_000
"""Values of a text, in which each alias counts for all that it stands for."""

TOO_MANY = f"there are more than {MOST_VALUES} values here, counting each alias for what it stands for"


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
        raise SettingsError([_with_origin(problem, origins) for problem in error.problems]) from None


def _refuse_other_encodings(texts: Mapping[str, Any], name_of: Callable[[str], str]) -> None:
    """`SettingsError` for text that was no UTF-8 where it came from; Python keeps its bytes as lone surrogates."""
    several = {key: [value] if isinstance(value, str) else value for key, value in texts.items()}
    broken = [
        key for key, value in several.items() if isinstance(value, list | tuple) and not all(map(_is_text, value))
    ]
    if broken:
        raise SettingsError([Violation(name_of(key), "is not UTF-8", "syntax") for key in broken])


def _is_text(value: object) -> bool:
    return not (isinstance(value, str) and re.search("[\ud800-\udfff]", value))


def _option_of(key: str) -> str:
    return f"--{key.replace('_', '-')}"


def _variable_of(key: str) -> str:
    return f"{ENVIRONMENT_PREFIX}{key.upper()}"


def _with_origin(problem: Violation, origins: Mapping[str, str]) -> Violation:
    keys = problem.where.split(".")[0].split(", ")
    found = dict.fromkeys(origins[key] for key in keys if key in origins)
    said = f"{problem.message} (from {', '.join(found)})" if found else problem.message
    return Violation(problem.where, said, problem.keyword)


def read_config(path: str) -> dict[str, Any]:
    """The settings in the YAML file at `path`, unchecked; `SettingsError` when it cannot be read as a mapping."""
    try:
        content = _read_yaml(_read_text(path))
    except (OSError, ValueError) as error:
        reason = re.sub(r"\s+", " ", str(error))
        raise SettingsError([Violation("config", f"{path} cannot be read: {reason}", "syntax")]) from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise SettingsError([Violation("config", f"{path} must hold a mapping of settings", "type")])
    written: dict[str, str] = {}
    for key in content:
        other = written.setdefault(key.replace("-", "_"), key)
        if other != key:
            raise SettingsError([Violation("config", f"{path} has one setting twice, as {other} and {key}", "unique")])
    return {key: content[name] for key, name in written.items()}


def _read_text(path: str) -> str:
    """The text of a file in UTF-8, or in UTF-16 with a byte order mark, as PowerShell 5 writes it."""
    with open(path, "rb") as file:
        content = file.read(LONGEST_FILE + 1)
    if len(content) > LONGEST_FILE:
        raise ValueError(f"it has more than {LONGEST_FILE} bytes")
    try:
        return content.decode("utf-16" if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None


class _Loader(yaml.SafeLoader):
    """Takes no mapping with a key twice, of which YAML would keep the last in silence (YAML 1.2.2 section 3.2.1.3), and
    no text whose aliases make more of it than `MOST_VALUES`."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._sizes: dict[int, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        node = super().compose_node(parent, index)
        if node is not None and id(node) not in self._sizes:
            below = node.value if isinstance(node, yaml.CollectionNode) else []
            flat = chain.from_iterable(below) if isinstance(node, yaml.MappingNode) else below
            self._sizes[id(node)] = 1 + sum(self._sizes.get(id(each), 1) for each in flat)
        if node is not None and self._sizes[id(node)] > MOST_VALUES:
            raise yaml.MarkedYAMLError(problem=TOO_MANY, problem_mark=node.start_mark)
        return node

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.MarkedYAMLError(problem=TWICE, problem_mark=key.start_mark)
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else key)
        return node


def _read_yaml(text: str) -> Any:
    """The JSON value in a YAML text: a date is its text, and so is a number that is a key; `ValueError` for others.

    It says where and in words of its own: those of PyYAML may repeat a password.
    """
    try:
        return orjson.loads(orjson.dumps(yaml.load(text, _Loader), option=orjson.OPT_NON_STR_KEYS))
    except yaml.MarkedYAMLError as error:
        reason = error.problem if error.problem in (TWICE, TOO_MANY) else "this is not YAML"
        mark = error.problem_mark
        raise ValueError(f"{reason}{f', line {mark.line + 1}, column {mark.column + 1}' if mark else ''}") from None
    except RecursionError:
        raise ValueError("this is nested too deeply, or in itself") from None
    except yaml.YAMLError:
        raise ValueError("it holds a character that YAML does not allow") from None
    except (ValueError, TypeError):
        raise ValueError("it holds a value that JSON does not have") from None


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
            value = _read_yaml(text)
        except ValueError:
            return text
        return [part.strip() for part in text.split(",")] if kind == "array" and isinstance(value, str) else value
    return text
