"""Which version of this package runs."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def package_version() -> str:
    """The version of this package; `unknown` in a checkout that is not installed."""
    try:
        return version("veeam-devicecode-mock")
    except PackageNotFoundError:
        return "unknown"
