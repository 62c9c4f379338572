"""The report as Markdown, short enough for the step summary of a CI run (1 MiB on GitHub)."""

import re
from collections.abc import Sequence

from veeam_contracts.judging.findings import Failure
from veeam_contracts.judging.status import Status
from veeam_contracts.judging.verdict import Outcome, RuleResult, Verdict

MARKS = {Status.CONFORMS: "✅", Status.BROKEN: "❌", Status.INCONCLUSIVE: "⚠️", Status.OWN_FAILURE: "💥"}


def render(verdict: Verdict) -> str:
    """The report as Markdown text."""
    counts = ", ".join(f"{verdict.count(outcome)} {outcome}" for outcome in Outcome if verdict.count(outcome))
    parts = [
        f"## {MARKS[verdict.status]} {verdict.target} {verdict.word}\n\n{_text(verdict.reason)}\n\n"
        f"{_text(verdict.api)}: {counts}, in {verdict.seconds:.1f} s, started {verdict.started}.",
        _causes(verdict),
        *(_failed(result) for result in verdict.broken()),
        _table("Known deviations", ("rule", "reason"), [(r.rule.id, r.reason) for r in verdict.having(Outcome.KNOWN)]),
        "\n".join(f"- `{rule}` holds now: take it out of the baseline." for rule in verdict.gone),
        _table("Not tested", ("rules", "why"), [(", ".join(ids), why) for why, ids in verdict.not_tested().items()]),
        _table(
            "Observed (either side is lawful)",
            ("question", "reading", "evidence"),
            [(o.question, o.reading, o.evidence) for o in verdict.observations],
        ),
        _table("Latency (median, 95 %)", ("slowest first",), [(str(line),) for line in verdict.latencies]),
        _table("Limits", ("limit", "allowed", "used"), verdict.limits),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _causes(verdict: Verdict) -> str:
    lines = (
        f"1. `{result.rule.id}`: {_text(result.rule.title)}" + (f" ({following} more follow)" if following else "")
        for result, following in verdict.causes()
    )
    listed = "\n".join(lines)
    return f"Probable causes:\n\n{listed}" if listed else ""


def _failed(result: RuleResult) -> str:
    often = f", {result.broke} of {result.tried} times" if result.tried else ""
    head = f"### ❌ `{result.rule.id}`: {_text(result.rule.title)}{often}\n\n"
    head += f"*{_text(result.rule.source)}.* {_text(result.rule.why)} {_text(result.reason)}".rstrip()
    return "\n\n".join([head, *map(_failure, result.failures)])


def _failure(failure: Failure) -> str:
    often = f" ({failure.times} times)" if failure.times > 1 else ""
    lines = [f"- expected: {_text(failure.expected)}", f"- seen: {_text(failure.seen)}{often}"]
    shown = "\n".join(filter(None, [failure.curl, failure.answer and f"# {failure.answer}"]))
    return "\n".join(lines) + (f"\n\n{_fenced(shown)}" if shown else "")


def _fenced(text: str) -> str:
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}sh\n{text}\n{fence}"


def _table(title: str, head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    if not rows:
        return ""
    lines = [head, ("---",) * len(head), *(tuple(map(_text, row)) for row in rows)]
    body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"<details><summary>{title}: {len(rows)}</summary>\n\n{body}\n\n</details>"


def _text(text: str) -> str:
    """`text` so that Markdown shows it as it is, on one line."""
    return re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", " ".join(text.split()))
