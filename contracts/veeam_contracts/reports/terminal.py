"""The report on the terminal: progress while it runs, then what broke, what was not tested, what was observed."""

import sys
import textwrap
from collections.abc import Iterable
from types import TracebackType

import pytest
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from veeam_contracts.judging.catalogue import RULES
from veeam_contracts.judging.status import Status
from veeam_contracts.judging.verdict import Outcome, RuleResult, Verdict

COLOURS = {Status.CONFORMS: "green", Status.BROKEN: "red", Status.INCONCLUSIVE: "yellow", Status.OWN_FAILURE: "magenta"}


def console() -> Console:
    """Standard output; as wide as a report needs when it is no terminal."""
    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


class Progress:
    """A pytest plugin that shows which rule is tried, on standard error, where that is a terminal."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn())
        self._bar = Bar(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
        self._task = self._bar.add_task("starting", total=None)

    def __enter__(self) -> "Progress":
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Know how many tests there are."""
        self._bar.update(self._task, total=len(items))

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Show the rule."""
        marker = item.get_closest_marker("rule")
        self._bar.update(self._task, description=str(marker.args[0]) if marker else item.name)

    def pytest_runtest_logfinish(self) -> None:
        """Count the test."""
        self._bar.advance(self._task)


def print_rules() -> None:
    """Print every rule: id, what holds, its source, why it matters."""
    out = console()
    for rule in RULES:
        out.print(f"[bold]{rule.id}[/]  {escape(rule.title)}")
        out.print(f"    [dim]source:[/] {escape(rule.source)}")
        out.print(f"    [dim]why:[/]    {escape(rule.why)}")
        out.print(f"    [dim]for:[/]    {rule.versions}")


MOST_SHOWN = 2
"""Kinds of failures of one rule that the terminal shows; the reports have all."""


def print_verdict(verdict: Verdict) -> None:
    """Print the verdict: the probable causes, what shows each, then the rest in a few lines."""
    out = console()
    _print_causes(out, verdict)
    for result in verdict.broken():
        _print_failure(out, result)
    _print_reasons(out, "known deviations", ((r.rule.id, r.reason) for r in verdict.having(Outcome.KNOWN)))
    untested = verdict.not_tested().items()
    _print_reasons(out, "not tested", ((", ".join(_shortened(rules)), reason) for reason, rules in untested))
    seen = ", ".join(f"{observed.question}={observed.reading}" for observed in verdict.observations)
    _print_line(out, "observed (either side is lawful)", seen)
    used = ", ".join(f"{name} {amount} (of {allowed})" for name, allowed, amount in verdict.limits if amount[0] != "0")
    _print_line(out, "used", used)
    _print_line(out, "slowest", "; ".join(map(str, verdict.latencies[:2])))
    for rule in verdict.gone:
        out.print(f"[green]gone from the baseline:[/] {rule} holds now, take it out")
    colour = COLOURS[verdict.status]
    counts = ", ".join(f"{verdict.count(o)} {o.value}" for o in Outcome if verdict.count(o))
    out.print(f"[bold {colour}]{verdict.word}[/]: {escape(verdict.reason)}")
    out.print(f"[dim]{escape(verdict.target)}, {escape(verdict.api)}: {counts}, in {verdict.seconds:.1f} s[/]")


def _print_causes(out: Console, verdict: Verdict) -> None:
    causes = verdict.causes()
    if causes:
        out.print("[bold]probable causes[/]")
    for result, following in causes:
        follows = f" [dim]({following} more {'rule follows' if following == 1 else 'rules follow'})[/]"
        out.print(f"  [bold red]{result.rule.id}[/]: {escape(result.rule.title)}{follows if following else ''}")


def _print_failure(out: Console, result: RuleResult) -> None:
    often = f", {result.broke} of {result.tried} times" if result.tried > 1 else ""
    out.print(f"[bold red]{result.outcome}[/] [bold]{result.rule.id}[/]{often} [dim]({escape(result.rule.source)})[/]")
    if result.reason:
        out.print(textwrap.indent(escape(result.reason), "  "))
    for failure in result.failures[:MOST_SHOWN]:
        out.print(textwrap.indent(escape(str(failure)), "  "))
    if len(result.failures) > MOST_SHOWN:
        out.print(f"  [dim]and {len(result.failures) - MOST_SHOWN} more kinds: see a report, such as --html FILE[/]")


def _print_reasons(out: Console, title: str, pairs: Iterable[tuple[str, str]]) -> None:
    for number, (rules, reason) in enumerate(pairs):
        if number == 0:
            out.print(f"[bold]{title}[/]")
        out.print(f"  {rules}: [dim]{escape(reason)}[/]")


def _print_line(out: Console, title: str, text: str) -> None:
    if text:
        out.print(f"[bold]{title}[/]: {escape(text)}")


def _shortened(rules: list[str]) -> list[str]:
    return rules if len(rules) < MANY else [*rules[:3], f"and {len(rules) - 3} more"]


MANY = 8
"""Rules from which on the terminal names a few of them."""
