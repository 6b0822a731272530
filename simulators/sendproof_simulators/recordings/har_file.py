"""A HAR file that grows call by call, and is valid after each of them."""

import os
import re
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

import msgspec

from sendproof_simulators.bounded_file import Kind, replaceable
from sendproof_simulators.core.clock.wall_clock import iso
from sendproof_simulators.core.http import Response
from sendproof_simulators.recordings.har_reader import CUT_MEMBER, ENCODING_MEMBER, ROLE_MEMBER, SERVICE_MEMBER
from sendproof_simulators.recordings.recorded_call import RecordedCall
from sendproof_simulators.recordings.secret_values import SecretValues

_END = b"\n]}}\n"
_VERSION = "1.2"
_RECORDING = Kind("a recording of Sendproof", re.compile(rb'\{"log":\{"version":"1\.2","creator":\{"name":"sendproof"'))


class HarFile:
    """A file that only its owner reads: also without credentials, it holds numbers and texts of customers."""

    def __init__(self, path: Path, creator: str) -> None:
        """Start an empty file; `OSError` if it cannot be written, or if no file is there but a device, for example."""
        self._secrets = SecretValues()
        self._count = 0
        head = {"version": _VERSION, "creator": {"name": "sendproof", "version": creator}}
        descriptor = os.open(
            replaceable(path, _RECORDING), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600
        )
        self._file = os.fdopen(descriptor, "wb")
        self._file.write(b'{"log":' + msgspec.json.encode(head)[:-1] + b',"entries":[')
        self._file.write(_END)
        self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    @property
    def secrets(self) -> SecretValues:
        """The secrets that are removed."""
        return self._secrets

    def add(self, call: RecordedCall, duration_ms: float, sizes: tuple[int, int]) -> None:
        """Append a call without secrets; `sizes` are those of the whole bodies, in bytes."""
        entry = msgspec.json.encode(self._entry(call, duration_ms, sizes))
        self._file.seek(-len(_END), os.SEEK_END)
        self._file.write((b",\n" if self._count else b"\n") + entry + _END)
        self._file.flush()
        self._count += 1

    def _entry(self, call: RecordedCall, duration_ms: float, sizes: tuple[int, int]) -> dict[str, Any]:
        request, (sent, received) = call.request, sizes
        origin = call.url[: call.url.index("/", call.url.index("://") + 3)]
        body = self._post_data(call, sent)
        return {
            "startedDateTime": call.at,
            "time": round(duration_ms, 3),
            "request": {
                "method": request.method,
                "url": origin + self._secrets.url(call.url[len(origin) :], request.query),
                "httpVersion": "HTTP/1.1",
                "cookies": [],
                "headers": self._headers(request.headers.items()),
                "queryString": [
                    {"name": name, "value": self._secrets.named(name, value)} for name, value in request.query
                ],
                **({} if body is None else {"postData": body}),
                "headersSize": -1,
                "bodySize": sent,
            },
            "response": self._response(call, received),
            "cache": {},
            "timings": {"send": 0, "wait": round(duration_ms, 3), "receive": 0},
            SERVICE_MEMBER: call.service,
            ROLE_MEMBER: call.role,
        }

    def _post_data(self, call: RecordedCall, size: int) -> dict[str, Any] | None:
        kind = call.request.headers.get("content-type", "")
        if not call.request_body_known:
            return {"mimeType": kind, "text": "", CUT_MEMBER: True}
        if not size:
            return None
        text = self._secrets.body(call.request.body, kind)
        if text is None:
            return {
                "mimeType": kind,
                "text": b64encode(self._secrets.binary(call.request.body)).decode(),
                ENCODING_MEMBER: "base64",
            }
        return {"mimeType": kind, "text": text}

    def _response(self, call: RecordedCall, size: int) -> dict[str, Any]:
        response = call.response or Response(status=0, content_type="")
        content: dict[str, Any] = {"size": size, "mimeType": response.content_type}
        if not call.response_body_known:
            content[CUT_MEMBER] = True
        elif response.body:
            text = self._secrets.body(response.body, response.content_type)
            binary = {"text": b64encode(self._secrets.binary(response.body)).decode(), "encoding": "base64"}
            content |= binary if text is None else {"text": text}
        return {
            "status": response.status,
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": self._headers(response.headers),
            "content": content,
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": size,
        }

    def _headers(self, headers: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
        return [{"name": name, "value": self._secrets.named(name, value)} for name, value in headers]


def started(instant_s: float) -> str:
    """Return the start of a call, in seconds since the epoch, as HAR writes it."""
    return iso(int(instant_s * 1000))
