"""The record of requests without a known credential has a bounded size."""

from sendproof_simulators.core.recording.unauthenticated import KEPT_BYTES_MAX, REQUESTS_MAX, UnauthenticatedRequests


def paths(requests: UnauthenticatedRequests) -> list[object]:
    return [request["path"] for request in requests]


def test_oldest_request_beyond_the_bound_is_dropped() -> None:
    kept = UnauthenticatedRequests()
    for number in range(REQUESTS_MAX + 2):
        kept.add({"path": f"/{number}"})

    assert (len(paths(kept)), paths(kept)[0], kept.count) == (REQUESTS_MAX, "/2", REQUESTS_MAX + 2)


def test_long_requests_are_dropped_sooner() -> None:
    """A path can have 32 kB, and each service has such a record."""
    kept = UnauthenticatedRequests()
    for number in range(REQUESTS_MAX):
        kept.add({"path": f"/{number}" + "a" * 32_000})

    assert len(paths(kept)) == KEPT_BYTES_MAX // len('{"path":"/999' + "a" * 32_000 + '"}')
