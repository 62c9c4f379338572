"""Known deviations of a server, each with a reason: they do not fail a run, but a run tells when they are gone.

deviations:
  - rule: code.url-region
    reason: Our proxy rewrites the address; ticket OPS-17.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from veeam_contracts.judging.catalogue import BY_ID
from veeam_mock.settings.yaml_text import read_text, read_yaml


class BaselineError(ValueError):
    """The file is no baseline; the message says what is wrong, and where."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """Rule id -> reason why it is known to be broken."""

    reasons: Mapping[str, str] = field(default_factory=dict)


def read_baseline(path: Path) -> Baseline:
    """The baseline in the YAML file at `path`, bounded as a config file is; `BaselineError` lists every mistake."""
    try:
        content = read_yaml(read_text(str(path)))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise BaselineError(f"--baseline {path}: cannot be read: {reason}") from None
    entries = content.get("deviations") if isinstance(content, dict) else None
    if not isinstance(entries, list):
        raise BaselineError(f"--baseline {path}: must hold `deviations`, a list of `rule` and `reason`")
    problems = [f"--baseline {path}: deviations[{i}]: {text}" for i, e in enumerate(entries) if (text := _problem(e))]
    if problems:
        raise BaselineError("\n".join(problems))
    return Baseline({entry["rule"]: entry["reason"] for entry in entries})


def _problem(entry: Any) -> str | None:
    if not isinstance(entry, dict) or set(entry) != {"rule", "reason"}:
        return "must have `rule` and `reason`, and nothing else"
    if not isinstance(entry["rule"], str) or entry["rule"] not in BY_ID:
        return f"{entry['rule']!r} is not a rule; `veeam-contracts list` prints them"
    if not isinstance(entry["reason"], str) or not entry["reason"].strip():
        return f"{entry['rule']} needs a reason"
    return None
