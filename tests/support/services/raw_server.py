"""A server of raw bytes, for responses that no correct server sends."""

import gzip
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import chain, repeat

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
#: The most that a test sends: a client without a limit fails by its assertion, and does not fill the memory.
_MAX_BYTES = 400_000_000


@contextmanager
def raw_server(*parts: Iterable[bytes], pause: float = 0.0, greets: bool = False) -> Iterator[str]:
    """Send the parts to each client, the bytes of each part `pause` seconds apart; yield the URL.

    With `greets`, do not wait for a request of HTTP.
    """
    stopping = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_serve, args=(server, lambda: chain(*parts), pause, greets, stopping))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            stopping.set()
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def response(body: bytes, *headers: str) -> list[bytes]:
    """Return a complete response with a body."""
    lines = "".join(f"{header}\r\n" for header in (f"Content-Length: {len(body)}", *headers))
    return [HEAD + lines.encode() + b"\r\n" + body]


@cache
def gzip_bomb(size: int) -> list[bytes]:
    """Return a response that grows to `size` bytes when it is decompressed."""
    return response(gzip.compress(b" " * size, compresslevel=1), "Content-Encoding: gzip")


def after_interim(status: int) -> list[bytes]:
    """Return an interim response, and the final one in a packet of its own."""
    return [b"HTTP/1.1 %d Interim\r\nLink: </style.css>\r\n\r\n" % status, *response(b"{}")]


def endless_interim() -> Iterator[bytes]:
    """Yield interim responses without a final one."""
    return repeat(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n")


def endless_body() -> Iterator[bytes]:
    """Yield a response whose body never ends."""
    return chain([HEAD + b"\r\n"], repeat(b" " * 65_536))


def endless_redirect() -> Iterator[bytes]:
    """Yield a redirect whose body never ends."""
    return chain([b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n\r\n"], repeat(b" " * 65_536))


def endless_header() -> Iterator[bytes]:
    """Yield a response with one header line that never ends."""
    return chain([HEAD + b"X-Long: "], repeat(b"a" * 65_536))


def dripping_header() -> Iterator[bytes]:
    """Yield a response whose headers never end, byte by byte."""
    return chain([HEAD + b"X-Slow: "], repeat(b"a"))


def dripping_body() -> Iterator[bytes]:
    """Yield a response whose body never ends, byte by byte."""
    return chain([HEAD + b"\r\n"], repeat(b" "))


def _serve(
    server: socket.socket, parts: Callable[[], Iterable[bytes]], pause: float, greets: bool, stopping: threading.Event
) -> None:
    threads = []
    with suppress(OSError):
        while not stopping.is_set():
            client, _ = server.accept()
            threads.append(threading.Thread(target=_respond, args=(client, parts(), pause, greets, stopping)))
            threads[-1].start()
    for thread in threads:
        thread.join()


def _respond(
    client: socket.socket, parts: Iterable[bytes], pause: float, greets: bool, stopping: threading.Event
) -> None:
    sent = 0
    with client, suppress(OSError):
        client.settimeout(60)
        if not greets:
            _read_request(client)
        for part in parts:
            client.sendall(part)
            sent += len(part)
            if sent > _MAX_BYTES or stopping.wait(pause):
                return


def _read_request(client: socket.socket) -> None:
    """Read a request, so that closing the connection does not reset it."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += client.recv(65_536)
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [line.partition(b":")[2] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    missing = int(lengths[0]) - len(body) if lengths else 0
    while missing > 0:
        missing -= len(client.recv(65_536))
