"""The report as JUnit XML, for CI servers: one case a rule, whatever number of tests tried it."""

import re
from xml.etree import ElementTree

from veeam_contracts.judging.status import Status
from veeam_contracts.judging.verdict import Outcome, RuleResult, Verdict

NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(verdict: Verdict) -> str:
    """The report as XML text."""
    suites = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(
        suites,
        "testsuite",
        name="veeam-contracts",
        timestamp=verdict.started.removesuffix("Z"),
        time=f"{verdict.seconds:.3f}",
        tests=str(len(verdict.rules)),
        failures=str(verdict.count(Outcome.FAILED)),
        errors=str(verdict.count(Outcome.ERROR) + _inconclusive(verdict)),
        skipped=str(verdict.count(Outcome.NOT_TESTED) + verdict.count(Outcome.KNOWN)),
    )
    for result in verdict.rules:
        _add_case(suite, result)
    if _inconclusive(verdict):
        case = ElementTree.SubElement(suite, "testcase", classname="veeam-contracts", name="the run is conclusive")
        ElementTree.SubElement(case, "error", message=_clean(verdict.reason))
    ElementTree.indent(suites)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(suites, encoding="unicode") + "\n"


def _inconclusive(verdict: Verdict) -> int:
    """1 for a run that shows nothing: a CI server that looks at the XML alone must not take it for a success."""
    return int(verdict.status is Status.INCONCLUSIVE)


def _add_case(suite: ElementTree.Element, result: RuleResult) -> None:
    case = ElementTree.SubElement(
        suite, "testcase", classname=result.rule.group, name=result.rule.id, time=f"{result.seconds:.3f}"
    )
    match result.outcome:
        case Outcome.FAILED:
            text = "\n\n".join([f"source: {result.rule.source}", f"why: {result.rule.why}", *map(str, result.failures)])
            message = f"{result.rule.title}: broke {result.broke} of {result.tried} times"
            ElementTree.SubElement(case, "failure", message=_clean(message)).text = _clean(text)
        case Outcome.ERROR:
            ElementTree.SubElement(case, "error", message=_clean(result.reason))
        case Outcome.NOT_TESTED | Outcome.KNOWN:
            ElementTree.SubElement(case, "skipped", message=_clean(f"{result.outcome}: {result.reason}"))


def _clean(text: str) -> str:
    """`text` without what XML 1.0 cannot hold."""
    return NOT_XML.sub("\ufffd", text)
