"""The command `veeam-mock` as a process, for tests."""

import os
import signal
import subprocess
import sys
from pathlib import Path

COMMAND = [sys.executable, "-m", "veeam_mock"]
LAST_LINE = "Ctrl-C stops it."


class Running:
    """The command while it runs."""

    def __init__(self, process: "subprocess.Popen[str]", banner: str) -> None:
        self.process = process
        self.banner = banner
        self.url = banner.partition(" at ")[2].partition("\n")[0]
        self.ca_cert = str(Path(os.environ["XDG_CONFIG_HOME"], "veeam-mock", "ca.pem"))

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        """Send a signal; the exit status, and what came on standard output and standard error since the start."""
        self.process.send_signal(number)
        output, errors = self.process.communicate(timeout=10)
        return self.process.returncode, output, errors


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=30)
