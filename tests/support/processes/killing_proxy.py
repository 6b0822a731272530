"""An HTTP proxy that acts at the nth call of an operation: before the call is forwarded, or before its response."""

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
class KillPoint:
    """The nth call of an operation, before or after its effect. There `action` is called, and the call is lost."""

    operation: str
    nth: int
    when: str
    action: Callable[[], None]


class KillingProxy:
    """Forwards to `target`. `name` maps a path to an operation; each point is put into `reached` after its action."""

    def __init__(self, target: str, name: Callable[[str], str]) -> None:
        self.points: list[KillPoint] = []
        self.reached: SimpleQueue[KillPoint] = SimpleQueue()
        self._target = urlsplit(target).netloc
        self._name = name
        self._calls: Counter[str] = Counter()
        self._counting = threading.Lock()

    def count(self, path: str) -> tuple[str, int]:
        """Return the operation of a call, and its number among the operation's calls."""
        operation = self._name(path)
        with self._counting:
            self._calls[operation] += 1
            return operation, self._calls[operation]

    def act(self, call: tuple[str, int], when: str) -> bool:
        """Run the action of this call; return False if it has none."""
        for point in self.points:
            if (point.operation, point.nth, point.when) == (*call, when):
                point.action()
                self.reached.put(point)
                return True
        return False

    def forward(self, call: BaseHTTPRequestHandler, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
        """Forward a call; return the response and its body."""
        headers = {name: value for name, value in call.headers.items() if name.lower() not in _HOP_BY_HOP}
        with closing(http.client.HTTPConnection(self._target, timeout=300)) as connection:
            connection.request(call.command, call.path, body, headers)
            with connection.getresponse() as response:
                return response, response.read()


@contextmanager
def killing_proxy(target: str, name: Callable[[str], str]) -> Iterator[tuple[KillingProxy, str]]:
    """Run a proxy; yield it and its URL."""
    proxy = KillingProxy(target, name)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body are sent separately; with Nagle's algorithm the body would wait 40 ms for the head's
        # acknowledgement.
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            _handle(proxy, self)

        def do_POST(self) -> None:
            _handle(proxy, self)

        def log_message(self, *parts: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield proxy, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handle(proxy: KillingProxy, call: BaseHTTPRequestHandler) -> None:
    body = call.rfile.read(int(call.headers.get("content-length") or 0))
    counted = proxy.count(call.path)
    if proxy.act(counted, "before"):
        _hang_up(call)
        return
    try:
        response, content = proxy.forward(call, body)
    except (OSError, http.client.HTTPException):
        _hang_up(call)
        return
    if proxy.act(counted, "after"):
        _hang_up(call)
        return
    with suppress(OSError):
        _respond(call, response, content)


def _respond(call: BaseHTTPRequestHandler, response: http.client.HTTPResponse, content: bytes) -> None:
    call.send_response(response.status)
    for name, value in response.getheaders():
        if name.lower() not in _HOP_BY_HOP:
            call.send_header(name, value)
    call.send_header("content-length", str(len(content)))
    call.end_headers()
    call.wfile.write(content)


def _hang_up(call: BaseHTTPRequestHandler) -> None:
    call.close_connection = True
