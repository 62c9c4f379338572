"""YAML as files and options hold it: bounded, read into JSON values, and the lines of what is wrong in it."""

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

import orjson
import yaml

from veeam_mock.files import read_regular
from veeam_mock.spec.scalars import TOO_LONG, bound_numbers
from veeam_mock.spec.schema import Violation

TWICE = "a key is there a second time"
LONGEST_FILE = 1024 * 1024
"""Bytes of a config file."""

MOST_VALUES = 100_000
"""Values of a text, in which each alias counts for all that it stands for."""

TOO_MANY = f"there are more than {MOST_VALUES} values here, counting each alias for what it stands for"


def read_text(path: str, *, waits: bool = True) -> str:
    """The text of a file in UTF-8, or in UTF-16 with a byte order mark, as PowerShell 5 writes it.

    It may be a pipe where this `waits` for who writes to it; else `ValueError`.
    """
    if waits:
        with open(path, "rb") as file:
            content = file.read(LONGEST_FILE + 1)
        if len(content) > LONGEST_FILE:
            raise ValueError(f"it has more than {LONGEST_FILE} bytes")
    else:
        content = read_regular(path, LONGEST_FILE)
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


bound_numbers(_Loader)


def read_yaml(text: str) -> Any:
    """The JSON value in a YAML text: a date is its text, and so is a number that is a key; `ValueError` for others.

    It says where and in words of its own: those of PyYAML may repeat a password.
    """
    try:
        return orjson.loads(orjson.dumps(yaml.load(text, _Loader), option=orjson.OPT_NON_STR_KEYS))
    except yaml.MarkedYAMLError as error:
        reason = error.problem if error.problem in (TWICE, TOO_MANY, TOO_LONG) else "this is not YAML"
        mark = error.problem_mark
        raise ValueError(f"{reason}{f', line {mark.line + 1}, column {mark.column + 1}' if mark else ''}") from None
    except RecursionError:
        raise ValueError("this is nested too deeply, or in itself") from None
    except yaml.YAMLError:
        raise ValueError("it holds a character that YAML does not allow") from None
    except (ValueError, TypeError):
        raise ValueError("it holds a value that JSON does not have") from None


def lines_of(path: str, problems: Iterable[Violation]) -> Mapping[Violation, int]:
    """The lines, counted from 1, of what is wrong in the YAML file at `path`; what is missing has the line of what it
    is missing in."""
    try:
        root = yaml.compose(read_text(path), _Loader)
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    steps = {problem: [*filter(None, [*problem.where.split("."), problem.key])] for problem in problems}
    return {problem: _line_of(root, each) for problem, each in steps.items() if root is not None and each}


def _line_of(node: yaml.Node, steps: list[str]) -> int:
    """The line of what `steps` lead to, as far as they lead; a key may have dots of its own, and `_` for `-`."""
    line: int = node.start_mark.line + 1
    while steps:
        found = next(_below(node, steps), None)
        if found is None:
            break
        line, node, steps = found
    return line


def _below(node: yaml.Node, steps: list[str]) -> Iterator[tuple[int, yaml.Node, list[str]]]:
    """What the first of `steps` leads to: its line, its node, and the steps that are left."""
    if isinstance(node, yaml.SequenceNode) and steps[0].isdecimal() and int(steps[0]) < len(node.value):
        below = node.value[int(steps[0])]
        yield below.start_mark.line + 1, below, steps[1:]
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        name = str(key.value).replace("-", "_").split(".")
        if [step.replace("-", "_") for step in steps[: len(name)]] == name:
            yield key.start_mark.line + 1, value, steps[len(name) :]
