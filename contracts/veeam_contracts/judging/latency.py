"""How long a server takes, for each operation."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from veeam_contracts.asking.exchange import Exchange
from veeam_contracts.paths import label_at, version_of_path


@dataclass(frozen=True, slots=True)
class Latency:
    """The time from a request to its whole answer, in seconds: half of `answers` took at most `median`."""

    operation: str
    answers: int
    median: float
    percentile95: float

    def __str__(self) -> str:
        return f"{self.operation} {self.median * 1000:.0f} ms, 95 % within {self.percentile95 * 1000:.0f} ms"


def latencies(exchanges: Iterable[Exchange]) -> list[Latency]:
    """That of each operation that was answered, the slowest first."""
    times: dict[str, list[float]] = {}
    for exchange in exchanges:
        label, version = label_at(exchange.method, exchange.path), version_of_path(exchange.path)
        if exchange.status is not None and version is not None and label in map(version.label, version.places):
            times.setdefault(label, []).append(exchange.elapsed)
    found = [latency_of(operation, seconds) for operation, seconds in times.items()]
    return sorted(found, key=lambda latency: -latency.median)


def latency_of(operation: str, times: Iterable[float]) -> Latency:
    """That of an operation, by the times of its answers in seconds."""
    seconds = sorted(times)
    return Latency(operation, len(seconds), median(seconds), seconds[-(-len(seconds) * 95 // 100) - 1])
