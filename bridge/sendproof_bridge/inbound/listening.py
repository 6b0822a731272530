"""The sockets on which the bridge listens, opened before anything else starts."""

import os
import socket
from collections.abc import Iterator


class AddressUnusableError(Exception):
    """The bridge cannot listen at its address. The message is one sentence with the remedy."""


def listen(host: str, port: int) -> Iterator[socket.socket]:
    """Yield a bound socket for each address that the name of the host has."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, *_, address in dict.fromkeys(found):
            yield socket.create_server(address, family=family)
    except OSError as error:
        # `create_server` repeats the address in its text.
        reason = error.strerror if isinstance(error, socket.gaierror) else os.strerror(error.errno or 0)
        raise AddressUnusableError(
            f"bridge: listen: {host}:{port} cannot be used: {reason}; stop the program that uses it, or set"
            " another address"
        ) from error
