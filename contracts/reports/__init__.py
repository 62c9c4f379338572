"""The reports of a run, one module for each form."""

from collections.abc import Callable, Mapping
from pathlib import Path

from contracts.verdict import Verdict


def write_reports(verdict: Verdict, files: Mapping[str, Path]) -> None:
    """Write each report that was asked for; the folder exists, it was looked at before the run."""
    for kind, path in files.items():
        path.write_text(_renderer(kind)(verdict), encoding="utf-8")


def _renderer(kind: str) -> Callable[[Verdict], str]:
    from importlib import import_module

    renderer: Callable[[Verdict], str] = import_module(f"contracts.reports.{kind}_report").render
    return renderer
