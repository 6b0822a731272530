"""The addresses of the control API and of the services."""

import re
from dataclasses import dataclass, field
from ipaddress import ip_address

_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")

_THIS_MACHINE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - only recognised


@dataclass(slots=True)
class Addresses:
    """The URLs of the control API and of each service by name, and the service of each port. Empty before the start.

    `smtp` has the URLs of the services that also have a port for SMTP, such as `smtp://127.0.0.1:4107`.
    """

    control: str = ""
    services: dict[str, str] = field(default_factory=dict)
    ports: dict[int, str] = field(default_factory=dict)
    smtp: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """The address to listen on, the first of the ports (0: any free ones), and the host name for other machines.

    `allowed_hosts` are further names that clients may use. `control_token` is needed for the control API.
    """

    port: int
    host: str = "127.0.0.1"
    public_host: str | None = None
    allowed_hosts: tuple[str, ...] = ()
    control_token: str | None = None

    def url_host(self) -> str:
        """Return the host for URLs; raise `ValueError` for an invalid `public_host`.

        Without a public host, an address that means every interface becomes this machine: no client can connect to
        0.0.0.0.
        """
        if self.public_host is None:
            return _THIS_MACHINE.get(self.host) or _bracketed(self.host)
        name = self.public_host.removeprefix("[").removesuffix("]")
        if _is_address(name) or _HOST_NAME.fullmatch(name):
            return _bracketed(name)
        expected = "a host name or address without scheme and port, such as simulators"
        raise ValueError(f"--public-host: expected {expected}, got {self.public_host!r}")


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
