"""The recording of passed calls: decoded, judged, and written without secrets, apart from the traffic.

Calls wait in a queue with bounds. If recording is too slow, calls are passed on and not recorded, and counted.
"""

import asyncio
import logging
from urllib.parse import parse_qsl, unquote, urlsplit

from sendproof_simulators.core.http import Request, Response
from sendproof_simulators.recordings.forwarding import MOST_KEPT, KeptBody, PassedCall, header_map, url_of
from sendproof_simulators.recordings.har_file import HarFile, started
from sendproof_simulators.recordings.judging import CallJudge
from sendproof_simulators.recordings.recorded_call import RecordedCall
from sendproof_simulators.server.content_encoding import decode_body

#: Calls that may wait to be recorded. The bytes of their bodies are bounded where they are kept.
MOST_WAITING = 2_000

log = logging.getLogger(__name__)


class Recorder:
    """Writes calls to a HAR file, and judges each. `lost` counts those that were passed on and not recorded."""

    def __init__(self, file: HarFile, judge: CallJudge) -> None:
        """Take the open file, and the judge of the contracts."""
        self._file = file
        self._judge = judge
        self._waiting: asyncio.Queue[tuple[PassedCall, float, float] | None] = asyncio.Queue()
        self.lost = 0
        self.recorded = 0

    def put(self, call: PassedCall, began_s: float, duration_s: float) -> None:
        """Record a call soon; this takes no time."""
        if self._waiting.qsize() >= MOST_WAITING:
            self.lost += 1
            call.release()
            return
        self._waiting.put_nowait((call, began_s, duration_s))

    async def run(self) -> None:
        """Record calls until `stop`."""
        while (item := await self._waiting.get()) is not None:
            call, began_s, duration_s = item
            try:
                # In a thread: a large body must not hold up the traffic.
                await asyncio.to_thread(self._record, call, began_s, duration_s)
            except Exception as error:  # noqa: BLE001 - the traffic goes on, whatever fails here
                self.lost += 1
                log.warning("a call was not recorded: %r", error)
            finally:
                call.release()

    def stop(self) -> None:
        """End the recording after the calls that wait."""
        self._waiting.put_nowait(None)

    def _record(self, passed: PassedCall, began_s: float, duration_s: float) -> None:
        call = recorded_call(passed, self.recorded + 1, started(began_s))
        match = self._judge.known.find(call)
        simulator = None if match is None else match.known.simulator
        self._file.secrets.learn(simulator, call.request, call.response)
        self._file.add(call, duration_s * 1000, (passed.sent.size, passed.received.size))
        self.recorded += 1
        self._judge.add(call)


def recorded_call(passed: PassedCall, number: int, at: str) -> RecordedCall:
    """Return a passed call in the form of a recording, with decoded bodies."""
    path, _, query = passed.target.partition("?")
    headers = header_map(passed.headers)
    body, is_known = _decoded(passed.sent, headers)
    answer = header_map(passed.answer_headers)
    received, is_received = _decoded(passed.received, answer)
    response = Response(
        status=passed.status,
        body=received,
        content_type=answer.get("content-type", ""),
        headers=tuple((name, value) for name, value in answer.items() if name not in _OF_CONNECTION),
    )
    return RecordedCall(
        number=number,
        at=at,
        url=url_of(passed.address, path),
        request=Request(
            method=passed.method,
            path=unquote(urlsplit(path).path) or "/",
            query=tuple(parse_qsl(query, keep_blank_values=True)),
            headers={name: value for name, value in headers.items() if name not in _OF_CONNECTION},
            body=body,
        ),
        response=response if passed.status else None,
        # Without an endpoint, or with one that responds too early, a body is not read to its end.
        request_body_known=is_known and passed.sent.is_complete,
        response_body_known=is_received and (passed.received.is_complete or not passed.status),
        service=passed.address.service,
        role=passed.address.role,
    )


_OF_CONNECTION = frozenset({"content-encoding", "content-length", "transfer-encoding", "connection", "host"})


def _decoded(body: KeptBody, headers: dict[str, str]) -> tuple[bytes, bool]:
    """Return a body without its content encoding, and False if that is not possible."""
    if not body.is_whole:
        return b"", False
    decoded = decode_body(Request(method="POST", path="/", headers=headers, body=body.content), MOST_KEPT)
    return (decoded.body, True) if isinstance(decoded, Request) else (b"", False)
