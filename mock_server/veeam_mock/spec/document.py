"""The OpenAPI documents of the versions: `openapi.yaml` for v4, and an overlay for each later one."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import yaml

VERSIONS = ("v4", "v5", "v6", "v7", "v8")
"""The versions of the API that are described, the oldest first."""

FIRST = VERSIONS[0]
OVERLAYS = Path(__file__).with_name("overlays")


@cache
def load_document(path: Path) -> dict[str, Any]:
    """The document in the YAML file at `path`, read once; do not change it."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
    return document


def bundled_path() -> Path:
    """Where the document of v4 lies: in the installed package, or at the top of a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "openapi.yaml"
    return installed if installed.exists() else package.parents[1] / "openapi.yaml"


@cache
def document_of(version: str) -> dict[str, Any]:
    """The OpenAPI document of a version such as `v8`; do not change it. `KeyError` for one that is not described.

    An overlay changes the version before. It cannot rename a key, so all of them write paths below `/v4`, and the
    version in the paths is set here, last.
    """
    if version not in VERSIONS:
        raise KeyError(version)
    document = _overlaid(version)
    if version == FIRST:
        return document
    return {**document, "paths": {_in_version(path, version): item for path, item in document["paths"].items()}}


def write_document(document: Mapping[str, Any], form: str) -> str:
    """A document as text, `yaml` or `json`."""
    if form == "json":
        return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
    return yaml.dump(document, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120)


class _Plain(yaml.SafeDumper):
    """Writes what stands in several places each time: aliases make a document hard to read."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


@cache
def questions() -> dict[str, Any]:
    """The ambiguities of all versions: id -> question and readings, as the oldest version has it."""
    catalogues = [document_of(version)["x-ambiguities"] for version in reversed(VERSIONS)]
    return {key: entry for catalogue in catalogues for key, entry in catalogue.items()}


def _in_version(path: str, version: str) -> str:
    return f"/{version}/{path.removeprefix(f'/{FIRST}/')}"


@cache
def _overlaid(version: str) -> dict[str, Any]:
    """The document of a version with its paths below `/v4`."""
    if version == FIRST:
        return load_document(bundled_path())
    before = _overlaid(VERSIONS[VERSIONS.index(version) - 1])
    return apply_overlay(before, load_document(OVERLAYS / f"{version}.yaml"))


def apply_overlay(document: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of `document` with the actions of an overlay carried out (Overlay Specification 1.0.0, section 4.4.3).

    `ValueError` for a target that selects nothing: an overlay of ours that changes nothing is mistaken.
    """
    from jsonpath_rfc9535 import find

    result: dict[str, Any] = deepcopy(dict(document))
    for action in overlay["actions"]:
        found = [node.location for node in find(action["target"], result)]
        if not found:
            raise ValueError(f"{overlay['info']['title']}: {action['target']} selects nothing")
        change = _remove if action.get("remove") else _updater(action["update"])
        for location in reversed(found):
            change(result, location)
    return result


def _remove(document: dict[str, Any], location: tuple[int | str, ...]) -> None:
    del _at(document, location[:-1])[location[-1]]


def _updater(update: Any) -> Callable[[dict[str, Any], tuple[int | str, ...]], None]:
    def change(document: dict[str, Any], location: tuple[int | str, ...]) -> None:
        target = _at(document, location)
        if isinstance(target, list):
            target.append(deepcopy(update))
        else:
            _merge(target, update)

    return change


def _at(document: Any, location: tuple[int | str, ...]) -> Any:
    for step in location:
        document = document[step]
    return document


def _merge(target: dict[str, Any], update: Mapping[str, Any]) -> None:
    """Merge objects into one another, and add what lists have; any other value takes the place of the old one."""
    for key, value in update.items():
        old = target.get(key)
        if isinstance(old, dict) and isinstance(value, Mapping):
            _merge(old, value)
        elif isinstance(old, list) and isinstance(value, list):
            old += deepcopy(value)
        else:
            target[key] = deepcopy(value)
