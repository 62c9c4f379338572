"""Foreign text on its way to a terminal, a log or a report: nothing in it is obeyed by whoever shows it."""

import re

CI_COMMAND = re.compile(r"#(?=#(?:\[|vso\[|teamcity\[))|(?<!\S):(?=:\S)", re.IGNORECASE)
"""What begins a command in the log of Azure Pipelines, GitHub Actions or TeamCity; the first two take `##` anywhere."""


def printable(text: str) -> str:
    """`text` on one line: as escapes what a terminal would obey, and with a blank in it the mark of a CI command."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
    return CI_COMMAND.sub(lambda found: found.group() + " ", shown)
