"""One run of the contracts under pytest: it hands out the client, and turns what the tests found into a verdict."""

import json
import time
from collections.abc import Generator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import pytest
from schemathesis.pytest.plugin import SchemathesisFunction

from veeam_contracts.asking.client import Client, NoLogin
from veeam_contracts.asking.gate import Line
from veeam_contracts.asking.target import Limits, Target, is_loopback
from veeam_contracts.judging.catalogue import BY_ID, RULES, Rule
from veeam_contracts.judging.findings import UNABLE, Broken, Findings, NotTested, Told, Why, unable
from veeam_contracts.judging.latency import latencies
from veeam_contracts.judging.rule import ALSO
from veeam_contracts.judging.status import Status
from veeam_contracts.judging.verdict import Outcome, Result, Verdict, decide, gather, merge_observations
from veeam_contracts.option_table import OPTIONS
from veeam_contracts.options import ALL, AUTO, Mistake, Options, bundled_target, read_options
from veeam_contracts.paths import NEWEST, Version
from veeam_contracts.running.items import fits_its_version, label_of, rule_of, version_of
from veeam_contracts.running.versions import choose, served_versions, tell
from veeam_contracts.writing import Bodies

JUDGED = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)
"""pytest came to an end in good order, so that the verdict is the status."""

PROPERTY = "veeam-contracts"
FINDINGS_KEY: pytest.StashKey[Findings] = pytest.StashKey()
RUN_KEY: pytest.StashKey["Run"] = pytest.StashKey()


def options_of(config: pytest.Config, environ: Mapping[str, str]) -> Options:
    """The options given to pytest."""
    given = {option.key: config.getoption(f"veeam_{option.key}") for option in OPTIONS if not option.command_only}
    given["url"] = config.getoption("veeam_target")
    try:
        return read_options(given, environ)
    except Mistake as mistake:
        raise pytest.UsageError(str(mistake)) from None


def refuse_parallel(config: pytest.Config, options: Options) -> None:
    """Limits are kept by one process: refuse xdist where they matter."""
    workers = getattr(config, "workerinput", None) is not None or bool(getattr(config.option, "numprocesses", None))
    if workers and options.target is not None and not is_loopback(options.target.url):
        raise pytest.UsageError(
            "-n is refused for a server that is not this machine: the limits are kept by one process"
        )
    if workers and options.files:
        raise pytest.UsageError("-n is refused together with a report: it is written by the process that saw all rules")


class Run:
    """A plugin of one pytest session. `verdict` stands when the session has ended."""

    def __init__(self, options: Options, **timing: Any) -> None:
        self.options = options
        self.results: list[Result] = []
        self.verdict: Verdict | None = None
        self.clients: dict[Version, Client] = {}
        self.served: tuple[Version, ...] = ()
        self._versions: tuple[Version, ...] = ()
        self.chosen: set[str] = set()
        self.bodies = Bodies(options.files.values())
        self._told: dict[Version, Told] = {}
        self.trouble = ""
        self.unwritten: list[str] = []
        self._timing = timing
        self._stack = ExitStack()
        self._started = datetime.now(UTC)
        self._start = time.monotonic()
        self._broken_off = False
        self._uncollected = ""

    def pytest_configure(self, config: pytest.Config) -> None:
        """Be the run of this pytest session."""
        config.stash[RUN_KEY] = self

    @property
    def versions(self) -> tuple[Version, ...]:
        """The versions that are checked, the oldest first; a server is asked which it serves, where that is open."""
        if not self._versions:
            self._versions = (NEWEST,)  # Where an interruption ends the asking, there is a verdict all the same.
            if self.options.target is not None and self.options.api in (ALL, AUTO):
                if self._broken_off:
                    return self._versions
                self.served = served_versions(self.line)
            self._versions = choose(self.options, self.served)
        return self._versions

    @cached_property
    def line(self) -> Line:
        """The way to the server."""
        return Line(self._target(), **self._timing)

    def open_client(self, version: Version) -> Client:
        """The client of a version, logged in once; a skip that says why when there is none."""
        if self.trouble:
            raise NotTested(self.trouble, Why.BROKEN)
        if version not in self.clients:
            client = self.clients[version] = Client(self.line, version)
            try:
                client.log_in()
                client.look_around()
            except NoLogin as error:
                self.trouble = str(error)
                raise NotTested(self.trouble, Why.BROKEN) from None
        return self.clients[version]

    def told_in(self, version: Version) -> Told:
        """What broke so far in a version."""
        return self._told.setdefault(version, {})

    def _target(self) -> Target:
        if self.options.target is not None:
            return self.options.target
        from veeam_mock import MockServer

        return bundled_target(
            self._stack.enter_context(MockServer(port=0, quiet=True, also=self.options.also)), self.options
        )

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave out the rules that were not asked for, and those that say nothing about the version."""
        out = [item for item in items if item.get_closest_marker("rule") and not self._is_wanted(item)]
        if out:
            items[:] = [item for item in items if item not in out]
            config.hook.pytest_deselected(items=out)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note which rules are going to be tried."""
        self.chosen = {rule_of(item) for item in session.items if item.get_closest_marker("rule")}

    def _is_wanted(self, item: pytest.Item) -> bool:
        rule = BY_ID[rule_of(item)]
        # The documents of the user are read once, with the token of the newest version.
        fits = version_of(item) == self.versions[-1] if rule.group == ALSO else fits_its_version(item)
        return self.options.selects(rule.id) and self._concerns(rule) and fits

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        """A rule whose fixture gets no answer, or is held back by the limits, is not tested."""
        try:
            return (yield)
        except UNABLE as reason:
            raise unable(reason) from None

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Generator[None, object, object]:
        """End a test as the findings say; what the limits or the network prevent is not tested."""
        found = pyfuncitem.stash.get(FINDINGS_KEY, None)
        try:
            result = yield
        except UNABLE as reason:
            if found is None or not found.broke:
                raise unable(reason) from None
            result = True
        if found is not None and found.broke:
            raise Broken(str(found))
        if found is not None and found.shortfall:
            if found.tried:
                found.shortfall.msg += f"; {found.tried} tries held"
            raise found.shortfall
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Put the result into the report, so that it travels between processes as well."""
        report = yield
        if item.get_closest_marker("rule") is None:
            return report
        if call.excinfo is not None and call.excinfo.errisinstance(Broken):
            report.longrepr = str(call.excinfo.value)
        if report.when == "call" or report.outcome != "passed":
            result = self._result(item, call, report)
            report.user_properties.append((PROPERTY, json.dumps(result.to_json())))
        return report

    def _result(self, item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> Result:
        found = item.stash.get(FINDINGS_KEY, None)
        result = Result(rule_of(item), Outcome.PASSED, part=self._part_of(item), seconds=call.duration)
        if found is not None:
            result.tried, result.broke = found.tried, found.broke
            result.failures, result.observations = found.failures, found.observations
            result.elsewhere = dict(found.elsewhere)
        if report.outcome == "skipped":
            result.outcome = Outcome.NOT_TESTED
            skip = call.excinfo.value if call.excinfo is not None else None
            result.reason = self._shown(str(skip.msg) if isinstance(skip, pytest.skip.Exception) else str(skip))
            if isinstance(skip, NotTested):
                result.why, result.see = skip.why, skip.see
        elif report.outcome == "failed":
            broken = call.excinfo is not None and call.excinfo.errisinstance(Broken)
            result.outcome = Outcome.FAILED if broken else Outcome.ERROR
            result.reason = "" if broken else self._shown(call.excinfo.exconly()) if call.excinfo else "no exception"
        elif result.observations:
            result.outcome = Outcome.OBSERVED
        return result

    def _shown(self, text: str) -> str:
        """What an exception says, which may repeat what a server said."""
        return self.line.secrets.mask(text) if "line" in self.__dict__ else text

    def _part_of(self, item: pytest.Item) -> str:
        """What a test is about, where a rule has several; the version, where several are checked."""
        several = len(self.versions) > 1 and not isinstance(item, SchemathesisFunction)
        return " ".join(filter(None, [str(version_of(item)) if several else "", label_of(item)]))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the result."""
        for name, value in report.user_properties:
            if name == PROPERTY:
                result = Result.from_json(json.loads(str(value)))
                self.results.append(result)
                if result.outcome is Outcome.FAILED:
                    version = next((v for v in self.versions if result.part.startswith(v.name)), self.versions[0])
                    places = {(failure.operation, failure.status) for failure in result.failures}
                    self.told_in(version).setdefault(result.rule, set()).update(places)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note that rules could not be collected, which is a mistake of the suite."""
        if report.failed and not self._uncollected:
            self._uncollected = f"{report.nodeid}: {report.longreprtext.splitlines()[-1]}"

    def pytest_keyboard_interrupt(self) -> None:
        """Note that the run was cut short; pytest ends so as well where rules could not be collected."""
        self._broken_off = not self._uncollected

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Judge, write the reports, and let pytest end with the status."""
        try:
            self.verdict = self._judge(session)
        finally:
            if "line" in self.__dict__:
                self.line.close()
            self._stack.close()
        from veeam_contracts.reports import write_reports

        self.unwritten = write_reports(self.verdict, self.options.files)
        if session.exitstatus in JUDGED:
            session.exitstatus = self.verdict.status

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say which reports are missing, to a user of pytest."""
        for problem in self.unwritten:
            terminalreporter.write_line(problem, red=True)

    def _concerns(self, rule: Rule) -> bool:
        """Whether a rule says something about such a target: about a version of it, and without writing to it."""
        spared = rule.writes and "line" in self.__dict__ and self.line.target.limits.live
        asked_for = rule.group != ALSO or bool(self.options.further)
        return any(map(rule.holds_for, self.versions)) and asked_for and not spared

    def _judge(self, session: pytest.Session) -> Verdict:
        known = self.options.baseline.reasons
        stopped = self._broken_off or bool(session.shouldstop) or bool(session.shouldfail)
        concerned = filter(self._concerns, RULES)
        rules = gather(concerned, self.results, "the run ended before" if stopped else "not selected", known)
        admission = self.line.admission if self.clients else None
        used = admission.used if admission else None
        trouble = self.trouble or (admission.stop_reason or "" if admission else "")
        if self._broken_off:
            trouble = "the run was interrupted"
        sent, answered = (used.requests, used.answered) if used else (0, 0)
        status, reason = decide(rules, trouble, sent, answered, partial=self.options.partial)
        if self._uncollected:
            status, reason = (
                Status.OWN_FAILURE,
                f"not all rules could be collected ({self._uncollected}): please report it",
            )
        target = self.line.target if self.clients else self.options.target
        passed = {result.rule.id for result in rules if result.outcome is Outcome.PASSED}
        return Verdict(
            target=target.url if target else "the bundled mock",
            started=self._started.strftime("%Y-%m-%dT%H:%M:%SZ"),
            seconds=time.monotonic() - self._start,
            status=status,
            reason=reason,
            rules=rules,
            observations=merge_observations(self.results, len(self.versions)),
            limits=limit_table(self.line) if self.clients else [],
            versions=[str(version) for version in self.versions],
            latencies=latencies(self.line.records.exchanges) if self.clients else [],
            choice=tell(self.options, self.served),
            gone=[rule for rule in known if rule in passed],
        )


def limit_table(line: Line) -> list[tuple[str, str, str]]:
    """Each limit of a run: its name, what was allowed, what was used."""
    limits, used = line.target.limits, line.admission.used

    def allowed(value: object) -> str:
        return "without limit" if value is None else str(value)

    return [
        ("requests", allowed(limits.requests), f"{used.requests}, {used.answered} answered"),
        ("seconds", allowed(limits.seconds and f"{limits.seconds:g}"), f"{line.clock() - line.started:.0f}"),
        (
            "requests a second",
            allowed(limits.rate and f"{limits.rate:g} after {limits.burst}"),
            str(used.most_in_a_second),
        ),
        ("device codes", allowed(limits.device_codes), str(used.device_codes)),
        ("generated cases", allowed(limits.generated), str(used.generated)),
        ("requests for tokens", "1 a second, 5 a minute from v6 on" if limits.logins else "-", str(used.logins)),
        ("refused requests for tokens", allowed(limits.refused_logins), str(used.refused_logins)),
        ("wrong passwords", allowed(limits.wrong_passwords), str(used.wrong_passwords)),
        ("paths and methods", "token, device code, reads" if limits.allow_list else "all", f"{used.refused} refused"),
        ("429 waited out", _waits(limits), f"{used.throttled}"),
        ("connections closed while idle", "-", f"{used.retried} tried again"),
    ]


def _waits(limits: Limits) -> str:
    """How long a run waits for a server that throttles."""
    return f"{limits.longest_wait:g} s each" + (f", {limits.longest_waits:g} s in all" if limits.longest_waits else "")
