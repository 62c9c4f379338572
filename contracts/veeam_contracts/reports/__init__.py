"""The reports of a run, one module for each form."""

from collections.abc import Callable, Mapping
from pathlib import Path

from veeam_contracts.judging.verdict import Verdict
from veeam_contracts.writing import write_output


def write_reports(verdict: Verdict, files: Mapping[str, Path]) -> list[str]:
    """Write each report that was asked for; what could not be written, a line each. One does not hinder the others."""
    problems = []
    for kind, path in files.items():
        try:
            write_output(path, _renderer(kind)(verdict))
        except OSError as error:
            problems.append(f"--{kind.replace('_', '-')} {path}: the report was not written: {error.strerror or error}")
    return problems


def _renderer(kind: str) -> Callable[[Verdict], str]:
    from importlib import import_module

    module = kind.removeprefix("write_")
    renderer: Callable[[Verdict], str] = import_module(f"veeam_contracts.reports.{module}_report").render
    return renderer
