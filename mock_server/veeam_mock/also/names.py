"""What the name of a property says of its value: ids and names that stand for something the server knows."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from veeam_mock.also.schemas import UNFIT, Plain
from veeam_mock.model.organizations import Organization

LINKS = frozenset({"href", "uri", "url"})


@dataclass(slots=True)
class Names:
    """The properties of one thing at `path`. `known` are the values in its path, by name in lower case; `organization`
    is the one that it belongs to; `ids_of` gives the ids of the things that a word such as `job` means."""

    path: str
    known: Mapping[str, str]
    organization: Organization | None
    ids_of: Callable[[str], Sequence[object]]

    def __call__(self, name: str, owner: str, flat: Plain, chance: random.Random) -> object:
        """The value of the property `name` of `owner`; `UNFIT` when its name says nothing."""
        lowered = name.lower()
        if lowered in self.known:
            return typed(flat, self.known[lowered])
        if lowered in LINKS:
            return self.path
        organization = self._of_organization(lowered, owner.lower())
        if organization is not None:
            return organization
        if lowered.endswith("id") and len(lowered) > len("id"):
            ids = self.ids_of(lowered.removesuffix("id"))
            return chance.choice(ids) if ids else UNFIT
        return UNFIT

    def _of_organization(self, name: str, owner: str) -> str | None:
        if self.organization is None:
            return None
        if name.endswith("organizationid") or (name == "id" and owner.endswith("organization")):
            return self.organization.id
        if name.endswith("organizationname") or (name == "name" and owner.endswith("organization")):
            return self.organization.name
        return None


def typed(flat: Plain, text: str) -> object:
    """A value of a path as the schema wants it: a number where it is one."""
    declared = flat.get("type")
    kinds = declared if isinstance(declared, list) else [declared]
    if ("integer" in kinds or "number" in kinds) and text.lstrip("-").isdecimal():
        return int(text)
    return text


def singular(plural: str) -> str:
    """`proxy` for `Proxies`, `job` for `Jobs`."""
    word = plural.lower()
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word.removesuffix("s")


def values_in(template: str, values: Mapping[str, str]) -> dict[str, str]:
    """The values of a path by the names that properties have for them: `{id}` below `Jobs` is a `jobid`."""
    found = {name.lower(): value for name, value in values.items() if name.lower() != "id"}
    before = ""
    for segment in template.split("/"):
        if segment.startswith("{") and segment[1:-1] in values and before:
            found.setdefault(f"{singular(before)}id", values[segment[1:-1]])
        before = "" if segment.startswith("{") else segment
    return found
