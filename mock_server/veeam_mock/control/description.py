"""The description of the control API."""

from functools import cache
from pathlib import Path

from veeam_mock.spec.spec import Spec, load_document


@cache
def control_spec() -> Spec:
    """`control.yaml`, compiled once for a process."""
    return Spec(load_document(Path(__file__).with_name("control.yaml")))
