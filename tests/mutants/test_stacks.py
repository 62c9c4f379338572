"""Lawful servers on stacks of their own, over sockets: no line of them is the mock's, and the contracts blame none."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from mutants.stacks.python_stacks import on_asgi, on_flask, on_flask_behind_uvicorn, on_http_server
from mutants.stacks.small import PASSWORD, USERNAME
from veeam_contracts.asking.target import LIVE, Login, Target, thorough
from veeam_contracts.cli import conduct
from veeam_contracts.judging.verdict import Outcome, Status
from veeam_contracts.options import Options
from veeam_contracts.running.run import Run

HERE = Path(__file__).parent / "stacks"


@contextmanager
def run_as_process(program: str, *arguments: str) -> Iterator[str]:
    """A server in another language, which prints its port."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed: its server is not tried")
    with subprocess.Popen([found, *arguments], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def on_node() -> AbstractContextManager[str]:
    """The http module of Node."""
    return run_as_process("node", str(HERE / "server.js"))


def on_java() -> AbstractContextManager[str]:
    """The HTTP server of the JDK."""
    return run_as_process("java", str(HERE / "Server.java"))


STACKS = (on_flask, on_http_server, on_asgi, on_flask_behind_uvicorn, on_node, on_java)


@pytest.mark.long
@pytest.mark.parametrize("stack", STACKS, ids=lambda stack: stack.__name__)
def test_no_lawful_stack_is_blamed(stack: Callable[[], AbstractContextManager[str]]) -> None:
    with stack() as url:
        target = Target(url=url, login=Login(USERNAME, PASSWORD), limits=thorough(LIVE), seed=1)
        verdict = conduct(Run(Options(target, seed=1, examples=6, api="v4")), arguments=("-s",))
    assert verdict is not None
    wrong = [(r.rule.id, list(map(str, r.failures)) or r.reason) for r in verdict.having(Outcome.FAILED, Outcome.ERROR)]
    assert verdict.status == Status.CONFORMS, (verdict.reason, wrong, verdict.not_tested())
