"""Traffic with simulators in this process, as a recording would have it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import parse_qsl

from local_simulators import LocalSimulators, Reply, local_simulators
from sendproof_simulators.core.http import Request, Response
from sendproof_simulators.recordings.known_contracts import Address
from sendproof_simulators.recordings.recorded_call import CALL, CALLBACK, RecordedCall

SERVICES = ("optimove", "optimove-metrics", "textlocal", "delivyr", "xtremepush")
#: The address of each service in the recording, and of the bridge for the events of Optimove.
ADDRESSES = [
    *(Address(name, f"http://simulators/{name}") for name in SERVICES),
    Address("optimove", "http://bridge", CALLBACK),
]


class RecordingSimulators(LocalSimulators):
    """Simulators that keep each call to a service."""

    def send(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Send one request, and keep it with its response."""
        reply = super().send(method, path, query, headers, body)
        if not path.startswith("/control"):
            self.calls.append(_recorded(len(self.calls) + 1, method, path, query, headers, body, reply))
        return reply

    @property
    def calls(self) -> list[RecordedCall]:
        """The calls so far."""
        return self.__dict__.setdefault("_calls", [])


@contextmanager
def recording_simulators() -> Iterator[RecordingSimulators]:
    """Start simulators that keep their calls."""
    with local_simulators() as simulators:
        yield RecordingSimulators(simulators.app, simulators.is_changed, simulators.runner)


def _recorded(
    number: int, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes, reply: Reply
) -> RecordedCall:
    is_json = reply.body[:1] in {b"{", b"[", b'"'}
    kind = "application/json" if is_json else "text/plain" if reply.body else ""
    return recorded_call(
        number=number,
        url=f"http://simulators{path}",
        request=Request(method=method, path=path, query=tuple(parse_qsl(query)), headers=dict(headers), body=body),
        response=Response(status=reply.status, body=reply.body, content_type=kind),
    )


def recorded_call(url: str, request: Request, response: Response | None = None, number: int = 1, role: str = CALL):
    """Return one call."""
    return RecordedCall(
        number=number, at="2026-11-29T04:00:00.000Z", url=url, request=request, response=response, role=role
    )


def event(body: bytes, status: int = 200, number: int = 1) -> RecordedCall:
    """Return one event of Optimove to the bridge."""
    headers = {"content-type": "application/json"}
    request = Request(method="POST", path="/hook", headers=headers, body=body)
    return recorded_call("http://bridge/hook", request, Response(status=status, content_type=""), number, CALLBACK)
