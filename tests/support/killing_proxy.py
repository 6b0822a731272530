"""An HTTP proxy that strikes at the nth call of an operation: before it is passed on, or before it is answered."""

import http.client
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from urllib.parse import urlsplit

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "date", "server"}


@dataclass(frozen=True)
class Point:
    """The nth call of an operation, before or after its effect. `strike` is done there, and the call is lost."""

    operation: str
    nth: int
    when: str
    strike: Callable[[], None]


class Proxy:
    """Stands before `target`. `name` tells a call's operation from its path; `struck` gets one entry for each point."""

    def __init__(self, target: str, name: Callable[[str], str]) -> None:
        self.points: list[Point] = []
        self.struck: SimpleQueue[Point] = SimpleQueue()
        self._target = urlsplit(target).netloc
        self._name = name
        self._calls: Counter[str] = Counter()
        self._counting = threading.Lock()

    def count(self, path: str) -> tuple[str, int]:
        """Which operation a call is of, and which of its calls it is."""
        operation = self._name(path)
        with self._counting:
            self._calls[operation] += 1
            return operation, self._calls[operation]

    def strikes(self, call: tuple[str, int], when: str) -> bool:
        """Whether something is done at this call."""
        for point in self.points:
            if (point.operation, point.nth, point.when) == (*call, when):
                point.strike()
                self.struck.put(point)
                return True
        return False

    def forward(self, call: BaseHTTPRequestHandler, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
        """Pass a call on, and bring back the answer with its body."""
        kept = {name: value for name, value in call.headers.items() if name.lower() not in _HOP_BY_HOP}
        with closing(http.client.HTTPConnection(self._target, timeout=300)) as connection:
            connection.request(call.command, call.path, body, kept)
            with connection.getresponse() as answer:
                return answer, answer.read()


@contextmanager
def proxy(target: str, name: Callable[[str], str]) -> Iterator[tuple[Proxy, str]]:
    """A proxy, and its own address."""
    one = Proxy(target, name)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body leave separately; without this the second waits 40 ms for the first to be acknowledged.
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            _pass_on(one, self)

        def do_POST(self) -> None:
            _pass_on(one, self)

        def log_message(self, *parts: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield one, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _pass_on(one: Proxy, call: BaseHTTPRequestHandler) -> None:
    body = call.rfile.read(int(call.headers.get("content-length") or 0))
    counted = one.count(call.path)
    if one.strikes(counted, "before"):
        _hang_up(call)
        return
    try:
        answer, content = one.forward(call, body)
    except (OSError, http.client.HTTPException):
        _hang_up(call)
        return
    if one.strikes(counted, "after"):
        _hang_up(call)
        return
    with suppress(OSError):
        _answer(call, answer, content)


def _answer(call: BaseHTTPRequestHandler, answer: http.client.HTTPResponse, content: bytes) -> None:
    call.send_response(answer.status)
    for name, value in answer.getheaders():
        if name.lower() not in _HOP_BY_HOP:
            call.send_header(name, value)
    call.send_header("content-length", str(len(content)))
    call.end_headers()
    call.wfile.write(content)


def _hang_up(call: BaseHTTPRequestHandler) -> None:
    call.close_connection = True
