"""Whatever a server says: no output shows a secret, nothing in it is obeyed, and a pasted line runs curl alone."""

import random
from pathlib import Path

import pytest

from support.hostile_answers import RUNNABLE, leaks, pasted, play

BATCH = 100
DATA = {"profile", "journal"}
"""What a program reads, and repeats what was said so that it can be replayed and matched."""

KNOWS_NO_SECRET = {"wait"}
"""What shows the words of a stranger, which knows no secret of ours."""


def show(seed: int, folder: Path) -> None:
    """Play a batch of hostile answers, and look at all that was printed of it."""
    batch = play(random.Random(seed), BATCH)
    assert batch.curl_lines
    for name, output in batch.outputs.items():
        assert output, name
        strange = {character for character in output if not character.isprintable()} - {"\n"}
        assert not strange, (seed, name, strange)
        found = RUNNABLE.search(output)
        assert found is None or name in DATA, (seed, name, output[found.start() : found.end() + 40])
    ours = [output for name, output in batch.outputs.items() if name not in KNOWS_NO_SECRET]
    for secret in batch.secret.all():
        lines = [line for output in ours for line in output.splitlines()]
        assert not list(leaks(secret, ["\n".join(lines)])), (seed, secret, list(leaks(secret, lines)))
    assert pasted(batch.curl_lines, folder) == ["curl"] * len(batch.curl_lines), seed


@pytest.mark.parametrize("seed", range(3))
def test_nothing_of_a_hostile_answer_is_shown_or_obeyed(seed: int, tmp_path: Path) -> None:
    show(seed, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("part", range(20))
def test_nothing_of_2_000_hostile_answers_is_shown_or_obeyed(part: int, hostile_times: int, tmp_path: Path) -> None:
    for seed in range(1000 + part, 1000 + 20 * hostile_times, 20):
        show(seed, tmp_path)
