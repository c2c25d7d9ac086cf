"""What a server counts, in the text form of Prometheus."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.server.visit import Visit

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The counts of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._known: dict[tuple[str, str, str], tuple[Counter, Histogram]] = {}
        self._requests = Counter(
            "loop_http_requests",
            "Requests answered.",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "loop_http_request_seconds",
            "How long a request took.",
            ["method", "route"],
            registry=self._registry,
        )
        self._shared = Histogram(
            "loop_commit_calls",
            "How many calls shared a commit.",
            buckets=(1, 2, 4, 8, 16, 32, 64, 100),
            registry=self._registry,
        )
        self.streams = Gauge(
            "loop_event_streams", "Event streams that are open.", registry=self._registry
        )
        self.records = Counter(
            "loop_records", "Audit records seen, of all writers.", registry=self._registry
        )

    def count(self, visit: Visit) -> None:
        """Count a request that is over."""
        method = visit.method if visit.method in _METHODS else "other"
        key = (method, visit.route, str(visit.status or 0))
        known = self._known.get(key)
        if known is None:
            known = (self._requests.labels(*key), self._seconds.labels(*key[:2]))
            self._known[key] = known
        requests, seconds = known
        requests.inc()
        seconds.observe(time.monotonic() - visit.began)

    def shared(self, calls: int) -> None:
        """Count a commit that so many calls share."""
        self._shared.observe(calls)

    def text(self) -> bytes:
        """All of it."""
        return generate_latest(self._registry)


_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
