"""Every option of a run, once: for the command `veeam-contracts check`, and with `--veeam-` before it for pytest.

It is imported by every pytest run of an environment that has this package, so it imports nothing but a dataclass.
"""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What an option takes. `SWITCH` takes nothing; `REPORT` is the file of a report; `LIST` may come again."""

    TEXT = "text"
    SWITCH = "switch"
    REPORT = "report"
    LIST = "list"


@dataclass(frozen=True)
class Option:
    """`name` is as on the command line, without dashes; `environment` the variable that stands in for it."""

    name: str
    metavar: str
    help: str
    kind: Kind = Kind.TEXT
    environment: str | None = None
    command_only: bool = False

    @property
    def key(self) -> str:
        """The name as a name of Python."""
        return self.name.replace("-", "_")


def _switch(name: str, text: str, *, command_only: bool = False) -> Option:
    return Option(name, "", text, Kind.SWITCH, command_only=command_only)


def _report(name: str, form: str) -> Option:
    return Option(name, "FILE", f"Write the report as {form}.", Kind.REPORT)


TARGET = Option(
    "target", "URL", "Check this server. [default: the bundled mock, started for it]", environment="VEEAM_URL"
)
"""An argument of the command, an option of pytest."""

OPTIONS: tuple[Option, ...] = (
    Option(
        "api",
        "VERSION",
        "Version of the API: v4 to v8, `all` that are served, or `auto`: the newest. [default: "
        "auto; bundled mock: all]",
    ),
    Option("username", "NAME", "User who logs in; better in VEEAM_USERNAME.", environment="VEEAM_USERNAME"),
    Option("password", "TEXT", "Password; better in VEEAM_PASSWORD.", environment="VEEAM_PASSWORD"),
    _switch("password-stdin", "Read the password from standard input.", command_only=True),
    Option("token", "TEXT", "Access token instead of a login; better in VEEAM_TOKEN.", environment="VEEAM_TOKEN"),
    Option("ca-cert", "FILE", "CA (PEM) that signed the server's certificate."),
    Option("client-cert", "FILE", "Certificate (PEM) that the server, or a gateway, wants of its callers."),
    Option("client-key", "FILE", "Private key (PEM) of --client-cert, where it is not in the same file."),
    _switch("insecure", "Do not check the server's certificate."),
    Option("proxy", "URL", "Proxy to go through."),
    Option("timeout", "SECONDS", "Time limit for one answer. [default: 10]"),
    Option("rate", "N", "Requests a second, after a burst of 5. [default: 5; bundled mock: no limit]"),
    Option("budget", "N", "Requests in all. [default: 300; bundled mock: no limit]"),
    Option("max-time", "TIME", "End the run after this time, such as 90s or 5m. [default: no limit]"),
    _switch("partial", "Rules that the limits cut do not make the run inconclusive."),
    _switch("thorough", "Lift the caps on number and pace, generate more."),
    _switch("yes", "Confirm --thorough for a server that is not this machine."),
    Option(
        "also",
        "FILE",
        "OpenAPI document of further operations, whose reads are tried too; may come again.",
        Kind.LIST,
    ),
    Option("organization-id", "ID", "Organization to ask codes for. [default: one of the list]"),
    Option("region", "NAME", "Region to ask codes for. [default: worldwide]"),
    _report("json", "JSON"),
    _report("junit", "JUnit XML"),
    _report("html", "one HTML page"),
    _report("markdown", "Markdown"),
    Option("rule", "ID", "Try this rule alone, or all that fit, as in `code.*`; may come again.", Kind.LIST),
    Option("skip", "ID", "Leave out this rule, or all that fit; may come again.", Kind.LIST),
    Option("baseline", "FILE", "Known deviations (YAML), each with its reason."),
    Option("write-baseline", "FILE", "Write what is broken as a baseline (YAML).", Kind.REPORT),
    Option("seed", "N", "Seed of what is generated. [default: 1]"),
)
REPORTS = tuple(option.key for option in OPTIONS if option.kind is Kind.REPORT)
ENVIRONMENT = {
    "url": str(TARGET.environment),
    **{option.key: option.environment for option in OPTIONS if option.environment},
}
"""Name of a value -> variable of the environment."""
