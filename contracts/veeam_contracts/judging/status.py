"""The exit statuses of `veeam-contracts`. Cheap to import: the command needs them before all else."""

from enum import IntEnum


class Status(IntEnum):
    """What a run showed, as its exit status."""

    CONFORMS = 0
    BROKEN = 1
    USAGE = 2
    INCONCLUSIVE = 3
    OWN_FAILURE = 4
