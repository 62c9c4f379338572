"""The description of the control API."""

from functools import cache
from pathlib import Path

from veeam_mock.spec.document import load_document
from veeam_mock.spec.spec import Spec


@cache
def control_spec() -> Spec:
    """`control.yaml`, compiled once for a process."""
    return Spec(load_document(Path(__file__).with_name("control.yaml")))
