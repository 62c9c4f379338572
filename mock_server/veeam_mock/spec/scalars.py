"""Numbers of YAML, read in bounded time: one of base 60 (YAML 1.1, `1:30:00`) takes the square of its length."""

from typing import Any

import yaml

LONGEST_NUMBER = 400
"""Characters; the longest number that JSON can hold needs fewer."""

TOO_LONG = f"a number has more than {LONGEST_NUMBER} characters"


def bound_numbers(loader: Any) -> None:
    """Let a class of loaders refuse numbers that are longer, by `yaml.MarkedYAMLError`."""
    loader.add_constructor("tag:yaml.org,2002:int", _bounded(loader.construct_yaml_int))
    loader.add_constructor("tag:yaml.org,2002:float", _bounded(loader.construct_yaml_float))


def _bounded(construct: Any) -> Any:
    def bounded(loader: Any, node: yaml.Node) -> Any:
        if isinstance(node, yaml.ScalarNode) and len(node.value) > LONGEST_NUMBER:
            raise yaml.MarkedYAMLError(problem=TOO_LONG, problem_mark=node.start_mark)
        return construct(loader, node)

    return bounded
