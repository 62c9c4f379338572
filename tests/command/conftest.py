"""The command, started and ended."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.running_command import COMMAND, LAST_LINE, Running


@pytest.fixture
def start(tmp_path: Path, _own_folder: Path) -> Iterator[Callable[..., Running]]:
    """Start the command in an empty folder, and wait for the banner unless it is to be quiet."""
    processes = []

    def started(*arguments: str, **environment: str) -> Running:
        process = subprocess.Popen(
            [*COMMAND, "--port", "0", *arguments],
            cwd=tmp_path,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        banner = ""
        assert process.stdout
        while "--quiet" not in arguments and LAST_LINE not in banner:
            line = process.stdout.readline()
            assert line, process.communicate()
            banner += line
        return Running(process, banner)

    yield started
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.communicate()
